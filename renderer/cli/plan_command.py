"""`render plan`: what a spec, a finished render or an SVG takes."""

import dataclasses
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hardware.drawing import Drawing, PenPass, is_dot, length_mm
from hardware.estimate import Estimate, estimate
from hardware.intake import Intake, intake_of
from hardware.job.prepare import trips_of
from hardware.machine import Machine, load_machine
from hardware.picture import plan_svg
from hardware.plurals import counted
from hardware.program import program
from hardware.starters import spec_path
from renderer.cli import printing
from renderer.cli.atomic_file import write_atomically
from renderer.cli.codes import DONE
from renderer.manifest import duration
from renderer.output.place import explained
from renderer.plot_source import drawing_of, sheets_of
from renderer.specfile import load
from renderer.specfile.files import is_picture

if TYPE_CHECKING:
    from renderer.plan import Plan


def show_plan(
    *, what: Path, machine: Path | None, changes: tuple[str, ...], plot: Path | None, as_json: bool, **how: Any
) -> int:
    """Show the plan: a YAML file is a spec, a folder a finished render, anything else an SVG.

    Raises UsageError if --plot cannot draw it, SpecErrors, MachineError, and the errors of `plot_source.drawing_of`.
    """
    what = spec_path(what)
    intake = intake_of(**how)
    chosen = None if machine is None else load_machine(machine)
    if is_picture(what) or (what.suffix.lower() in {".yaml", ".yml"} and not what.is_dir()):
        if plot is not None:
            raise click.UsageError("--plot draws a finished drawing: render the spec first, then name its folder")
        return _plan_spec(what, chosen and intake.placed(chosen), changes, as_json)
    if sheets := sheets_of(what):
        return _plan_sheets(sheets, chosen, intake, plot, as_json)
    drawing, placed = drawing_of(what, chosen, intake, printing.say)
    return _plan_drawing(what, drawing, placed, plot, as_json)


# --- before the fit ---


def _plan_spec(path: Path, machine: Machine | None, changes: tuple[str, ...], as_json: bool) -> int:
    from renderer.plan import plan  # torch

    plans = []
    for work in load(path, changes, opens_pictures=True):
        artwork = work.artwork if machine is None else work.artwork.model_copy(update={"machine": machine})
        plans.append(plan(replace(work, artwork=artwork)))
    if as_json:
        printing.as_json({"works": [dataclasses.asdict(one) | {"layers": _layers(one)} for one in plans]})
        return DONE
    for one in plans:
        printing.data(_spec_text(one))
    return DONE


def _layers(one: "Plan") -> list[dict[str, Any]]:
    return [dataclasses.asdict(layer) | {"text": layer.text} for layer in one.layers]


def _spec_text(one: "Plan") -> str:
    width_mm, height_mm = one.sheet_mm
    area = one.frame
    lines = [
        f"{one.title} ({one.name})",
        f"  sheet    {width_mm:g} x {height_mm:g} mm, drawn on {area.width_mm:.4g} x {area.height_mm:.4g} mm",
        f"  fitted   at {area.width_px} x {area.height_px} px, {area.px_per_mm:.3g} px a mm",
    ]
    lines += [f"  tiles    {one.tiles}; each has its own pen changes"] if one.tiles else []
    lines += [f"  layer {n}  {layer.name}: {layer.text}; {layer.pens}" for n, layer in enumerate(one.layers, 1)]
    lines.append(f"  picture  wants about {one.needed:.0%} of the area under ink")
    if one.minutes is not None:
        about, plotter = "about" if one.is_planned else "roughly", one.machine or "a usual gantry"
        lines.append(f"  time     {about} {duration(one.minutes * 60)} on {plotter}, pen changes included")
    lines += _decided(one)
    lines += [f"  note     {note}" for note in one.notes]
    lines += [f"  warning  {warning}" for warning in one.warnings]
    return "\n".join(lines)


def _decided(one: "Plan") -> list[str]:
    """A table of what the program has chosen: field, value, reason."""
    rows = [(decision.field, decision.value, decision.why) for decision in one.decisions]
    wide = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    return [f"  planned  {field.ljust(wide[0])}  {value.ljust(wide[1])}  {why}" for field, value, why in rows]


# --- after the fit ---


def _plan_drawing(what: Path, drawing: Drawing, machine: Machine | None, plot: Path | None, as_json: bool) -> int:
    plotting = None
    if machine is not None and not drawing.is_free:
        steps = program(drawing, machine)
        plotting = estimate(steps, machine)
        if plot is not None:
            with explained(plot):
                write_atomically(plot, plan_svg(drawing, steps, machine))
    elif plot is not None:
        why = "its strokes have colours of their own" if drawing.is_free else "no --machine is named"
        raise click.UsageError(f"--plot cannot draw how {what} is plotted: {why}")
    if as_json:
        printing.as_json(_drawing_record(what, drawing, machine, plotting))
        return DONE
    printing.data(f"{what}: {drawing.width_mm:g} x {drawing.height_mm:g} mm")
    for line in _rows(drawing, plotting):
        printing.data(line)
    if plotting and machine:
        changes = counted(plotting.pen_changes, "pen change")
        if plotting.refills:
            changes += f" and {counted(plotting.refills, 'refill')}"
        travel = f"{plotting.travel_mm / 1000:.1f} m with the pen up"
        printing.data(f"about {duration(plotting.total_s)} on {machine.name}, {changes} included; {travel}")
        count, seconds = trips_of(drawing, machine)
        if count:
            trips = counted(count, "trip")
            printing.data(f"and {trips} of the brushes to their wells, about {duration(seconds)} more")
    elif drawing.is_free:
        printing.say("note: its strokes have colours of their own, so no set of pens can draw it")
    else:
        printing.say("note: name a machine with --machine to see how long it takes")
    return DONE


def _plan_sheets(
    sheets: tuple[Path, ...], chosen: Machine | None, intake: Intake, plot: Path | None, as_json: bool
) -> int:
    """The plan of a drawing on several sheets: a row for each, and their sum."""
    if plot is not None:
        raise click.UsageError(f"--plot draws one sheet; name one of them, such as {sheets[0]}")
    records, total_s = [], 0.0
    for sheet in sheets:
        drawing, machine = drawing_of(sheet, chosen, intake, printing.say)
        plotting = None if machine is None else estimate(program(drawing, machine), machine)
        records.append(_drawing_record(sheet, drawing, machine, plotting))
        strokes, metres = _sums(drawing)
        row = f"{sheet}: {drawing.width_mm:g} x {drawing.height_mm:g} mm, {counted(strokes, 'stroke')}, {metres:.1f} m"
        if plotting is not None:
            total_s += plotting.total_s
            row += f", about {duration(plotting.total_s)}, {counted(plotting.pen_changes, 'pen change')}"
        if not as_json:
            printing.data(row)
    if as_json:
        printing.as_json({"sheets": records})
    elif total_s:
        printing.data(f"{counted(len(sheets), 'sheet')} in all: about {duration(total_s)}, pen changes included")
    return DONE


def _sums(drawing: Drawing) -> tuple[int, float]:
    """Strokes and metres."""
    lines = [line for one in drawing.passes for line in one.lines]
    return len(lines), sum(map(length_mm, lines)) / 1000


def _rows(drawing: Drawing, plotting: Estimate | None) -> list[str]:
    """A plain table: it is data, so it has no colours and goes to stdout."""
    rows = [["", "pen", "nib", "strokes", "dots", "metres", *(["lifts", "time"] if plotting else [])]]
    for number, pen_pass in enumerate(drawing.passes, 1):
        row = _row(number, pen_pass)
        cells = [str(number), str(row["pen"])[:30], f"{row['nib_mm']:g}", str(row["strokes"]), str(row["dots"])]
        cells.append(f"{row['metres']:.1f}")
        time = next((pen for pen in plotting.pens if pen.number == number), None) if plotting else None
        if plotting:
            cells += [str(time.lifts), duration(time.seconds)] if time else ["0", "0 s"]
        rows.append(cells)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(_aligned(row, widths)).rstrip() for row in rows]


def _aligned(row: list[str], widths: list[int]) -> list[str]:
    """The cells of a row: numbers flush right, the pen's name flush left."""
    cells = zip(row, widths, strict=True)
    return [cell.ljust(width) if at == 1 else cell.rjust(width) for at, (cell, width) in enumerate(cells)]


def _row(number: int, pen_pass: PenPass) -> dict[str, Any]:
    return {
        "number": number,
        "layer": pen_pass.layer,
        "pen": "free colours" if pen_pass.is_free else pen_pass.pen.name,
        "nib_mm": pen_pass.pen.nib_mm,
        "strokes": len(pen_pass.lines),
        "dots": sum(map(is_dot, pen_pass.lines)),
        "metres": round(sum(map(length_mm, pen_pass.lines)) / 1000, 3),
    }


def _drawing_record(what: Path, drawing: Drawing, machine: Machine | None, plotting: Estimate | None) -> dict[str, Any]:
    passes = [_row(number, pen_pass) for number, pen_pass in enumerate(drawing.passes, 1)]
    totals: dict[str, Any] | None = None
    if plotting and machine:
        for pen in plotting.pens:
            passes[pen.number - 1] |= {"lifts": pen.lifts, "minutes": round(pen.seconds / 60, 2)}
        totals = {
            "machine": machine.name,
            "minutes": round(plotting.total_s / 60, 2),
            "pen_changes": plotting.pen_changes,
            "refills": plotting.refills,
            "travel_metres": round(plotting.travel_mm / 1000, 3),
            "lifts": plotting.lifts,
        }
    sheet = {"width_mm": drawing.width_mm, "height_mm": drawing.height_mm}
    return {"drawing": str(what), "sheet": sheet, "passes": passes, "plotting": totals}
