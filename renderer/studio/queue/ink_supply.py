"""Which pens will run dry, and in which plot, from what they have drawn and have yet to draw."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from renderer.studio.queue.records import Job
from renderer.studio.queue.states import ENDED, Refused
from renderer.studio.queue.store import Store
from renderer.studio.queue.tables import inks


@dataclass(frozen=True)
class DryPen:
    """A pen that will not last."""

    pen: str
    job: int  # the plot in which it runs dry
    nth: int  # of the plots that use it, from 1
    metres: float  # drawn by the end of that plot
    lasts_m: float


@dataclass(frozen=True)
class PenInk:
    """A pen in use on a machine, and what it has drawn since it was new."""

    pen: str
    colour: str
    lasts_m: float | None
    drawn_m: float
    since: float

    @property
    def left_m(self) -> float | None:
        """What it can still draw; None if its rack does not say how much a new one draws."""
        return None if self.lasts_m is None else max(0.0, self.lasts_m - self.drawn_m)


def pens_in_use(connection: Connection, machine: str) -> list[PenInk]:
    """The pens that have drawn on this machine, by name."""
    rows = connection.execute(select(inks).where(inks.c.machine == machine).order_by(inks.c.pen))
    return [PenInk(row.pen, row.colour, row.lasts_m, row.drawn_m, row.since) for row in rows]


def used_m(connection: Connection, machine: str) -> dict[str, float]:
    """The metres that each pen of this machine has drawn since it was new."""
    return {ink.pen: ink.drawn_m for ink in pens_in_use(connection, machine)}


def add_drawn(connection: Connection, job: Job, now: float) -> None:
    """Add what the pens of a plot have drawn; the sheet is finished or given up. A pen that has begun counts whole."""
    lasting = {pen["name"]: pen.get("lasts_m") for pen in job.result.get("pens", ())}
    for pen in job.progress.get("pens", ()):
        if not pen["began"] or pen["skipped"]:
            continue
        own = (inks.c.machine == job.machine, inks.c.pen == pen["name"])
        more = {"drawn_m": inks.c.drawn_m + pen["metres"], "lasts_m": lasting.get(pen["name"])}
        if connection.execute(inks.update().where(*own).values(**more)).rowcount == 0:
            new = {"machine": job.machine, "pen": pen["name"], "colour": pen["colour"], "since": now}
            new |= {"drawn_m": pen["metres"], "lasts_m": lasting.get(pen["name"])}
            connection.execute(inks.insert().values(**new))


def put_in_new(store: Store, machine: str, pen: str) -> None:
    """Note that a person has put in a new pen, or filled it. Raises Refused if it has not drawn here."""
    with store.begin() as connection:
        own = (inks.c.machine == machine, inks.c.pen == pen)
        new = {"drawn_m": 0.0, "since": store.now(connection)}
        if connection.execute(inks.update().where(*own).values(**new)).rowcount == 0:
            raise Refused(f"{pen!r} has not drawn on {machine} yet")


def pens_running_dry(plots: Iterable[Job], used_m: Mapping[str, float] | None = None) -> list[DryPen]:
    """The pens that run dry if these plots are made in this order. A dry pen is replaced.

    `used_m`: what each pen has drawn since it was new; the others are full.
    """
    drawn = dict(used_m or {})
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
