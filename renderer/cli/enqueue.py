"""`render queue add`: specs to renders, and what is drawn already to plots."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hardware.machine import MachineError, load_machine
from renderer.cli.codes import DONE
from renderer.cli.queue import me, opened, told
from renderer.studio import queue

if TYPE_CHECKING:
    from hardware.sender.job import Job as Lines


@dataclass(frozen=True)
class Wanted:
    """What the options say of new jobs."""

    changes: tuple[str, ...]
    out: Path
    draft: bool
    plot: bool
    machine: Path | None
    edition: int
    priority: int
    title: str | None
    note: str
    due: datetime | None

    @property
    def common(self) -> dict[str, Any]:
        due = self.due.strftime("%Y-%m-%d") if self.due else ""
        return {"note": self.note, "due": due, "priority": self.priority}


def add(*, what: tuple[Path, ...], db: str | None, as_json: bool, **options: Any) -> int:
    """All of them, or none where one is wrong."""
    wanted = Wanted(**options)
    news = [pair for path in what for pair in _new(path, wanted)]
    with opened(db) as store:
        told(queue.add_all(store, news, me()), as_json, "added")
    return DONE


def _new(path: Path, wanted: Wanted) -> Iterator[tuple[queue.New | None, list[queue.New]]]:
    """Of a spec a render for each work, and the plots of it; of all else plots. Raises SpecErrors and others."""
    if path.suffix.lower() not in {".yaml", ".yml"} or path.is_dir():
        yield None, _plots(path, wanted)
        return
    from renderer.specfile import load

    for work in load(path, wanted.changes):
        title = wanted.title or work.artwork.title or work.name
        render = queue.New(
            kind="render", name=work.name, title=title, source=str(path.absolute()), changes=wanted.changes,
            out=str(wanted.out.absolute()), draft=wanted.draft, **wanted.common,
        )  # fmt: skip
        machine = load_machine(wanted.machine) if wanted.machine else work.artwork.machine
        if wanted.plot and machine is None:
            raise MachineError(f"{path}: does not say which machine plots it; name it with --machine")
        name = machine.name if machine else ""
        yield render, _editions(replace(render, kind="plot", machine=name), wanted) if wanted.plot else []


def _plots(path: Path, wanted: Wanted) -> list[queue.New]:
    """Plots of what is there already, once it is known that the machine can draw it."""
    from renderer.cli.plot import job_of

    lines, machine = job_of(path, load_machine(wanted.machine) if wanted.machine else None)
    name = path.resolve().name if path.is_dir() else path.stem
    new = queue.New(
        kind="plot", name=name, title=wanted.title or lines.title, source=str(path.absolute()),
        machine=machine.name, result=_takes(path, lines), **wanted.common,
    )  # fmt: skip
    return _editions(new, wanted)


def _editions(new: queue.New, wanted: Wanted) -> list[queue.New]:
    return [replace(new, edition=n, editions=wanted.edition) for n in range(1, wanted.edition + 1)]


def _takes(path: Path, lines: "Lines") -> dict[str, Any]:
    """Metres and minutes of each pen, and how far it lasts."""
    lasts = _lasts(path)
    pens = [
        {"name": part.name, "colour": part.colour, "strokes": part.strokes, "lasts_m": lasts.get(number),
         "metres": round(part.drawn_mm / 1000, 3), "minutes": round(part.seconds / 60, 2)}
        for number, part in enumerate(lines.parts)
    ]  # fmt: skip
    return {"pens": pens, "minutes": round(lines.seconds / 60, 2)}


def _lasts(path: Path) -> dict[int, float]:
    """`max_draw_m` of the pens, by the number of their pass, where a render's manifest tells it."""
    try:
        passes = json.loads((path / "manifest.json").read_bytes())["passes"]
        return {n: row["pen"]["max_draw_m"] for n, row in enumerate(passes) if row["pen"].get("max_draw_m")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
