"""Faults in a file, and their places."""

from collections.abc import Iterable
from dataclasses import dataclass

Path = tuple[str | int, ...]  # from the top of a file: ("layers", 0, "steps")


@dataclass(frozen=True, order=True)
class Place:
    """A place in a file, counted from 1; or, with line 0, something that has no lines, such as an option."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True)
class Fault:
    """One fault: its place, its field, what was found and what would work."""

    place: Place
    path: Path
    text: str

    def __str__(self) -> str:
        return ": ".join(part for part in (str(self.place), dotted(self.path), self.text) if part)


class SpecErrors(Exception):
    """All the faults of a spec and of the files that it names; `str()` gives one line each."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(dict.fromkeys(faults))
        super().__init__("\n".join(map(str, self.faults)))


def dotted(path: Path) -> str:
    """A path as one word: `layers.0.steps`."""
    return ".".join(map(str, path))
