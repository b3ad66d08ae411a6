"""A picture -> the direction of its form at each pixel: the direction in which an engraver would hatch."""

import numpy as np
import torch
from torch import Tensor

from renderer.blur import blur
from renderer.cores import picture as as_picture

# Widths of the windows over which gradients are averaged, in multiples of the finest, and how much each counts. The
# finest decides where there is structure; where the picture is even, only the wide ones see any.
_WINDOWS = ((1.0, 1.0), (3.0, 0.05), (9.0, 0.0025))
_PULL = 2e-5  # towards one slant where the picture has hardly any form: as strong as a step of 0.5 % per pixel
_SLANT = 3 * np.pi / 4  # from lower left to upper right, as right-handed people hatch


def directions(
    picture: Tensor,  # [3, H, W], on the CPU
    sigma_px: float,
) -> Tensor:  # [2, H, W] unit vectors, x right, y down; directions of lines, so the sign means nothing
    """The direction along the edges, in which the picture changes least, averaged over about `sigma_px` pixels.

    The structure tensor of Forstner and Gulch (1987) and Bigun and Granlund (1987), summed over windows of three widths
    and over the colour channels.
    """
    smooth = blur(picture.float(), max(0.5, 0.3 * sigma_px))
    across, down = torch.zeros_like(smooth), torch.zeros_like(smooth)
    across[:, :, 1:-1] = (smooth[:, :, 2:] - smooth[:, :, :-2]) / 2
    down[:, 1:-1] = (smooth[:, 2:] - smooth[:, :-2]) / 2
    products = torch.stack([(across * across).sum(0), (down * down).sum(0), (across * down).sum(0)])
    tensor = sum(share * blur(products, width * sigma_px) for width, share in _WINDOWS)
    assert isinstance(tensor, Tensor)
    xx, yy, xy = tensor.double().numpy()
    # The tensor of the slant: a gradient across it, the same everywhere.
    xx = xx + _PULL * np.sin(_SLANT) ** 2
    yy = yy + _PULL * np.cos(_SLANT) ** 2
    xy = xy - _PULL * np.sin(_SLANT) * np.cos(_SLANT)
    steepest = 0.5 * np.arctan2(2 * xy, xx - yy)
    along = np.stack([-np.sin(steepest), np.cos(steepest)], -1).astype(np.float32)
    return as_picture(along)
