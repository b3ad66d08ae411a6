"""A work -> what another machine needs to render it, and back: files under one folder, whatever `..` their names have.

Small files travel as they are. Large ones, pictures from the web and weights are told by their sha256, and go through
the other machine's asset cache: they are sent only where that has not got them.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath, PurePosixPath

from renderer.assets import AssetError, find, find_start, sha256_of
from renderer.assets.known import WEIGHTS
from renderer.assets.weights import at_hand, trunks
from renderer.specfile import Work, load
from renderer.specfile.files import beside, read_tree
from renderer.specfile.tree import Fields, Items, Node, Scalar

LARGE_BYTES = 1_000_000  # beyond this a file goes through the asset cache


class PayloadError(Exception):
    """What cannot be packed, or must not be unpacked; the message says why."""


@dataclass(frozen=True)
class Need:
    """A file of the asset cache. Any whose sha256 begins as one of `starts` does."""

    starts: tuple[str, ...]
    here: Path | None = None  # where it is on this machine, if it is

    @cached_property
    def sha256(self) -> str:
        """Of the file that is here. AssetError."""
        assert self.here is not None
        return self.here.name if self.here.name in self.starts else sha256_of(self.here)


@dataclass(frozen=True)
class Payload:
    """A work on its way. Places are told from the folder that holds all that it needs, with `/`."""

    name: str
    spec: str
    gallery: str
    root: str  # what that folder is called where the work comes from, for messages
    files: Mapping[str, bytes]
    large: Mapping[str, str]  # place -> sha256


def packed(work: Work, gallery: Path) -> tuple[Payload, tuple[Need, ...]]:
    """A work, and what it needs of the asset cache. ParcelError; SpecErrors where the spec has changed."""
    here = Path.cwd()
    places = {beside(here, str(path)): path for twin in load(work.path) for path in _files(twin)}
    _refuse_absolute(work, set(places))
    spec, gallery_path = beside(here, str(work.path)), beside(here, str(gallery))
    try:
        root = Path(os.path.commonpath([*(path.parent for path in places), gallery_path]))
    except ValueError:
        raise PayloadError(f"{work.path}: lies on another drive than the gallery; put both on one") from None
    files: dict[str, bytes] = {}
    large: dict[str, str] = {}
    needs = [_picture(work), *_weights(work)]
    for path, named in places.items():
        place = path.relative_to(root).as_posix()
        try:
            if named.stat().st_size <= LARGE_BYTES:
                files[place] = named.read_bytes()
            else:
                large[place] = sha256_of(named)
                needs.append(Need((large[place],), named))
        except OSError as error:
            raise PayloadError(f"{named}: cannot be read: {error.strerror or error}") from None
    where = spec.relative_to(root).as_posix(), gallery_path.relative_to(root).as_posix()
    return Payload(work.name, *where, str(root), files, large), tuple(filter(None, needs))


def unpacked(payload: Payload, folder: Path) -> Work:
    """Writes all of it into an empty folder, and nothing beside it; gives the work there. ParcelError, AssetError."""
    for name in (*payload.files, *payload.large, payload.spec, payload.gallery):
        within(name)
    for name, content in payload.files.items():
        _place(folder, name).write_bytes(content)
    for name, sha256 in payload.large.items():
        cached = find(sha256)
        if cached is None:
            raise AssetError(f"{name} (sha256 {sha256}) is not in the asset cache of this machine")
        shutil.copyfile(cached, _place(folder, name))
    works = load(folder / payload.spec)
    return next(work for work in works if work.name == payload.name)


def within(name: str) -> None:
    """PayloadError where a name would lead out of the folder that it is relative to."""
    paths = (PurePosixPath(name), PurePath(name))  # as it was written, and as this machine reads it
    leads_out = any(path.anchor or ".." in path.parts for path in paths)
    if not name or "\0" in name or leads_out or (os.name == "nt" and ":" in name):
        raise PayloadError(f"{name[:80]!r} leads out of its folder; nothing was written")


def _place(folder: Path, name: str) -> Path:
    place = folder.joinpath(*PurePosixPath(name).parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


# --- what a work needs ------------------------------------------------------------------------------------------------


def _files(work: Work) -> Iterator[Path]:
    """The spec, its racks and machines, and all that they name beside it."""
    yield from work.sources
    image = work.artwork.target.image
    names = [image if isinstance(image, str) else image.fallback, work.artwork.target.focus_picture]
    terms = [loss.term[1] for layer in work.artwork.layers for loss in layer.terms]
    names += [getattr(term, field, None) for term in terms for field in ("region", "style")]
    names += [trunk.weights for trunk in trunks(work.artwork) if not trunk.is_named]
    yield from (work.folder / name for name in names if name is not None)


def _picture(work: Work) -> Need | None:
    image = work.artwork.target.image
    return None if isinstance(image, str) else Need((image.sha256,), find(image.sha256))


def _weights(work: Work) -> Iterator[Need]:
    for trunk in trunks(work.artwork):
        if trunk.is_named:
            known = [asset.sha256 for asset in WEIGHTS if asset.name in (trunk.name, f"{trunk.name}-features")]
            yield Need(tuple(known), at_hand(trunk, work.folder))


def lacking(starts: tuple[tuple[str, ...], ...]) -> tuple[int, ...]:
    """Which of these needs the asset cache of this machine does not meet."""
    return tuple(n for n, some in enumerate(starts) if not any(find_start(start) for start in some))


def _refuse_absolute(work: Work, places: set[Path]) -> None:
    """A name that begins at the root would be looked for there on the other machine, too."""
    tree, _ = read_tree(work.path)
    for name in _texts(tree):
        if Path(name).is_absolute() and beside(Path(), name) in places:
            raise PayloadError(
                f"{work.path}: {name!r} begins at the root of this machine's disk, and would be another file on a "
                "worker's; write it from the spec's folder, as in ../targets/sea.png"
            )


def _texts(node: Node | None) -> Iterator[str]:
    match node:
        case Fields():
            for entry in node:
                yield from _texts(entry.value)
        case Items(items=items):
            for item in items:
                yield from _texts(item)
        case Scalar(value=str() as text):
            yield text
