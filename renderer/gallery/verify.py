"""A work in the gallery and the same work rendered again -> their differences, and whether these are within tolerance.

On one machine the bytes are the same. Another processor or torch can sum in another order; a fit is chaotic, so that it
then makes other strokes, but an equally good picture. Tolerances are the differences between one seed and another.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from renderer.gallery.statement import WorkManifest

# name -> place in the predicate, largest allowed difference, and whether that is relative
TOLERANCES: Mapping[str, tuple[tuple[str, str], float, bool]] = {
    "PSNR, dB": (("render_metrics", "psnr"), 0.4, False),
    "PSNR from afar, dB": (("render_metrics", "psnr_blurred"), 0.6, False),
    "SSIM": (("render_metrics", "ssim"), 0.02, False),
    "inked": (("render_metrics", "coverage"), 0.02, False),
    "strokes": (("render_totals", "strokes"), 0.03, True),
    "metres": (("render_totals", "metres"), 0.05, True),
}


@dataclass(frozen=True)
class Comparison:
    """One figure of both works."""

    name: str
    kept: float | None
    rerendered: float | None
    within: float

    @property
    def ok(self) -> bool:
        """Whether both are within tolerance; two missing figures are."""
        if self.kept is None or self.rerendered is None:
            return self.kept == self.rerendered
        return abs(self.kept - self.rerendered) <= self.within


def compared(kept: WorkManifest, rerendered: WorkManifest) -> list[Comparison]:
    """Compare every figure that has a tolerance."""
    found = []
    for name, ((group, field), tolerance, is_share) in TOLERANCES.items():
        one, other = kept.predicate[group][field], rerendered.predicate[group][field]
        found.append(Comparison(name, one, other, tolerance * abs(one or 0) if is_share else tolerance))
    return found


def same_files(kept: WorkManifest, rerendered: WorkManifest) -> dict[str, bool]:
    """Which files are the same byte for byte."""
    return {name: rerendered.subjects.get(name) == sha256 for name, sha256 in kept.subjects.items()}
