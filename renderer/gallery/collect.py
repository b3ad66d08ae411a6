"""Spec files and folders of them -> the works of a gallery, by name, and the faults of specs."""

import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from renderer.specfile import SpecErrors, Work, load
from renderer.specfile.files import YAML_SUFFIXES

APART = {"pens", "machines", "targets"}  # folders beside specs whose files are not specs


class GalleryError(Exception):
    """A gallery that cannot be found from what was given; the message says why and what would work."""


@dataclass(frozen=True)
class Collection:
    """All works that belong in a gallery."""

    works: tuple[Work, ...]  # by name
    faults: tuple[SpecErrors, ...]

    def only(self, patterns: tuple[str, ...]) -> tuple[Work, ...]:
        """The works whose name matches a pattern, or all works. Raises GalleryError if a pattern matches none."""
        names = [work.name for work in self.works]
        unmatched = [pattern for pattern in patterns if not fnmatch.filter(names, pattern)]
        if unmatched and not self.faults:
            shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
            raise GalleryError(f"no work is named {unmatched[0]!r}; there are {shown}")
        wanted = {name for pattern in patterns or ("*",) for name in fnmatch.filter(names, pattern)}
        return tuple(work for work in self.works if work.name in wanted)


def collect(specs: Iterable[Path]) -> Collection:
    """Read every spec. Raises GalleryError if there are none, or if two works have the same name."""
    paths = [path for given in specs for path in _files(given)]
    works: dict[str, Work] = {}
    faults: list[SpecErrors] = []
    for path in dict.fromkeys(paths):
        try:
            found = load(path)
        except SpecErrors as error:
            faults.append(error)
            continue
        for work in found:
            first = works.setdefault(work.name, work)
            if first is not work:
                raise GalleryError(
                    f"{path}: makes a work {work.name!r}, as {first.path} does; give one another file name"
                )
    return Collection(tuple(works[name] for name in sorted(works)), tuple(faults))


def _files(given: Path) -> list[Path]:
    """A spec, or all specs in a folder and its subfolders."""
    if not given.is_dir():
        return [given]
    found = [path for path in sorted(given.rglob("*")) if path.suffix in YAML_SUFFIXES and path.is_file()]
    found = [path for path in found if not APART & set(path.relative_to(given).parts[:-1])]
    if not found:
        raise GalleryError(f"{given}: no specs in this folder; name spec files, or a folder of them")
    return found


def shard(works: tuple[Work, ...], part: tuple[int, int]) -> tuple[Work, ...]:
    """Share i of n, i from 1. Each work is in exactly one share, whether it is stale or not."""
    number, count = part
    return works[number - 1 :: count]
