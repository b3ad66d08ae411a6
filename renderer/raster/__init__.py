"""Polylines in millimetres -> a picture, differentiable by points, widths, colours and the picture below.

Two ink models, as an SVG viewer shows them: `opaque` (normal blending) and `transparent` (multiply), on sRGB values.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function

from hardware.drawing import Ink
from renderer.cores import picture as as_picture
from renderer.cores import pixels
from renderer.error import PLAIN, Objective, energies, residual
from renderer.raster import cpu, reference
from renderer.raster.cpu import Workspace
from renderer.raster.edge_ramp import SHARP, EdgeRamp

__all__ = ["SHARP", "EdgeRamp", "Shapes", "Weights", "Workspace", "rasterise", "weigh"]


@dataclass(frozen=True)
class Shapes:
    """The rasteriser's input: strokes."""

    polylines: Tensor  # [N, S, 2] mm from the picture's top left corner; or [T, 2], stroke after stroke
    width_mm: Tensor  # [N]
    colours: Tensor  # [N, 3] sRGB
    order: Tensor  # [N], bottom to top
    offsets: Tensor | None = None  # [N + 1], where the points of each stroke begin among [T, 2]

    def __post_init__(self) -> None:
        count = len(self.polylines) if self.offsets is None else len(self.offsets) - 1
        assert self.polylines.ndim == (3 if self.offsets is None else 2), self.polylines.shape
        assert self.polylines.shape[-1] == 2, self.polylines.shape
        assert self.width_mm.shape == (count,), self.width_mm.shape
        assert self.colours.shape == (count, 3), self.colours.shape
        assert self.order.ndim == 1, self.order.shape

    def lengths_mm(self) -> Tensor:  # [N]
        """How long each stroke is."""
        if self.offsets is None:
            lengths: Tensor = (self.polylines[:, 1:] - self.polylines[:, :-1]).norm(dim=-1).sum(1)
            return lengths
        steps = (self.polylines[1:] - self.polylines[:-1]).norm(dim=-1)
        along = torch.cat([steps.new_zeros(1), steps]).double().cumsum(0)
        return (along[self.offsets[1:] - 1] - along[self.offsets[:-1]]).to(steps)


def rasterise(
    shapes: Shapes,
    background: Tensor,  # [3, H, W] sRGB
    *,
    px_per_mm: float,
    ink: Ink,
    edges: EdgeRamp = SHARP,
    workspace: Workspace | None = None,
    plain: bool = False,
) -> Tensor:  # [3, H, W]
    """Draw strokes over a background.

    A `workspace` saves allocations between calls; the gradient of a picture drawn with one must be taken before the
    next call. float32 uses the kernels of the tensors' device; `plain` and float64 use the reference version.
    """
    assert background.ndim == 3 and background.shape[0] == 3, background.shape
    points, radius = shapes.polylines * px_per_mm, shapes.width_mm * (px_per_mm / 2)
    if plain or points.dtype == torch.float64:
        lines = points if shapes.offsets is None else points.tensor_split(shapes.offsets[1:-1].cpu())
        return reference.rasterise(
            lines, radius, shapes.colours, shapes.order, background,
            softness_px=edges.softness_px, gaussian=edges.gaussian, transparent=ink is Ink.TRANSPARENT,
        )  # fmt: skip
    if points.is_cuda:
        assert shapes.offsets is None
        from renderer.raster import cuda  # Triton is slow to import, and not installed everywhere

        return cuda.rasterise(points, radius, shapes.colours, background, shapes.order, edges, ink)
    leaves, workspace = (points, radius, shapes.colours, background), workspace or Workspace()
    if torch.is_grad_enabled() and any(leaf.requires_grad for leaf in leaves):
        picture: Tensor = _Rasterise.apply(*leaves, shapes.order, shapes.offsets, edges, ink, workspace)
        return picture
    scene = _scene(points, radius, shapes.colours, shapes.order, shapes.offsets, edges, ink)
    return as_picture(cpu.forward(scene, pixels(background), workspace, keep=False)[0])


@dataclass(frozen=True)
class Weights:
    """How much each stroke matters to a picture."""

    removal: Tensor  # [N], growth of the summed error without the stroke; below 0: it makes the picture worse
    follows: Tensor  # [N, 3], half of that error's curvature by the stroke's colour


@torch.no_grad()
def weigh(
    shapes: Shapes,
    background: Tensor,  # [3, H, W] sRGB
    target: Tensor,  # [3, H, W] sRGB
    *,
    px_per_mm: float,
    ink: Ink,
    objective: Objective = PLAIN,
    workspace: Workspace | None = None,
) -> Weights:
    """What each stroke does for the likeness of a picture with hard edges, by the error that the objective names."""
    points, radius = shapes.polylines * px_per_mm, shapes.width_mm * (px_per_mm / 2)
    scene = _scene(points, radius, shapes.colours, shapes.order, shapes.offsets, SHARP, ink)
    picture, tape = cpu.forward(scene, pixels(background), workspace or Workspace())
    left = residual(pixels(target), picture, objective)
    lengths_px = shapes.lengths_mm() * px_per_mm
    energy = energies(scene.radius, _numpy(lengths_px), objective)
    weights = cpu.removal(tape, left.residual, left.weight, energy)
    return Weights(*map(torch.from_numpy, weights))


def _numpy(tensor: Tensor) -> Any:
    return tensor.detach().to("cpu", torch.float32).contiguous().numpy()


def _scene(
    points: Tensor,
    radius: Tensor,
    colours: Tensor,
    order: Tensor,
    offsets: Tensor | None,
    edges: EdgeRamp,
    ink: Ink,
) -> cpu.Scene:
    if offsets is None:
        count, samples, _ = points.shape
        begins = np.arange(0, count * samples + 1, samples, dtype=np.int32)
    else:
        begins = offsets.to("cpu", torch.int32).numpy()
    return cpu.Scene(
        points=_numpy(points).reshape(-1, 2),
        offsets=begins,
        radius=_numpy(radius),
        colours=_numpy(colours),
        order=order.to("cpu", torch.int32).numpy(),
        softness=edges.softness_px,
        gaussian=edges.gaussian,
        transparent=ink is Ink.TRANSPARENT,
    )


class _Rasterise(Function):
    """The numba kernels as an autograd function."""

    @staticmethod
    def forward(
        ctx: Any,
        points: Tensor,
        radius: Tensor,
        colours: Tensor,
        background: Tensor,
        order: Tensor,
        offsets: Tensor | None,
        edges: EdgeRamp,
        ink: Ink,
        workspace: Workspace,
    ) -> Tensor:
        scene = _scene(points, radius, colours, order, offsets, edges, ink)
        picture, ctx.tape = cpu.forward(scene, pixels(background), workspace)
        ctx.shape = points.shape
        return as_picture(picture)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        asked = ctx.needs_input_grad[3]
        *sums, ground = cpu.backward(ctx.tape, pixels(gradient), ground=asked)
        points, radius, colours = map(torch.from_numpy, sums)
        below = as_picture(ground) if asked else None
        return points.view(ctx.shape), radius, colours, below, None, None, None, None, None
