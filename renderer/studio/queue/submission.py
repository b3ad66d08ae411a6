"""Files to jobs: specs to renders, and finished drawings to plots. Everything is checked before a job is added."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hardware.job.gcode_job import GcodeJob as Lines
from hardware.machine import MachineError, load_machine
from renderer.plot_source import Tell, ignore_note, lines_of
from renderer.specfile import Work, load
from renderer.specfile.files import is_picture
from renderer.studio.queue.adding import NewJob
from renderer.studio.queue.job_fields import COLUMNS, JobFields
from renderer.studio.queue.previews import preview_of
from renderer.studio.queue.release import content_sha256


@dataclass(frozen=True)
class JobOptions(JobFields):
    """What a person asks of new jobs: their fields, how they are made, and how many sheets are plotted."""

    changes: tuple[str, ...]
    out: Path
    draft: bool
    plot: bool
    edition: int
    machine: Path | None = None
    title: str | None = None
    within: Path | None = None  # the folder that must hold the spec and every file that it names

    @property
    def fields(self) -> dict[str, Any]:
        """The fields that all of these jobs share."""
        return {field.name: getattr(self, field.name) for field in COLUMNS}


def new_jobs(path: Path, wanted: JobOptions, tell: Tell = ignore_note) -> Iterator[tuple[NewJob | None, list[NewJob]]]:
    """The jobs of a file: for a spec a render of each work and its plots, for any other file only plots.

    Raises SpecErrors if the spec has faults, MachineError if no machine is known or it cannot be read, and the errors
    of `renderer.plot_source.lines_of` if the machine cannot draw the file.
    """
    if not is_picture(path) and (path.suffix.lower() not in {".yaml", ".yml"} or path.is_dir()):
        yield None, _plots(path, wanted, tell)
        return
    for work in load(path, wanted.changes, wanted.within):
        title = wanted.title or work.artwork.title or work.name
        render = NewJob(
            kind="render", name=work.name, title=title, source=str(path.absolute()), changes=wanted.changes,
            out=str(wanted.out.absolute()), draft=wanted.draft, **wanted.fields,
        )  # fmt: skip
        machine = load_machine(wanted.machine) if wanted.machine else work.artwork.machine
        if wanted.plot and machine is None:
            raise MachineError(f"{path}: names no machine that plots it; name one with --machine")
        name = machine.name if machine else ""
        plots = _sheets(replace(render, kind="plot", machine=name), work) if wanted.plot else []
        yield render, [one for plot in plots for one in _editions(plot, wanted)]


def _sheets(plot: NewJob, work: Work) -> list[NewJob]:
    """A plot for each sheet on which the work is distributed."""
    titles = () if work.tiles is None else work.tiles.tiling.names
    sheets = zip(work.sheet_names, titles, strict=True)
    return [replace(plot, name=name, title=f"{plot.title}, {title}") for name, title in sheets] or [plot]


def _plots(path: Path, wanted: JobOptions, tell: Tell) -> list[NewJob]:
    """Plots of a finished drawing, once it is certain that the machine can draw it."""
    lines, machine = lines_of(path, load_machine(wanted.machine) if wanted.machine else None, tell=tell)
    name = path.resolve().name if path.is_dir() else path.stem
    new = NewJob(
        kind="plot", name=name, title=wanted.title or lines.title, source=str(path.absolute()),
        machine=machine.name, result=_usage(path, lines), preview=preview_of(path), **wanted.fields,
    )  # fmt: skip
    return _editions(new, wanted)


def _editions(new: NewJob, wanted: JobOptions) -> list[NewJob]:
    return [replace(new, edition=n, editions=wanted.edition) for n in range(1, wanted.edition + 1)]


def _usage(path: Path, lines: Lines) -> dict[str, Any]:
    """Metres and minutes of each pen and how far it lasts, and the sha256 of the drawing."""
    ranges_m = _pen_ranges_m(path)
    pens = [
        {"name": part.name, "colour": part.colour, "strokes": part.strokes, "lasts_m": ranges_m.get(number),
         "metres": round(part.drawn_mm / 1000, 3), "minutes": round(part.seconds / 60, 2)}
        for number, part in enumerate(lines.parts)
    ]  # fmt: skip
    return {"pens": pens, "minutes": round(lines.seconds / 60, 2), "drawing": content_sha256(path)}


def _pen_ranges_m(path: Path) -> dict[int, float]:
    """`max_draw_m` of the pens, by the number of their pass, from a render's manifest if there is one."""
    try:
        passes = json.loads((path / "manifest.json").read_bytes())["passes"]
        return {n: row["pen"]["max_draw_m"] for n, row in enumerate(passes) if row["pen"].get("max_draw_m")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
