"""What the losses of an artwork need besides its target, read before the fit: networks, regions, styles."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from renderer import assets
from renderer.assets import weights
from renderer.assets.weights import Trunk
from renderer.colours import from_hex
from renderer.encoders import Network, WeightsError
from renderer.encoders import networks as loaded
from renderer.losses import Sources
from renderer.spec import Artwork, FreeColours, Gram
from renderer.specfile import Work
from renderer.target import Frame, fit_picture, load_picture, stretched
from renderer.tone import cropped

GREYISH = 0.06  # difference of channels up to which ink or paper counts as grey: warm white, blue-black


class RenderError(Exception):
    """A render that cannot be finished; the message says why and what would work."""


def networks_of(artwork: Artwork, folder: Path, report: assets.Report | None) -> dict[Trunk, Network]:
    """The networks that the losses use, from files that are here or can be fetched. Raises AssetError, RenderError."""
    try:
        return loaded(weights.files(weights.trunks(artwork), folder, report))
    except WeightsError as error:
        raise RenderError(str(error)) from error


def sources_of(
    work: Work,
    networks: dict[Trunk, Network],
    area: Frame,
    size_px: tuple[int, int],  # height and width of the target's picture, cropped
    importance: NDArray[np.float32] | None = None,  # [H, W] of the frame
) -> Sources:
    """Networks, regions on the frame's pixels, and pictures of a style, by their names in the spec.

    Raises RenderError, and TargetError for a picture that cannot be read.
    """
    terms = [loss.term[1] for layer in work.artwork.layers for loss in layer.terms]
    target = work.artwork.target
    regions: dict[str, Tensor] = {}
    for name in dict.fromkeys(term.region for term in terms if term.region is not None):
        mask = cropped(load_picture(work.folder / name, "#000000"), target.crop)
        light = fit_picture(stretched(mask, size_px), area, target.fit).mean(0)
        if light.max() < 1 / 255:
            raise RenderError(f"{work.folder / name}: is black everywhere in the drawn area; paint white what counts")
        regions[name] = torch.from_numpy(light)
    styles = dict.fromkeys(term.style for term in terms if isinstance(term, Gram) and term.style is not None)
    pictures = {name: load_picture(work.folder / name, work.artwork.canvas.colour) for name in styles}
    styled = {name: torch.from_numpy(picture).permute(2, 0, 1) for name, picture in pictures.items()}
    counts = None if importance is None else torch.from_numpy(importance)
    return Sources(networks, regions, styled, work.artwork.seed, counts)


def is_grey(artwork: Artwork) -> bool:
    """Whether paper and pens have no colour, or hardly any: then only the target's greys count."""
    colours = [from_hex(artwork.canvas.colour)]
    for layer in artwork.layers:
        pens = artwork.pens_of(layer)
        if isinstance(pens, FreeColours):
            return False
        colours += [from_hex(pen.colour) for pen in pens.pens]
    return all(float(colour.max() - colour.min()) <= GREYISH for colour in colours)
