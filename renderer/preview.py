"""A finished drawing -> a picture with hard edges, as the machine will draw it. All metrics use this picture."""

import numpy as np
import torch
from numpy.typing import NDArray

from hardware.drawing import Drawing, Ink, PenPass
from renderer.blur import blur
from renderer.colours import from_hex
from renderer.progress import Picture
from renderer.raster import cpu
from renderer.result import Metrics
from renderer.similarity import similarity
from renderer.target import Frame

# A smooth ramp of this width has the variance of a pixel's box, sqrt(20 / 12): the anti-aliasing of an SVG viewer.
HARD_EDGE_PX = 1.3


def picture(drawing: Drawing, px_per_mm: float) -> Picture:  # [3, h, w]
    """The complete sheet."""
    sheet = Frame(0.0, 0.0, drawing.width_mm, drawing.height_mm, px_per_mm)
    return framed(drawing, sheet)


def framed(drawing: Drawing, frame: Frame) -> Picture:  # [3, H, W]
    """The part of the sheet inside a frame, at the frame's resolution."""
    canvas = np.empty((frame.height_px, frame.width_px, 3), np.float32)
    canvas[:] = from_hex(drawing.paper)
    workspace = cpu.Workspace()
    for part in drawing.passes:
        canvas, _ = cpu.forward(_scene(part, frame), canvas, workspace, keep=False)
    return np.ascontiguousarray(canvas.transpose(2, 0, 1))


def added(picture: Picture, part: PenPass, px_per_mm: float) -> Picture:  # [3, h, w]
    """The picture of a complete sheet with more strokes on it."""
    _, height_px, width_px = picture.shape
    sheet = Frame(0.0, 0.0, width_px / px_per_mm, height_px / px_per_mm, px_per_mm)
    below = np.ascontiguousarray(picture.transpose(1, 2, 0))
    above, _ = cpu.forward(_scene(part, sheet), below, cpu.Workspace(), keep=False)
    return np.ascontiguousarray(above.transpose(2, 0, 1))


def _scene(part: PenPass, frame: Frame) -> cpu.Scene:
    styled = list(part.styled())
    lengths = [len(line) for line, _, _ in styled]
    points = np.concatenate([line for line, _, _ in styled] or [np.empty((0, 2))])
    return cpu.Scene(
        points=((points - [frame.x_mm, frame.y_mm]) * frame.px_per_mm).astype(np.float32),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32),
        radius=np.array([width * frame.px_per_mm / 2 for _, _, width in styled], np.float32),
        colours=np.array([from_hex(colour) for _, colour, _ in styled], np.float32).reshape(-1, 3),
        order=np.arange(len(styled), dtype=np.int32),
        softness=HARD_EDGE_PX,
        gaussian=False,
        transparent=part.pen.ink is Ink.TRANSPARENT,
    )


def pixels(picture: Picture) -> NDArray[np.uint8]:  # [H, W, 3]
    """A picture `[3, H, W]` in the format of image files."""
    return (picture.clip(0, 1) * 255 + 0.5).astype(np.uint8).transpose(1, 2, 0)


def metrics(drawing: Drawing, frame: Frame, target: Picture) -> Metrics:
    """The similarity of a drawing and its target. `target` [3, H, W] fills the frame."""
    drawn = torch.from_numpy(framed(drawing, frame))
    wanted = torch.from_numpy(target)
    return Metrics(
        psnr=_psnr(drawn, wanted),
        psnr_blurred=_psnr(blur(drawn, 2.0), blur(wanted, 2.0)),
        ssim=ssim(drawn, wanted),
        coverage=_coverage(drawing, frame),
    )


def _psnr(a: torch.Tensor, b: torch.Tensor) -> float:
    error = float(((a - b) ** 2).mean(-1).mean())
    return -10 * float(np.log10(max(error, 1e-10)))


def ssim(
    a: torch.Tensor,  # [3, H, W] in [0, 1]
    b: torch.Tensor,  # [3, H, W] in [0, 1]
) -> float:
    """Structural similarity, mean over channels and over all pixels whose window is inside the picture.

    Wang, Bovik, Sheikh and Simoncelli 2004: Gaussian window of sigma 1.5 px, K1 = 0.01, K2 = 0.03.
    """
    similar = similarity(a, b, 1.5)
    inside = similar[:, 5:-5, 5:-5]
    return float((inside if inside.numel() else similar).mean())


def _coverage(drawing: Drawing, frame: Frame) -> float:
    """Share of the frame under ink of any colour: the drawing is drawn again in black on white."""
    black = tuple(
        PenPass(part.layer, part.pen.model_copy(update={"colour": "#000000"}), part.lines, None, part.widths_mm)
        for part in drawing.passes
    )
    bare = Drawing(drawing.width_mm, drawing.height_mm, "#ffffff", black)
    return float(1 - framed(bare, frame).mean())
