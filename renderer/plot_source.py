"""A finished render, an SVG or G-code -> the drawing, its machine, and the lines that are sent to the machine."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hardware.drawing import Drawing, Pen
from hardware.drawing_part import WHOLE, DrawingPart, PartError, part_of
from hardware.job.gcode_job import GcodeJob as Job
from hardware.job.prepare import from_drawing, from_gcode, is_gcode
from hardware.machine import Machine, MachineError
from hardware.svg_intake import options_of, ready_drawing, with_sheet_placed
from hardware.svgfile import Options, SvgError, read_svg
from hardware.svgfile.svg_layers import PenMatch

Tell = Callable[[str], None]


def ignore_note(_: str) -> None:
    """Ignore a note."""


def drawing_of(
    what: Path, machine: Machine | None, options: Options, tell: Tell = ignore_note
) -> tuple[Drawing, Machine | None]:
    """The drawing of a finished render, with its machine; or that of an SVG file, prepared for one. Raises SvgError."""
    if not what.is_dir():
        made = ready_drawing(what, machine, options)
        for note in made.notes:
            tell(f"note: {what}: {note}")
        return made.drawing, None
    if not (what / "drawing.svg").is_file():
        raise SvgError(f"{what}: has no drawing.svg; name a folder that render wrote, a spec or an SVG")
    drawing = read_svg(what / "drawing.svg", options)
    try:
        record = json.loads((what / "manifest.json").read_bytes())
        own = record["spec"]["resolved"]["machine"]
        pens = [Pen.model_validate(made["pen"]) for made in record["passes"] if not made["free_colours"]]
        return _with_pens(drawing, pens), own and Machine.model_validate(own)
    except (OSError, ValueError, KeyError, TypeError):
        return drawing, None  # not ours, or changed: use only the SVG


def _with_pens(drawing: Drawing, pens: list[Pen]) -> Drawing:
    """The drawing with the pens' own feeds and dwells, which an SVG cannot contain."""
    if len(pens) != len(drawing.passes):
        return drawing
    passes = zip(drawing.passes, pens, strict=True)
    return replace(drawing, passes=tuple(replace(p, pen=pen) if p.pen.name == pen.name else p for p, pen in passes))


def lines_of(
    what: Path,
    machine: Machine | None,
    rotate: str | None = None,
    centre: bool = False,
    hatch_mm: float | None = None,
    rack: Path | None = None,
    by: PenMatch | None = None,
    keep_order: bool = False,
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
    chosen = machine and with_sheet_placed(machine, rotate, centre)
    drawing, own = drawing_of(what, chosen, options_of(hatch_mm, rack, by, keep_order), tell)
    used = chosen or (own and with_sheet_placed(own, rotate, centre))
    if used is None:
        raise MachineError(f"{what}: does not say which machine draws it; name it with --machine")
    return from_drawing(part_of(drawing, part), used, drawing.title or what.stem), used
