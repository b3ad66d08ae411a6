"""An SVG file -> a Drawing that is ready for a machine: read, clipped to what the pen may reach, joined, ordered."""

from dataclasses import dataclass, replace
from pathlib import Path

from hardware import toolpath
from hardware.drawing import Drawing, is_dot, length_mm
from hardware.machine import Machine
from hardware.program import park_on_sheet
from hardware.rack import load_rack
from hardware.svgfile import Options, reading
from hardware.svgfile.svg_layers import PenMatch


@dataclass(frozen=True)
class ReadyDrawing:
    """A drawing, and notes on how it was made that a person should know."""

    drawing: Drawing
    notes: tuple[str, ...] = ()


def ready_drawing(path: Path, machine: Machine | None = None, options: Options | None = None) -> ReadyDrawing:
    """Return the drawing of an SVG file, made ready for a machine. Raises SvgError.

    Lines with free colours are left unchanged: no pen draws them.
    """
    options = options or Options()
    if machine is not None:
        options = replace(options, tolerance_mm=min(options.tolerance_mm, 0.1 * machine.tolerance_mm))
    read = reading(path, options)
    if read.drawing.is_free:
        return ReadyDrawing(read.drawing, read.notes)
    drawing, cut = prepared(read.drawing, machine)
    return ReadyDrawing(drawing, (*read.notes, *cut))


def with_sheet_placed(machine: Machine, rotate: str | None, centre: bool) -> Machine:
    """Return the machine with the sheet placed as the command line says."""
    changes: dict[str, object] = {} if rotate is None else {"rotate": int(rotate)}
    return machine.model_copy(update=changes | ({"centre": True, "origin_mm": (0.0, 0.0)} if centre else {}))


def options_of(hatch_mm: float | None, rack: Path | None, by: PenMatch | None, keep_order: bool) -> Options:
    """Return the reading options of a command line. Raises RackError."""
    return Options(hatch_mm, None if rack is None else load_rack(rack), by, keep_order)


def prepared(drawing: Drawing, machine: Machine | None) -> tuple[Drawing, tuple[str, ...]]:
    """Return the drawing clipped to the sheet or its margin, joined, split at `max_draw_m` and ordered; and notes."""
    margin_mm = machine.margin_mm if machine else 0.0
    cut = toolpath.clip(drawing, margin_mm)
    notes: tuple[str, ...] = ()
    if _dots(cut) < _dots(drawing) or _ink_mm(cut) < _ink_mm(drawing) - 0.01:
        margin = f", or within {margin_mm:g} mm of its edge," if margin_mm else ""
        notes = (f"what lies outside its {drawing.width_mm:g} x {drawing.height_mm:g} mm{margin} is left out",)
    start = park_on_sheet(drawing.width_mm, drawing.height_mm, machine) if machine else None
    return toolpath.order(toolpath.split(toolpath.join(cut)), start), notes


def _dots(drawing: Drawing) -> int:
    return sum(is_dot(line) for pen_pass in drawing.passes for line in pen_pass.lines)


def _ink_mm(drawing: Drawing) -> float:
    return sum(length_mm(line) for pen_pass in drawing.passes for line in pen_pass.lines)
