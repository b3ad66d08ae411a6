"""A drawing or any G-code file, and a machine -> the job that is sent."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hardware.job.gcode_job import GcodeJob, JobError, MachineSetup
from hardware.job.gcode_parser import PassInfo, read
from hardware.wire import gcode_text

if TYPE_CHECKING:
    from hardware.drawing import Drawing, Pen
    from hardware.machine import Machine


def from_drawing(drawing: "Drawing", machine: "Machine", title: str, pause_every_min: float | None = None) -> GcodeJob:
    """Return the job that plots a drawing, with pauses after so many minutes of each pen.

    Raises ProgramError where the machine cannot draw it.
    """
    from hardware.gcode import gcode
    from hardware.pauses import with_pauses, with_short_strokes
    from hardware.program import ChangePen, program
    from hardware.reloading import check_wells, divided

    check_wells(drawing, machine)
    drawing = divided(drawing)
    if pause_every_min is not None:
        drawing = with_short_strokes(drawing, machine, pause_every_min)
    steps = program(drawing, machine)
    if pause_every_min is not None:
        steps = with_pauses(steps, machine, pause_every_min)
    changes = [step for step in steps if isinstance(step, ChangePen)]
    passes = tuple(PassInfo(step.pen.label, step.pen.colour, step.strokes, step.pen.brush) for step in changes)
    setup = replace(setup_of(machine), sheet_mm=_sheet(drawing, machine))
    return read(gcode(steps, machine), machine, setup, passes, title)


def bare_job(machine: "Machine") -> GcodeJob:
    """Return a job of one dot for moves outside a plot, with the machine's own heights. Raises ProgramError."""
    import numpy as np

    from hardware.drawing import Drawing, PenPass
    from hardware.pen import Pen

    dot = PenPass("dot", Pen(name="any", colour="#000000", nib_mm=0.5), (np.array([[30.0, 30.0]]),))
    return from_drawing(Drawing(60.0, 60.0, "#ffffff", (dot,)), machine, "moves")


def trips_of(drawing: "Drawing", machine: "Machine") -> tuple[int, float]:
    """Return how often brushes go to their wells during a plot, and the seconds that this takes. Raises ProgramError.

    None go for a machine that runs files by itself: only a plot makes trips.
    """
    from hardware.controllers import speech_of
    from hardware.reloading import for_brushes, trips

    if speech_of(machine.dialect)[1] is None:
        return 0, 0.0
    made = for_brushes(drawing, machine)
    count = sum(trips(made).values())
    if not count:
        return 0, 0.0
    dry = replace(drawing, passes=tuple(replace(each, pen=_dry(each.pen)) for each in drawing.passes))
    return count, from_drawing(made, machine, "").seconds - from_drawing(dry, machine, "").seconds


def _dry(pen: "Pen") -> "Pen":
    return pen.model_copy(update={"reload": None})


def from_gcode(path: Path, machine: "Machine") -> GcodeJob:
    """Return the job in a G-code file. Raises JobError with all faults."""
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError as fault:
        raise JobError(f"{path}: cannot be read: {fault.strerror}") from None
    try:
        return read(text, machine, setup_of(machine), title=path.name)
    except JobError as fault:
        raise JobError("\n".join(f"{path}: {each}" for each in str(fault).splitlines())) from None


def is_gcode(path: Path) -> bool:
    """Whether a file is G-code, judged by its suffix."""
    return path.suffix.lower() in {".gcode", ".nc", ".ngc", ".gc", ".tap"}


def setup_of(machine: "Machine") -> MachineSetup:
    """Return how this machine lifts its pen, in G-code of its dialect, and where it parks."""
    from hardware.controllers import language_of
    from hardware.dialect import dialect_of
    from hardware.gcode import lines_by_step
    from hardware.wire import ebb_setup, hpgl_setup

    dialect = dialect_of(machine.dialect)
    texts = [gcode_text.clean(raw) for raw in next(lines_by_step((), machine)).lines]
    header, lift = texts[: len(dialect.header)], texts[len(dialect.header) :]
    pen = machine.pen_lift
    up, down = (pen.up_mm, pen.down_mm) if pen.kind == "z" else (getattr(pen, "up", 0.0), getattr(pen, "down", 0.0))
    return MachineSetup(
        lift=tuple(text for text in lift if text),
        park_mm=machine.changes_at_mm,
        header=tuple(text for text in header if text),
        travel_mm_min=machine.travel_feed_mm_min,
        feed_mm_min=machine.feed_mm_min,
        lift_kind=pen.kind,
        up=up,
        lower=up - down,
        end_mm=machine.park_mm,
        bed_mm=machine.bed_mm,
        zero_text=machine.zero_text,
        needs_travel_feed=dialect.travel_has_feed,
        pen_change_s=machine.pen_change_s,
        ebb=ebb_setup.setup_of(machine) if language_of(machine.dialect) == "ebb" else None,
        hpgl=hpgl_setup.hpgl_setup_of(machine) if language_of(machine.dialect) == "hpgl" else None,
    )


def _sheet(drawing: "Drawing", machine: "Machine") -> tuple[float, float, float, float]:
    from hardware.sheet_placement import sheet_placement

    placement = sheet_placement(drawing.width_mm, drawing.height_mm, machine)
    left, bottom = placement.corner_mm
    return left, bottom, left + placement.size_mm[0], bottom + placement.size_mm[1]
