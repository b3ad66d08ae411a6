"""Racks and machines to start from. They come with the program and go by name: `fineliners`, `gantry_grbl_servo`.

In an installed package they lie in this folder. In a clone they are the files of `specs/`, which the wheel copies here.
"""

import difflib
from pathlib import Path
from typing import Literal

Kind = Literal["pens", "machines"]

_HERE = Path(__file__).parent
_CLONE = _HERE.parents[1] / "specs"
_CALLED: dict[Kind, str] = {"pens": "rack", "machines": "machine"}


class StarterError(ValueError):
    """A name that no starter has; the message lists the names."""


def names(kind: Kind) -> tuple[str, ...]:
    """The starters of a kind, sorted."""
    return tuple(sorted(path.stem for path in _folder(kind).glob("*.yaml")))


def path(kind: Kind, name: str) -> Path:
    """The file of a starter. StarterError, with the nearest name."""
    if name not in names(kind):
        raise StarterError(f"there is no starter {_CALLED[kind]} {name!r}; {suggestion(kind, name)}")
    return _folder(kind) / f"{name}.yaml"


def suggestion(kind: Kind, name: str) -> str:
    """What to write in place of a name that is not known."""
    known = names(kind)
    if not known:
        return "no starters came with this copy of the program; name a file"
    part = name.lower()
    near = [one for one in known if part in one] or difflib.get_close_matches(part, known, n=1, cutoff=0.6)
    listed = f"the starters are {', '.join(known)}"
    return f"did you mean {near[0]!r}? {listed[0].upper()}{listed[1:]}" if near else listed


def is_name(text: str) -> bool:
    """Whether a text could be a starter's name: without a folder, without an ending."""
    return bool(text) and not text.startswith(".") and not any(mark in text for mark in "./\\\0")


def chosen(kind: Kind, named: str | Path, error: type[ValueError] = StarterError) -> Path:
    """The file that a command line names: a file that is there comes before a starter. Raises `error`."""
    file = Path(named)
    if not is_name(str(named)) or file.is_file():
        return file
    if str(named) in names(kind):
        return path(kind, str(named))
    raise error(f"{str(named)[:60]!r} is neither a file nor a starter {_CALLED[kind]}; {suggestion(kind, str(named))}")


def folder() -> Path:
    """Where the starters lie, a folder of each kind."""
    return _HERE if (_HERE / "pens").is_dir() else _CLONE


def _folder(kind: Kind) -> Path:
    return folder() / kind
