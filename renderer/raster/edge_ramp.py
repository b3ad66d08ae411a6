"""How strokes fade at their edge."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EdgeRamp:
    """The ramp of coverage across the edge of a stroke, pixels."""

    softness_px: float = 1.3  # a ramp this wide has the variance of a pixel's box: what a viewer's anti-aliasing shows
    gaussian: bool = False


SHARP = EdgeRamp()  # as the finished drawing is shown
