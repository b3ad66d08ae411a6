"""Strokes -> pixels in plain torch, on any device in any precision: the version that the fast kernels are tested with.

The coverage of a pixel by a stroke depends on d, the distance from the pixel's centre to the stroke's centre line, on
r, half of the pen's width, and on s, the softness of the edge, all in pixels:

    a(d) = F((r - d) / s + 1/2) - F((-r - d) / s + 1/2),     F(u) = 3 u^2 - 2 u^3 on [0, 1], 0 below and 1 above

a slab of the pen's width, blurred by a kernel of width s. So a stroke thinner than its edges also keeps its ink.
The other profile is the one of Mihai and Hare, "Differentiable drawing and sketching" (2021): a = exp(-d^2 / sigma^2).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

# sigma for a pen 1 px wide: the least-squares fit of exp(-d^2 / sigma^2) to its box profile.
GAUSSIAN_SIGMA = 0.54925
# Distance in sigmas beyond which the Gaussian profile is cut off: exp(-2.7^2) = 0.0007, under a fifth of 1/255.
GAUSSIAN_CUTOFF = 2.7


def distance(
    polyline: Tensor,  # [S, 2] px
    height: int,
    width: int,
) -> Tensor:  # [H, W] px
    """The distance from each pixel's centre to the nearest point of a polyline; S = 1 is a dot."""
    ys = torch.arange(height, dtype=polyline.dtype, device=polyline.device) + 0.5
    xs = torch.arange(width, dtype=polyline.dtype, device=polyline.device) + 0.5
    pixels = torch.stack(torch.meshgrid(xs, ys, indexing="xy"), -1)  # [H, W, 2]
    starts, ends = (polyline, polyline) if len(polyline) == 1 else (polyline[:-1], polyline[1:])
    along = ends - starts  # [S - 1, 2]
    length2 = (along**2).sum(-1)
    away = pixels[..., None, :] - starts  # [H, W, S - 1, 2]
    t = ((away * along).sum(-1) / length2.where(length2 > 0, torch.ones_like(length2))).clamp(0, 1)
    # To first order the nearest point does not move along the segment, so t has no gradient of its own.
    square = ((away - t.detach()[..., None] * along) ** 2).sum(-1).min(-1).values
    return square.where(square > 0, torch.ones_like(square)).sqrt().where(square > 0, torch.zeros_like(square))


def coverage(
    distance_px: Tensor,  # [H, W]
    radius_px: Tensor,  # []
    softness_px: float,
    gaussian: bool,
) -> Tensor:  # [H, W]
    """The share of each pixel that a stroke covers, by the formula at the top of this file."""
    if gaussian:
        sigma = 2 * GAUSSIAN_SIGMA * radius_px
        ink = torch.exp(-(distance_px**2) / sigma**2)
        return ink * (distance_px < GAUSSIAN_CUTOFF * sigma)
    near = ((radius_px - distance_px) / softness_px + 0.5).clamp(0, 1)
    far = ((-radius_px - distance_px) / softness_px + 0.5).clamp(0, 1)
    return near**2 * (3 - 2 * near) - far**2 * (3 - 2 * far)


def rasterise(
    polylines: Tensor | Sequence[Tensor],  # [N, S, 2] px, or [S, 2] px each
    radius_px: Tensor,  # [N]
    colours: Tensor,  # [N, 3]
    order: Tensor,  # [N], bottom to top
    background: Tensor,  # [3, H, W]
    *,
    softness_px: float,
    gaussian: bool,
    transparent: bool,
) -> Tensor:  # [3, H, W]
    """The picture of the strokes over the background, one stroke after another over the complete canvas."""
    _, height, width = background.shape
    picture = background
    for n in order.cpu().tolist():
        ink = coverage(distance(polylines[n], height, width), radius_px[n], softness_px, gaussian)
        colour = colours[n, :, None, None]
        picture = picture + ink * ((colour * picture if transparent else colour) - picture)
    return picture
