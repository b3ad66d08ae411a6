"""What the fit reports while it runs: records for the command line, the page, the queue and the tests."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]  # [3, H, W] sRGB in [0, 1]


def unknown() -> float:
    """NaN: a likeness that is not known."""
    return math.nan


@dataclass(frozen=True)
class Progress:
    """The state of a render. There is one after each step, each batch of placed strokes, and each stage."""

    stage: Literal["target", "placing", "fitting", "settling", "drawing"]
    layer: int  # of the artwork's layers, from 0
    layers: int
    layer_name: str
    step: int  # done so far, of `steps`
    steps: int
    loss: float  # the weighted sum; NaN where a stage has none
    terms: Mapping[str, float]  # each term of the loss, unweighted
    seconds: float  # since the render began
    picture: Callable[[], Picture]  # [3, H, W], the drawing so far, made on request
    likeness: Callable[[], float] = unknown  # share of the picture's tones that it shows so far; NaN where unknown


Report = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Ignore a report."""
