"""How a person wants an SVG to be read and its sheet to lie on the bed -> the drawing, ready for the machine."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hardware.drawing import Drawing
from hardware.machine import Machine
from hardware.pen_mapping import PenMapping, load_mapping
from hardware.sheet_placement import sheet_room_mm
from hardware.svg_intake import ReadyDrawing, options_of, ready_drawing, with_sheet_placed
from hardware.svgfile import Options, SvgError, reading
from hardware.svgfile.sizing import Sizing
from hardware.svgfile.svg_layers import LayerOrder, PenMatch, TextStyle


@dataclass(frozen=True)
class Intake:
    """How a person wants an SVG to be read, and its sheet to lie on the bed."""

    options: Options = field(default_factory=Options)
    rotate: str | None = None  # degrees anticlockwise; None: the machine's own
    centre: bool = False
    margin_mm: float | None = None  # that the pen keeps clear of; None: the machine's own

    def placed(self, machine: Machine) -> Machine:
        """Return the machine with the sheet placed as this asks."""
        placed = with_sheet_placed(machine, self.rotate, self.centre)
        return placed if self.margin_mm is None else placed.model_copy(update={"margin_mm": self.margin_mm})


def intake_of(
    *,
    hatch_mm: float | None = None,
    rack: Path | None = None,
    by: PenMatch | None = None,
    keep_order: bool = False,
    rotate: str | None = None,
    centre: bool = False,
    margin_mm: float | None = None,
    layer_order: LayerOrder | None = None,
    strict: bool = False,
    text: TextStyle = "line",
    **size: Any,
) -> Intake:
    """Return what the options of a command line ask for: `size` is fit, width_mm, height_mm and scale.

    Raises RackError, and SvgError if several of them set the size.
    """
    sizing = _sizing(margin_mm or 0.0, **size)
    mapping = None if rack is None else load_mapping(rack)
    options = _with_pens(options_of(hatch_mm, None, by, keep_order), mapping)
    return Intake(
        replace(options, strict=strict, layer_order=layer_order, sizing=sizing, text=text), rotate, centre, margin_mm
    )


def _with_pens(options: Options, mapping: PenMapping | None) -> Options:
    return options if mapping is None else replace(options, pens=mapping.pens, layer_pens=mapping.layers)


def _sizing(
    margin_mm: float,
    fit: bool = False,
    width_mm: float | None = None,
    height_mm: float | None = None,
    scale: float | None = None,
) -> Sizing | None:
    has_side = width_mm is not None or height_mm is not None
    asked = {"--fit": fit, "--scale": scale is not None, "--width or --height": has_side}
    named = [name for name, is_asked in asked.items() if is_asked]
    if len(named) > 1:
        raise SvgError(f"{' and '.join(named)} each set the size of the sheet; choose one")
    return Sizing(width_mm, height_mm, scale, _UNKNOWN_BED if fit else None, margin_mm) if named else None


_UNKNOWN_BED = (0.0, 0.0)  # for --fit, until the machine is known


def for_machine(options: Options, machine: Machine | None) -> Options:
    """Return the options with what the machine decides: its bed for --fit, and its speed. Raises SvgError."""
    sizing = options.sizing
    if sizing is not None and sizing.within_mm == _UNKNOWN_BED:
        if machine is None:
            raise SvgError("--fit needs a machine, whose bed the sheet must fit; name it with --machine")
        margin_mm = max(sizing.margin_mm, machine.margin_mm)
        sizing = replace(sizing, within_mm=_room(machine), margin_mm=margin_mm)
    return replace(options, sizing=sizing, feed_mm_min=None if machine is None else machine.feed_mm_min)


def _room(machine: Machine) -> tuple[float, float]:
    """Return width and height in mm of the largest sheet that lies on the bed, before it is rotated."""
    wide, high = sheet_room_mm(machine)
    return (high, wide) if machine.rotate in (90, 270) else (wide, high)


def ready_svg(path: Path, machine: Machine | None, options: Options) -> ReadyDrawing:
    """Return the drawing of an SVG file, made ready for a machine with its sheet placed.

    Raises SvgError as `ready_drawing` does, if nothing of the drawing lies on its sheet, and with --strict if not all
    of it does.
    """
    options = for_machine(options, machine)
    made = ready_drawing(path, machine, options)
    if not any(pen_pass.lines for pen_pass in made.drawing.passes):
        raise SvgError(f"{path}: {_all_outside(reading(path, options).drawing, machine)}")
    if options.strict and (cut := [note for note in made.notes if note.startswith("what lies outside")]):
        raise SvgError("\n".join(f"{path}: {note} (an error because of --strict)" for note in cut))
    return made


def _all_outside(drawing: Drawing, machine: Machine | None) -> str:
    points = [line for pen_pass in drawing.passes for line in pen_pass.lines]
    left, top = (min(line[:, axis].min() for line in points) for axis in (0, 1))
    right, bottom = (max(line[:, axis].max() for line in points) for axis in (0, 1))
    margin = f" inside its margin of {machine.margin_mm:g} mm" if machine and machine.margin_mm else ""
    return (
        f"has nothing to draw{margin}: its sheet is {drawing.width_mm:g} x {drawing.height_mm:g} mm, and its strokes"
        f" lie between x {left:.1f} and {right:.1f}, y {top:.1f} and {bottom:.1f} mm; correct its viewBox, or move them"
    )
