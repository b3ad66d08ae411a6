"""The specs, racks and machines that come with the program: by name, and as files to edit."""

import re
from dataclasses import dataclass
from pathlib import Path

from hardware import starters
from hardware.starters import MAIN_EXAMPLE, example_names, example_path

__all__ = ["MAIN_EXAMPLE", "Example", "ExampleError", "examples", "written"]

_EDITOR_LINE = re.compile(r"\A# yaml-language-server:.*\n")
_TITLE = re.compile(r"^(?:title|name): *(.*)$", re.MULTILINE)
_NAMED_FILE = re.compile(r"\b(?:\.\./)*(?:pens|machines)/(\w+)\.yaml\b")
_PICTURE = re.compile(r"\b(?:image|fallback): *((?:\.\./)*targets/([\w.-]+))")


class ExampleError(ValueError):
    """An example that does not exist or cannot be written; the message says what would work."""


@dataclass(frozen=True)
class Example:
    """A file that comes with the program."""

    kind: str  # spec, rack or machine
    name: str
    title: str
    path: Path


def examples() -> tuple[Example, ...]:
    """All examples: specs, then racks, then machines."""
    specs = [_example("spec", example_path(name)) for name in example_names()]
    racks = [_example("rack", starters.path("pens", name)) for name in starters.names("pens")]
    machines = [_example("machine", starters.path("machines", name)) for name in starters.names("machines")]
    return (*specs, *racks, *machines)


def _example(kind: str, path: Path) -> Example:
    title = _TITLE.search(path.read_text(encoding="utf-8"))
    return Example(kind, path.stem, title[1].strip("\"'") if title else "", path)


def written(name: str, folder: Path, force: bool = False) -> tuple[Path, ...]:
    """Write an example into a folder, with the picture that it draws, and return the files. Raises ExampleError.

    In a spec, starters take the place of the files of racks and machines, so that it works anywhere.
    """
    found = next((one for one in examples() if one.name == name), None)
    if found is None:
        raise ExampleError(f"there is no example {name!r}; {_suggestion(name)}")
    files = _files(found)
    there = [folder / file for file, content in files.items() if _differs(folder / file, content)]
    if there and not force:
        raise ExampleError(f"{there[0]}: already exists; use another folder with --out, or replace it with --force")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in files.items():
            (folder / file).write_bytes(content)
    except OSError as error:
        raise ExampleError(f"{folder}: cannot be written ({error.strerror}); name another folder with --out") from None
    return tuple(folder / file for file in files)


def _differs(file: Path, content: bytes) -> bool:
    """Whether a file exists and is not the same; a picture may be there from another example."""
    return file.exists() and not (file.is_file() and file.read_bytes() == content)


def _files(found: Example) -> dict[str, bytes]:
    """The files of an example by name, as they are written."""
    text = _EDITOR_LINE.sub("", found.path.read_text(encoding="utf-8"))
    if found.kind != "spec":
        return {found.path.name: text.encode()}
    pictures = {name: (found.path.parent / file).read_bytes() for file, name in _PICTURE.findall(text)}
    text = _PICTURE.sub(lambda match: match[0].replace(match[1], match[2]), text)
    return {found.path.name: _NAMED_FILE.sub(r"\1", text).encode(), **pictures}


def _suggestion(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, [one.name for one in examples()], n=1)
    return f"did you mean {near[0]!r}?" if near else "render examples lists them"
