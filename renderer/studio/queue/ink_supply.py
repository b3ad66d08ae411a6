"""What pens have drawn and are to draw: which of them will run dry, and in which plot."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from renderer.studio.queue.records import Job
from renderer.studio.queue.states import ENDED


@dataclass(frozen=True)
class DryPen:
    """A pen that will not last."""

    pen: str
    job: int  # in the plot of which it runs dry
    nth: int  # plot that uses it, from 1
    metres: float  # that it has drawn by the end of that plot
    lasts_m: float


def pens_running_dry(plots: Iterable[Job]) -> list[DryPen]:
    """Pens that run dry if these plots are made in this order with pens that are full now. A new one is then put in."""
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
    """What a plot of a render takes, by what its worker has told of it: pens with metres and minutes, as in `dry`."""
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
    drawing = {name: made[name] for name in ("drawing",) if name in made}  # the sha256 of what is to be drawn
    return {"pens": pens, "minutes": (made.get("plotting") or {}).get("minutes") or 0, **drawing}
