"""A work -> what another machine needs to render it, and back: files under one folder, though names may contain `..`.

Small files are sent as they are. Large files, pictures from the web and weights are identified by their sha256 and go
through the other machine's asset cache: they are sent only if it does not have them.
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
    """Something that cannot be packed or must not be unpacked; the message says why."""


@dataclass(frozen=True)
class Need:
    """A file of the asset cache: any whose sha256 begins with one of `starts`."""

    starts: tuple[str, ...]
    here: Path | None = None  # its path on this machine, if it is here

    @cached_property
    def sha256(self) -> str:
        """The sha256 of the file that is here. Raises AssetError."""
        assert self.here is not None
        return self.here.name if self.here.name in self.starts else sha256_of(self.here)


@dataclass(frozen=True)
class Payload:
    """A work to send. Places are relative to the folder that holds everything it needs, with `/`."""

    name: str
    spec: str
    gallery: str
    root: str  # the name of that folder on the machine of the build, for messages
    files: Mapping[str, bytes]
    large: Mapping[str, str]  # place -> sha256


def packed(work: Work, gallery: Path) -> tuple[Payload, tuple[Need, ...]]:
    """A work, and what it needs from the asset cache.

    Raises PayloadError if a file cannot be sent, AssetError, and SpecErrors if the spec has changed.
    """
    here = Path.cwd()
    places = {beside(here, str(path)): path for each in load(work.path) for path in _files(each)}
    _refuse_absolute(work, set(places))
    spec, gallery_path = beside(here, str(work.path)), beside(here, str(gallery))
    try:
        root = Path(os.path.commonpath([*(path.parent for path in places), gallery_path]))
    except ValueError:
        raise PayloadError(f"{work.path}: is on another drive than the gallery; put both on one drive") from None
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
    """Write a payload into an empty folder and nowhere else; return the work. Raises PayloadError, AssetError."""
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
    """Raise PayloadError if a name would lead out of the folder that it is relative to."""
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
    """The spec, its racks and machines, and all files that they name."""
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
    """The numbers of needs that the asset cache of this machine does not meet."""
    return tuple(n for n, some in enumerate(starts) if not any(find_start(start) for start in some))


def _refuse_absolute(work: Work, places: set[Path]) -> None:
    """Raise PayloadError for an absolute name, because the other machine would look for it at its own root."""
    tree, _ = read_tree(work.path)
    for name in _texts(tree):
        if Path(name).is_absolute() and beside(Path(), name) in places:
            raise PayloadError(
                f"{work.path}: {name!r} is an absolute path, which would be another file on a worker; write "
                "it relative to the spec's folder, as in ../targets/sea.png"
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
