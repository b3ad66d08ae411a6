"""What a running render reports to the queue: how far it is, how the loss fell, what the drawing looks like."""

import math
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from renderer.progress import Progress
from renderer.studio.queue.previews import webp_of

POINTS = 120  # of the curve, at most
PICTURE_S = 2.0  # between two pictures, at least
PICTURE_SHARE = 0.03  # of the time, at most, that goes into pictures
PROGRESS_PX = 480  # the longer side


class JobProgress:
    """The progress of one work. `refines`: after its layers, all of them are fitted together."""

    def __init__(self, layers: int, *, refines: bool) -> None:
        self._parts = layers + refines
        self._curve: dict[int, tuple[float, float]] = {}  # one point for each part of the way
        self._next_s = 0.0

    def row(self, progress: "Progress") -> dict[str, Any]:
        """A record of the fit as the queue keeps it."""
        text, counted = f"{progress.stage} {progress.layer_name}", progress.stage in {"fitting", "settling"}
        return {
            "text": f"{text} {progress.step}/{progress.steps}" if counted else text,
            "share": self.share(progress),
            "loss": _finite(progress.loss),  # NaN if a stage has none
            "seconds": round(progress.seconds, 1),
            "layer": min(progress.layer + 1, progress.layers),
            "layers": progress.layers,
            "curve": list(self._curve.values()),
        }

    def share(self, progress: "Progress") -> float:
        """How much of the work is done, in [0, 1]; all layers count equally."""
        if progress.stage == "drawing":
            return 1.0
        within = progress.step / progress.steps if progress.stage in {"fitting", "settling"} and progress.steps else 0.0
        before = progress.layers if progress.stage == "settling" else progress.layer
        return round(min(1.0, (before + within) / self._parts), 4)

    def follow(self, progress: "Progress") -> None:
        """Add a record to the curve, which keeps the last loss of each part of the way."""
        loss = _finite(progress.loss)
        if loss is not None and progress.stage in {"fitting", "settling"}:
            share = self.share(progress)
            self._curve[int(share * (POINTS - 1))] = (share, float(f"{loss:.6g}"))

    def picture(self, progress: "Progress") -> bytes | None:
        """The drawing as it is now; None if the last picture is recent or there is nothing to see yet."""
        began = time.perf_counter()
        if began < self._next_s or progress.stage not in {"fitting", "settling"} or progress.step == 0:
            return None
        content = webp_of(progress.picture(), PROGRESS_PX)
        now = time.perf_counter()
        self._next_s = now + max(PICTURE_S, (now - began) / PICTURE_SHARE)
        return content


def _finite(loss: float) -> float | None:
    return loss if math.isfinite(loss) else None
