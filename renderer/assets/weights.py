"""The weights of networks that a spec names -> their files, or one message with all that is missing and how to get it.

No file is opened here and torch is not needed: `encoders` reads the content.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from renderer.assets import Asset, AssetError, Report, fetch, find_start
from renderer.assets.known import WEIGHTS
from renderer.spec import Artwork
from renderer.spec.networks import IMAGENET, STYLISED


@dataclass(frozen=True)
class Trunk:
    """A network, and the name of its weights in a spec: `imagenet`, `stylised_imagenet` or a file."""

    net: str
    weights: str

    @property
    def is_named(self) -> bool:
        return self.weights in (IMAGENET, STYLISED)

    @property
    def name(self) -> str:
        """`vgg16-imagenet`."""
        return f"{self.net}-{self.weights}"


def trunks(artwork: Artwork) -> tuple[Trunk, ...]:
    """The networks that the losses of an artwork use, each once."""
    terms = [loss.term[1] for layer in artwork.layers for loss in layer.terms]
    return tuple(dict.fromkeys(Trunk(*term.trunk) for term in terms if hasattr(term, "trunk")))


def files(wanted: Iterable[Trunk], folder: Path, report: Report | None = None) -> dict[Trunk, Path]:
    """The file of each network; those with an address are fetched. One AssetError names all that cannot be obtained."""
    found: dict[Trunk, Path | None] = {trunk: at_hand(trunk, folder) for trunk in wanted}
    missing = [trunk for trunk, path in found.items() if path is None]
    why: list[str] = []
    for trunk in missing:
        asset = _asset(trunk)
        if asset is None or asset.url is None:
            continue
        try:
            found[trunk] = fetch(asset.url, asset.sha256, report)
        except AssetError as error:
            why.append(str(error).partition(". To get it")[0])
    absent = [trunk for trunk, path in found.items() if path is None]
    if absent:
        raise AssetError("; ".join(map(_lacking, absent)) + (f" ({'; '.join(why)})" if why else ""))
    return {trunk: here for trunk, here in found.items() if here is not None}


def check(artwork: Artwork, folder: Path) -> None:
    """Check, before any work is done, that the weights are here or can be fetched. Raises AssetError."""
    offline = os.environ.get("RENDER_OFFLINE", "0") not in ("", "0")
    absent = [trunk for trunk in trunks(artwork) if at_hand(trunk, folder) is None]
    absent = [trunk for trunk in absent if offline or not getattr(_asset(trunk), "url", None)]
    if absent:
        raise AssetError("; ".join(map(_lacking, absent)))


def at_hand(trunk: Trunk, folder: Path) -> Path | None:
    """The file of a network: beside the spec, in the cache, or where torchvision's own loader has put it."""
    if not trunk.is_named:
        beside = folder / trunk.weights
        return beside if beside.is_file() else None
    for asset in WEIGHTS:
        if asset.name in (trunk.name, f"{trunk.name}-features"):
            path = find_start(asset.sha256) or _in_hub(asset)
            if path is not None:
                return path
    return None


def _in_hub(asset: Asset) -> Path | None:
    """The file in the folder that torch.hub documents, where names contain the start of the hash."""
    if asset.url is None:
        return None
    caches = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = Path(os.environ.get("TORCH_HOME", f"{caches}/torch")).expanduser()
    path = home / "hub" / "checkpoints" / asset.url.rpartition("/")[2]
    return path if path.is_file() else None


def _asset(trunk: Trunk) -> Asset | None:
    """The official file of weights that have a name."""
    return next((asset for asset in WEIGHTS if asset.name == trunk.name), None)


def _lacking(trunk: Trunk) -> str:
    asset = _asset(trunk)
    if asset is None:
        return f"the weights file {trunk.weights!r} does not exist; name a file beside the spec"
    size = f"{asset.size_bytes / 1e6:.0f} MB"
    lacking = f"the weights {trunk.name} ({size}) are missing"
    if asset.url is None:
        name = f"vgg16_train_60_epochs_lr0.01-{asset.sha256}.pth.tar"
        return (
            f"{lacking}. To get them: xdg-open {asset.page} and download {name} there by hand, "
            f"then render assets add {name}"
        )
    return f"{lacking}. To get them: render assets fetch {asset.name}, or, with a copy of them, render assets add FILE"
