"""A finished render, an SVG or G-code -> the drawing, its machine, and the lines that are sent to the machine."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hardware.drawing import Drawing, Pen
from hardware.drawing_part import WHOLE, DrawingPart, PartError, part_of
from hardware.hosts.host_program import HostProgram, check_host, hosted_drawing, hosted_gcode
from hardware.intake import Intake, for_machine, ready_svg
from hardware.job.gcode_job import GcodeJob as Job
from hardware.job.prepare import from_drawing, from_gcode, is_gcode
from hardware.machine import Machine, MachineError
from hardware.reloading import for_brushes
from hardware.svgfile import SvgError, read_svg

Tell = Callable[[str], None]


def ignore_note(_: str) -> None:
    """Ignore a note."""


def drawing_of(
    what: Path, machine: Machine | None, intake: Intake, tell: Tell = ignore_note
) -> tuple[Drawing, Machine | None]:
    """The drawing of a finished render, or that of an SVG file, and the machine with the sheet placed on it.

    Without a machine, a render has the one that it was made for. Raises SvgError.
    """
    placed = None if machine is None else intake.placed(machine)
    if not what.is_dir():
        made = ready_svg(what, placed, intake.options)
        for note in made.notes:
            tell(f"note: {what}: {note}")
        return made.drawing, placed
    if not (what / "drawing.svg").is_file():
        raise SvgError(f"{what}: has no drawing.svg; name a folder that render wrote, a spec or an SVG")
    own, pens = _recorded(what)
    if sheets := sheets_of(what):
        raise SvgError(f"{what}: is one drawing on {len(sheets)} sheets; name one of them, such as {sheets[0]}")
    placed = intake.placed(own) if placed is None and own is not None else placed
    drawing = read_svg(what / "drawing.svg", for_machine(intake.options, placed))
    return _with_pens(drawing, pens), placed


def _recorded(folder: Path) -> tuple[Machine | None, list[Pen]]:
    """The machine and the pens in a render's manifest; none if it is not ours, or was changed."""
    try:
        record = json.loads((folder / "manifest.json").read_bytes())
        own = record["spec"]["resolved"]["machine"]
        pens = [Pen.model_validate(made["pen"]) for made in record["passes"] if not made["free_colours"]]
        return (Machine.model_validate(own) if own else None), pens
    except (OSError, ValueError, KeyError, TypeError):
        return None, []


def sheets_of(folder: Path) -> tuple[Path, ...]:
    """The folders of the sheets on which a render is distributed; none if it is on one sheet or not a render."""
    try:
        names = json.loads((folder / "manifest.json").read_bytes()).get("sheets", [])
        return tuple(folder / str(name) for name in names)
    except (OSError, ValueError, AttributeError, TypeError):
        return ()


def _with_pens(drawing: Drawing, pens: list[Pen]) -> Drawing:
    """The drawing with the pens' own feeds and dwells, which an SVG cannot contain."""
    if len(pens) != len(drawing.passes):
        return drawing
    passes = zip(drawing.passes, pens, strict=True)
    return replace(drawing, passes=tuple(replace(p, pen=pen) if p.pen.name == pen.name else p for p, pen in passes))


def lines_of(
    what: Path,
    machine: Machine | None,
    intake: Intake | None = None,
    part: DrawingPart = WHOLE,
    tell: Tell = ignore_note,
) -> tuple[Job, Machine]:
    """The job of a render, an SVG or G-code, and its machine. Raises MachineError, SvgError, PartError and others."""
    if is_gcode(what):
        if machine is None:
            raise MachineError(f"{what}: G-code does not say for which machine it is; name it with --machine")
        if part != WHOLE:
            raise PartError("--strokes, --region and --pause-every need a drawing, and this is G-code")
        return from_gcode(what, machine), machine
    drawing, used = drawing_of(what, machine, intake or Intake(), tell)
    if used is None:
        raise MachineError(f"{what}: does not say which machine draws it; name it with --machine")
    drawing = part_of(for_brushes(drawing, used), part)
    return from_drawing(drawing, used, drawing.title or what.stem, part.pause_every.minutes), used


def hosted_program(
    what: Path,
    machine: Machine | None,
    intake: Intake,
    part: DrawingPart,
    kind: str,
    wanted: Callable[[int], set[int] | None],
    tell: Tell = ignore_note,
) -> HostProgram:
    """The file that a host of this kind runs, of a render, an SVG or G-code.

    `wanted` returns which of so many passes are drawn. Raises MachineError, SvgError, PartError, JobError and others.
    """
    if is_gcode(what):
        if machine is None:
            raise MachineError(f"{what}: G-code does not say for which machine it is; name it with --machine")
        if part != WHOLE or wanted(1) is not None:
            raise PartError("--strokes, --region, --pause-every and passes need a drawing, and this is G-code")
        check_host(kind, machine)
        return hosted_gcode(what, machine)
    drawing, used = drawing_of(what, machine, intake, tell)
    if used is None:
        raise MachineError(f"{what}: does not say which machine draws it; name it with --machine")
    check_host(kind, used)
    if part.pause_every.minutes is not None:
        raise PartError("a host pauses after metres only; write --pause-every in metres")
    title, passes = drawing.title or what.stem, wanted(len(drawing.passes))
    return hosted_drawing(part_of(drawing, part), used, title, passes)
