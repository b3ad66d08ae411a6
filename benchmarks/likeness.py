"""How similar a drawing and its picture look at reading distance, and what plotting it takes."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import scores
from hardware.drawing import Drawing

if TYPE_CHECKING:  # torch is imported only when there is something to compare
    from renderer.losses import Sources
    from renderer.target import Frame

LONGER_PX = 512  # longer side of the frame, as it is seen
GREYISH = 15  # of 255, the largest difference between the channels of a colour that counts as grey
Picture = NDArray[np.float32]  # [3, H, W] sRGB in [0, 1], over the frame


@dataclass(frozen=True)
class Likeness:
    """Three figures of one drawing."""

    ssim: float
    psnr_blurred: float  # dB
    lpips: float | None  # None without the weights


def frame_of(record: dict[str, Any]) -> "Frame":
    """The frame of a finished render, at a fixed resolution, whatever resolution the engine used."""
    from renderer.target import Frame

    x_mm, y_mm, width_mm, height_mm = (record[name] for name in ("x_mm", "y_mm", "width_mm", "height_mm"))
    px_per_mm = LONGER_PX / max(width_mm, height_mm)
    return Frame(x_mm, y_mm, width_mm, height_mm, px_per_mm, record.get("overhang", False))


def target_of(image: Path, paper: str, frame: "Frame") -> Picture:
    """The part of the picture that the frame shows, unchanged: both sides are cut equally to the frame's shape."""
    from renderer.target import fit_picture, load_picture

    return fit_picture(load_picture(image, paper), frame, "cover")


def for_pens(target: Picture, drawing: Drawing) -> Picture:
    """The target, in grey where paper and pens have no colour or hardly any: grey pens cannot show more."""
    colours = [drawing.paper, *(part.pen.colour for part in drawing.passes)]
    channels = [[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in colours]
    if max(max(one) - min(one) for one in channels) > GREYISH:
        return target
    return np.repeat(target.mean(0, keepdims=True), 3, axis=0)


def likeness(drawing: Drawing, frame: "Frame", target: Picture) -> Likeness:
    """Compare the exported drawing with its target."""
    from renderer.preview import framed

    seen = framed(drawing, frame)
    ours, wanted = (each.transpose(1, 2, 0).astype(np.float64) for each in (seen, target))
    far, wanted_far = scores.blurred(ours), scores.blurred(wanted)
    return Likeness(scores.ssim(ours, wanted), scores.psnr(far, wanted_far), _lpips(far, wanted_far))


def _lpips(drawn: scores.Pixels, wanted: scores.Pixels) -> float | None:
    """LPIPS with AlexNet, float32, at full size."""
    import torch

    from renderer.losses import build
    from renderer.spec import Loss, Lpips

    sources = _alexnet()
    if sources is None:
        return None
    ours, theirs = (torch.from_numpy(each.transpose(2, 0, 1).astype(np.float32)) for each in (drawn, wanted))
    term = Loss(lpips=Lpips(net="alex", scale=1.0, precision="float32"))
    return float(build((term,), theirs, 1.0, sources).each(ours)["lpips"])


@cache
def _alexnet() -> "Sources | None":
    from renderer.assets import AssetError
    from renderer.assets.weights import Trunk, files
    from renderer.encoders import networks
    from renderer.losses import Sources
    from renderer.spec.networks import LPIPS_NETS

    try:
        return Sources(networks(files([Trunk(LPIPS_NETS["alex"], "imagenet")], Path())))
    except AssetError:
        return None


def plot_of(drawing: Drawing, machine: Path) -> tuple[float, float | None]:
    """Metres drawn, and minutes including pen changes; no minutes where the sheet does not fit the machine.

    A sheet that does not fit as it lies is turned.
    """
    from hardware.drawing import length_mm
    from hardware.estimate import estimate
    from hardware.machine import load_machine
    from hardware.program import ProgramError, program

    metres = sum(length_mm(line) for part in drawing.passes for line in part.lines) / 1000
    gantry = load_machine(machine)
    for turned in (gantry, gantry.model_copy(update={"rotate": 90})):
        try:
            return metres, estimate(program(drawing, turned), turned).total_s / 60
        except ProgramError:
            continue
    return metres, None
