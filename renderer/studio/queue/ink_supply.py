"""Which pens will run dry, and in which plot, from what they have drawn and have yet to draw."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from renderer.studio.queue.records import Job
from renderer.studio.queue.states import ENDED


@dataclass(frozen=True)
class DryPen:
    """A pen that will not last."""

    pen: str
    job: int  # the plot in which it runs dry
    nth: int  # of the plots that use it, from 1
    metres: float  # drawn by the end of that plot
    lasts_m: float


def pens_running_dry(plots: Iterable[Job]) -> list[DryPen]:
    """The pens that run dry if these plots are made in this order and all pens are full now. A dry pen is replaced."""
    drawn: dict[str, float] = {}
    nth: dict[str, int] = {}
    found: list[DryPen] = []
    for job in plots:
        if job.state in ENDED:
            continue
        for pen in job.result.get("pens", ()):
            name, lasts_m = str(pen["name"]), pen.get("lasts_m")
            nth[name] = nth.get(name, 0) + 1
            drawn[name] = drawn.get(name, 0.0) + float(pen["metres"])
            if lasts_m and drawn[name] > lasts_m:
                found.append(DryPen(name, job.id, nth[name], round(drawn[name], 2), float(lasts_m)))
                drawn[name] = 0.0
    return found


def plot_usage(made: dict[str, Any]) -> dict[str, Any]:
    """Pens, metres and minutes that a plot of a render takes, from what its worker has reported."""
    pens = [
        {
            "name": f"{row['pen']['name']} {row['pen']['nib_mm']:g}",
            "colour": row["pen"]["colour"],
            "lasts_m": row["pen"].get("max_draw_m"),
            **{name: row[name] or 0 for name in ("strokes", "metres", "minutes")},
        }
        for row in made.get("passes", ())
        if row.get("pen")
    ]
    drawing = {name: made[name] for name in ("drawing",) if name in made}  # the sha256 of the drawing
    return {"pens": pens, "minutes": (made.get("plotting") or {}).get("minutes") or 0, **drawing}
