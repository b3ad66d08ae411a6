"""A work -> its key: what decides its drawing, in six parts, so that a stale work can say why.

A part is the sha256 of canonical JSON: keys sorted, no spaces, ASCII, numbers as Python writes them. It does not depend
on paths, file times or line endings: a rack is its pens, a machine its numbers, a picture its pixels.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hardware.program import park_on_sheet
from renderer.assets.known import WEIGHTS
from renderer.assets.weights import trunks
from renderer.gallery.engine import ENGINE, engine_sha256
from renderer.spec import Artwork
from renderer.specfile import Work

PARTS = ("target", "spec", "engine", "weights", "pens", "machine")
_LOSSLESS = ("PNG", "GIF", "BMP", "PPM")  # whose pixels are the same under every decoder


@dataclass(frozen=True)
class Key:
    """The key of a work."""

    parts: Mapping[str, str]  # the sha256 of each of PARTS

    @property
    def sha256(self) -> str:
        """The sha256 of all parts together."""
        return canonical_sha256(dict(self.parts))

    def stale(self, made: Mapping[str, str]) -> tuple[str, ...]:
        """The names of the parts in which a finished work differs from this key."""
        return tuple(name for name in PARTS if self.parts[name] != made.get(name))


def key(work: Work) -> Key:
    """The key of a work, without torch and network: a web picture is its hash in the spec. Raises EngineError."""
    values = values_of(work)
    return Key({name: canonical_sha256(values[name]) for name in PARTS})


def values_of(work: Work) -> dict[str, Any]:
    """The values that go into each part of the key. Raises EngineError."""
    spec, racks, machine = _split(work.artwork)
    if work.texts:
        spec["text"] = [one.model_dump(mode="json") for one in work.texts]
    if work.tiles is not None:
        spec["tiles"] = asdict(work.tiles.tiling)
        machine = {"all": machine, "sheet": work.tiles.machine and work.tiles.machine.model_dump(mode="json")}
    return {
        "target": {"image": _picture(work.artwork, work.folder), "others": _other_pictures(work)},
        "spec": spec,
        "engine": {"version": ENGINE, "sources": engine_sha256()},
        "weights": weights(work),
        "pens": racks,
        "machine": machine,
    }


def canonical_sha256(value: Any) -> str:
    """The sha256 of a value's canonical JSON. Raises ValueError if a number is not finite."""
    text = json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _plain(value: Any) -> Any:
    """The value with one zero: -0.0 and 0.0 are equal but written differently."""
    match value:
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case float():
            return value + 0.0
    return value


# --- the parts --------------------------------------------------------------------------------------------------------


def _split(artwork: Artwork) -> tuple[dict[str, Any], list[Any], Any]:
    """The spec with its defaults but without what other parts hold; the racks in order; the machine."""
    spec = artwork.model_dump(mode="json")
    racks = [_without_rack(spec["pens"]), *(_without_rack(layer["pens"]) for layer in spec["layers"])]
    machine = spec.pop("machine")
    spec["target"].pop("image")
    if artwork.machine is not None:  # by value, because the code that computes it is not part of the engine
        parks = [park_on_sheet(*size_mm, artwork.machine) for size_mm in artwork.canvas.sizes_mm]
        machine["pens_are_changed_at_mm"] = parks[0] if len(parks) == 1 else parks
    return spec, racks, machine


def _without_rack(pens: Any) -> Any:
    """Remove the pens from a choice of a rack and return them; the name of a rack changes no drawing."""
    return pens.pop("rack")["pens"] if isinstance(pens, dict) and "rack" in pens else None


def _picture(artwork: Artwork, folder: Path) -> str:
    """The picture: its sha256 in the spec if it is from the web, or else the sha256 of what the file shows."""
    image = artwork.target.image
    return shown_sha256(folder / image) if isinstance(image, str) else image.sha256


def shown_sha256(path: Path) -> str:
    """The sha256 of a picture's pixels, whatever the compression and metadata; of a lossy format, that of the file.

    Decoders of lossy formats differ in the last bit from one machine to the next. A file that cannot be read has an
    empty hash; rendering it reports what is wrong.
    """
    return _shown(path, _stamp(path))


@cache
def _shown(path: Path, _stamp: tuple[int, int]) -> str:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            if image.format in _LOSSLESS:
                seen = [image.mode, image.size, image.getexif().get(274), _telling(image.info)]  # 274: orientation
                pixels = image.convert("RGBA") if image.mode == "P" else image
                return hashlib.sha256(repr(seen).encode() + pixels.tobytes()).hexdigest()
        return file_sha256(path)
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError):
        return ""


def _telling(info: dict[Any, Any]) -> list[tuple[str, str]]:
    """The metadata of a picture that change its colours."""
    told = {name: info[name] for name in ("gamma", "srgb", "transparency") if name in info}
    profile = hashlib.sha256(info.get("icc_profile") or b"").hexdigest()
    return [*sorted((name, repr(value)) for name, value in told.items()), ("icc_profile", profile)]


def _other_pictures(work: Work) -> dict[str, str]:
    """The pictures of importance, of the regions of losses, and of styles."""
    terms = [loss.term[1] for layer in work.artwork.layers for loss in layer.terms]
    names = [work.artwork.target.focus_picture]
    names += [getattr(term, field, None) for term in terms for field in ("region", "style")]
    return {name: shown_sha256(work.folder / name) for name in names if name is not None}


def weights(work: Work) -> dict[str, str]:
    """The hashes of all weights that the work's losses use.

    Weights with a name have the hash of the official file, whether it is here or not, because the same numbers come in
    several files. Other weights have the hash of the file beside the spec.
    """
    official = {asset.name: asset.sha256 for asset in WEIGHTS}
    return {
        trunk.name: official[trunk.name] if trunk.is_named else _weights_file(work.folder / trunk.weights)
        for trunk in trunks(work.artwork)
    }


def _weights_file(path: Path) -> str:
    return file_sha256(path) if path.is_file() else ""


def _stamp(path: Path) -> tuple[int, int]:
    """Size and time of a file, which show within one run whether it has changed."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def file_sha256(path: Path) -> str:
    """The sha256 of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
