"""Spec files and folders of them -> the works of a gallery, by name, and what is wrong in faulty specs."""

import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from renderer.specfile import SpecErrors, Work, load
from renderer.specfile.files import YAML_SUFFIXES

APART = {"pens", "machines", "targets"}  # folders beside specs whose files are none


class GalleryError(Exception):
    """A gallery that cannot be told from what was given; the message says why and what would do."""


@dataclass(frozen=True)
class Collection:
    """All works that belong into a gallery."""

    works: tuple[Work, ...]  # by name
    faults: tuple[SpecErrors, ...]

    def only(self, patterns: tuple[str, ...]) -> tuple[Work, ...]:
        """Those whose name is like one of the patterns; all, without any. GalleryError where a pattern fits none."""
        names = [work.name for work in self.works]
        unmatched = [pattern for pattern in patterns if not fnmatch.filter(names, pattern)]
        if unmatched and not self.faults:
            shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
            raise GalleryError(f"no work is called {unmatched[0]!r}; there are {shown}")
        wanted = {name for pattern in patterns or ("*",) for name in fnmatch.filter(names, pattern)}
        return tuple(work for work in self.works if work.name in wanted)


def collect(specs: Iterable[Path]) -> Collection:
    """Reads every spec. GalleryError where there are none, and where two works have one name."""
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
            twin = works.setdefault(work.name, work)
            if twin is not work:
                raise GalleryError(
                    f"{path}: makes a work {work.name!r}, as {twin.path} does; give one another file name"
                )
    return Collection(tuple(works[name] for name in sorted(works)), tuple(faults))


def _files(given: Path) -> list[Path]:
    """A spec, or all in a folder and in the folders below it."""
    if not given.is_dir():
        return [given]
    found = [path for path in sorted(given.rglob("*")) if path.suffix in YAML_SUFFIXES and path.is_file()]
    found = [path for path in found if not APART & set(path.relative_to(given).parts[:-1])]
    if not found:
        raise GalleryError(f"{given}: no specs in this folder; name spec files, or a folder of them")
    return found


def shard(works: tuple[Work, ...], part: tuple[int, int]) -> tuple[Work, ...]:
    """The i-th of n shares, i from 1; each work is in one of them, whatever is stale."""
    number, count = part
    return works[number - 1 :: count]
