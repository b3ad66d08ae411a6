"""Racks, machines and specs to start from. They come with the program and have names, such as `fineliners`.

In an installed package they are in this folder. In a clone they are the files of `specs/`, which the wheel copies here.
"""

import difflib
import os
from pathlib import Path
from typing import Literal

Kind = Literal["pens", "machines"]

MAIN_EXAMPLE = "scream_study"

_HERE = Path(__file__).parent
_CLONE = _HERE.parents[1] / "specs"
_CALLED: dict[Kind, str] = {"pens": "rack", "machines": "machine"}


class StarterError(ValueError):
    """A name that no starter has; the message lists the starters."""


def names(kind: Kind) -> tuple[str, ...]:
    """Return the names of the starters of a kind, sorted."""
    return tuple(sorted(path.stem for path in _folder(kind).glob("*.yaml")))


def path(kind: Kind, name: str) -> Path:
    """Return the file of a starter. Raises StarterError, which suggests the nearest name."""
    if name not in names(kind):
        raise StarterError(f"there is no starter {_CALLED[kind]} {name!r}; {suggestion(kind, name)}")
    return _folder(kind) / f"{name}.yaml"


def suggestion(kind: Kind, name: str) -> str:
    """Return what to write instead of an unknown name."""
    known = names(kind)
    if not known:
        return "this copy of the program has no starters; name a file"
    part = name.lower()
    near = [one for one in known if part in one] or difflib.get_close_matches(part, known, n=1, cutoff=0.6)
    listed = f"the starters are {', '.join(known)}"
    return f"did you mean {near[0]!r}? {listed[0].upper()}{listed[1:]}" if near else listed


def is_name(text: str) -> bool:
    """Whether a text could be a starter's name: without a folder or a suffix."""
    return bool(text) and not text.startswith(".") and not any(mark in text for mark in "./\\\0")


def chosen(kind: Kind, named: str | Path, error: type[ValueError] = StarterError) -> Path:
    """Return the file that a command line names. An existing file takes precedence over a starter. Raises `error`."""
    file = Path(named)
    if not is_name(str(named)) or file.is_file():
        return file
    if str(named) in names(kind):
        return path(kind, str(named))
    raise error(f"{str(named)[:60]!r} is neither a file nor a starter {_CALLED[kind]}; {suggestion(kind, str(named))}")


def folder() -> Path:
    """Return the folder of the starters, which has one folder per kind."""
    return _HERE if (_HERE / "pens").is_dir() else _CLONE


def _folder(kind: Kind) -> Path:
    return folder() / kind


# --- specs ---


def example_names() -> tuple[str, ...]:
    """Return the names of the specs that come with the program."""
    marks = sorted(path.stem for path in (folder() / "marks").glob("*.yaml"))
    main = [MAIN_EXAMPLE] if (folder() / f"{MAIN_EXAMPLE}.yaml").is_file() else []
    return (*main, *marks)


def example_path(name: str) -> Path:
    """Return the file of a spec that comes with the program."""
    inside = Path() if name == MAIN_EXAMPLE else Path("marks")
    return folder() / inside / f"{name}.yaml"


def spec_path(named: str | Path) -> Path:
    """Return the spec that a person names: a file, with ~ expanded, or an example, unless a file has its name.

    The path is unchanged where it is neither.
    """
    path = Path(named)
    if str(path).startswith("~"):
        return path.expanduser()
    is_free = is_name(str(named)) and not os.path.lexists(path)
    return example_path(str(named)) if is_free and str(named) in example_names() else path
