"""What the fitting tells the outside while it runs: records, made for command line, page, queue and tests alike."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]  # [3, H, W] sRGB in [0, 1]


def unknown() -> float:
    """The likeness of nothing to nothing."""
    return math.nan


@dataclass(frozen=True)
class Progress:
    """Where a render stands. One comes after each step, placed stroke batch, or stage."""

    stage: Literal["target", "placing", "fitting", "settling", "drawing"]
    layer: int  # of the artwork's layers, from 0
    layers: int
    layer_name: str
    step: int  # done so far, of `steps`
    steps: int
    loss: float  # the weighted sum; NaN where a stage has none
    terms: Mapping[str, float]  # each term of the loss, unweighted
    seconds: float  # since the render began
    picture: Callable[[], Picture]  # what the drawing looks like now, made when asked for
    likeness: Callable[[], float] = unknown  # share of the picture's tones that it shows so far; NaN where unknown


Report = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Tell nobody."""
