"""A URL and a sha256 -> a verified file: from the cache, from the web, or the fallback that the spec names."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from renderer.assets import public_network
from renderer.assets.cache import (
    AssetError,
    alone,
    cache_folder,
    checked_sha256,
    find,
    find_start,
    keep,
    look_up,
    sha256_of,
    state,
    store,
    writing,
)
from renderer.assets.conversions import readable
from renderer.assets.known import KNOWN, PICTURES, WEIGHTS, Asset
from renderer.assets.public_network import only_public
from renderer.spec import RemoteImage

__all__ = [
    "PICTURES",
    "WEIGHTS",
    "Asset",
    "AssetError",
    "LastingAssetError",
    "Report",
    "Resolved",
    "add",
    "cache_folder",
    "fetch",
    "find",
    "find_start",
    "known",
    "known_as",
    "only_public",
    "readable",
    "resolve",
    "sha256_of",
]

Report = Callable[[int, int | None], None]  # bytes done, bytes in total if the server says so

TRIES = 3
PAUSE_S = 0.5  # before the second try; twice as long before the third


class LastingAssetError(AssetError):
    """A file that another try would not obtain either: it is not the one that was asked for, or may not be fetched."""


@dataclass(frozen=True)
class Resolved:
    """The file of an image in a spec, where it came from, and a note for the user."""

    path: Path
    sha256: str
    source: Literal["file", "cache", "web", "fallback"]
    note: str | None = None


def known() -> tuple[Asset, ...]:
    """The files that have a name."""
    return KNOWN


def add(path: Path) -> Asset:
    """Copy a file into the cache, for a computer without the web. Raises AssetError."""
    sha256 = store(path)
    return known_as(sha256) or Asset(path.name, sha256, path.stat().st_size)


def known_as(sha256: str) -> Asset | None:
    """The known file with this content, if there is one."""
    return next((asset for asset in KNOWN if sha256.startswith(asset.sha256)), None)


def resolve(image: str | RemoteImage, folder: Path, report: Report | None = None) -> Resolved:
    """The file for `target.image` of a spec in `folder`: that path, or the cache, the web or the fallback.

    Raises AssetError.
    """
    if isinstance(image, str):
        sha256 = _hash_of(folder / image)
        path, note = readable(folder / image)
        return Resolved(path, sha256, "file", note)
    cached, damaged = look_up(image.sha256)
    if cached is not None:
        return Resolved(cached, image.sha256, "cache")
    try:
        fetched = fetch(image.url, image.sha256, report)
    except AssetError as error:
        if image.fallback is None:
            raise
        path = folder / image.fallback
        why = "; ".join(filter(None, (damaged, str(error))))
        return Resolved(path, _hash_of(path), "fallback", f"{why}. Drawing {image.fallback} instead")
    return Resolved(fetched, image.sha256, "web", damaged and f"{damaged}; it was fetched again")


def fetch(url: str, sha256: str, report: Report | None = None) -> Path:
    """The verified file at a URL, from the cache if it is there. An interrupted download resumes. Raises AssetError.

    The first 8 digits of the hash are enough where no more are published.
    """
    sha256 = checked_sha256(sha256, start=True)
    found = find_start(sha256)
    if found is not None:
        return found
    if os.environ.get("RENDER_OFFLINE", "0") not in ("", "0"):
        raise AssetError(_unreached(url, sha256, "RENDER_OFFLINE is set"))
    with writing(), alone(sha256):
        return find_start(sha256) or _fetched(url, sha256, report)  # another program may have been faster


def _fetched(url: str, sha256: str, report: Report | None) -> Path:
    # here, because urllib costs 40 ms, and a picture is fetched once
    from renderer.assets.download import CutOffError, RefusedAddressError, UnreachedError, download

    part = state(sha256, "part")
    why = ""
    for attempt in range(TRIES):
        time.sleep(PAUSE_S * attempt)
        resumed = part.exists()
        try:
            download(url, part, report)
        except CutOffError as error:
            why = f"{error}, {attempt + 1} times" if attempt else str(error)
            continue
        except RefusedAddressError as error:
            raise LastingAssetError(f"{url} is not fetched: {error}") from None
        except UnreachedError as error:
            raise AssetError(_unreached(url, sha256, str(error))) from None
        actual = sha256_of(part)
        if actual.startswith(sha256):
            return keep(part, actual)
        part.unlink()
        why = _not_the_file(sha256, actual)
        if not resumed:
            raise LastingAssetError(_unreached(url, sha256, why))
    raise AssetError(_unreached(url, sha256, why))


def _not_the_file(wanted: str, actual: str) -> str:
    """Why the file was not kept. A worker does not reveal the sum: it would show what is at an address."""
    named = wanted if len(wanted) == 64 else f"one that begins with {wanted}"
    found = f"its sha256 is not {named}" if public_network.is_guarded() else f"its sha256 is {actual}, not {named}"
    return f"{found}: the file there has changed, or the spec has the wrong sha256"


def _unreached(url: str, sha256: str, why: str) -> str:
    name = next((asset.name for asset in KNOWN if asset.sha256 == sha256), url)
    ways = f"render assets fetch {name}, or, with a copy of it, render assets add FILE"
    return f"{url} could not be fetched: {why}. To get it: {ways}"


def _hash_of(path: Path) -> str:
    if not path.is_file():
        raise AssetError(f"{path}: {'is not an ordinary file' if path.exists() else 'no such file'}; name a picture")
    try:
        return sha256_of(path)
    except OSError as error:
        raise AssetError(f"{path}: cannot be read: {error.strerror}") from None
