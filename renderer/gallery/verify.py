"""A work as it hangs and the same rendered again -> in what they differ, and by how much they may.

On one machine the bytes are the same. Elsewhere another processor or torch may sum in another order; a fit is chaotic
enough to make other strokes of that, and yet a picture as good. Tolerances are what one seed differs from the next by.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from renderer.gallery.statement import WorkManifest

# name -> place in the predicate, how far apart both may be, and whether as a share
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
    """One figure of both."""

    name: str
    kept: float | None
    rerendered: float | None
    within: float

    @property
    def ok(self) -> bool:
        """Whether they are near enough; two that are not there are."""
        if self.kept is None or self.rerendered is None:
            return self.kept == self.rerendered
        return abs(self.kept - self.rerendered) <= self.within


def compared(kept: WorkManifest, rerendered: WorkManifest) -> list[Comparison]:
    """Every figure that has a tolerance."""
    found = []
    for name, ((group, field), tolerance, is_share) in TOLERANCES.items():
        one, other = kept.predicate[group][field], rerendered.predicate[group][field]
        found.append(Comparison(name, one, other, tolerance * abs(one or 0) if is_share else tolerance))
    return found


def same_files(kept: WorkManifest, rerendered: WorkManifest) -> dict[str, bool]:
    """Which files are the same to the last byte."""
    return {name: rerendered.subjects.get(name) == sha256 for name, sha256 in kept.subjects.items()}
