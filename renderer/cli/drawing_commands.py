"""The commands that take a drawing or its pens: plan, plot, write in other formats, measure."""

from pathlib import Path
from typing import Any

import click

from hardware.terminal.options import part_options, plot_options, reading_options
from renderer.cli.command_options import json_option, machine_option, set_option


@click.command("plan", short_help="Show what a work takes: strokes, pens, minutes.")
@click.argument("what", metavar="SPEC|FOLDER|FILE.svg", type=click.Path(path_type=Path))
@machine_option(required=False)
@set_option
@click.option("--plot", metavar="FILE.svg", type=click.Path(path_type=Path),
              help="Draw the plan too: strokes on the bed, travel dashed, what each pen takes.")  # fmt: skip
@reading_options
@json_option
def plan(**options: Any) -> int:
    """Show what a work takes: strokes, pens, metres, lifts, minutes. Nothing moves.

    For a spec: how many strokes of which pens, and whether they can cover what the picture needs,
    before anything is fitted. For a finished render or any SVG of strokes: what the plot takes.

    \b
    Examples:
      render plan specs/scream_pointillist.yaml
      render plan out/scream_pointillist --plot plan.svg
      render plan drawing.svg --machine gantry_grbl_z
    """
    from renderer.cli.plan_command import show_plan

    return show_plan(**options)


@click.command("gcode", short_help="Turn any layered SVG into G-code.")
@click.argument("svg", metavar="FILE.svg", type=click.Path(path_type=Path))
@machine_option(required=True)
@click.option("--out", "-o", metavar="FILE|DIR|-", help="Where to: a file, an existing folder, which also gets one "
              "file per pen, or - for stdout.  [default: FILE.gcode]")  # fmt: skip
@click.option("--svg", "as_svg", metavar="FILE.svg", type=click.Path(path_type=Path),
              help="Also write the drawing as SVG, in the order in which it is drawn.")  # fmt: skip
@click.option(
    "--pauses/--no-pauses",
    default=True,
    show_default=True,
    help="Mark the layers of that SVG so that AxiDraw's software stops for each pen.",
)
@reading_options
@json_option
def gcode(**options: Any) -> int:
    """Turn any SVG into G-code: one layer per pen, with a pause for each pen change.

    Sizes in millimetres come from the SVG's own width, height and viewBox. Everything is checked
    against the machine's bed first. The machine's file names the dialect of its controller.

    \b
    Examples:
      render gcode drawing.svg --machine gantry_grbl_servo
      render gcode drawing.svg -m my_machine.yaml --out - | head
      render gcode logo.svg -m my_machine.yaml --hatch 0.5
      render gcode art.svg -m my_machine.yaml --pens fineliners
    """
    from renderer.cli.gcode_command import write_gcode

    return write_gcode(**options)


@click.command("plot", short_help="Draw with the machine.")
@click.argument("what", metavar="FOLDER|FILE.svg|FILE.gcode", type=click.Path(path_type=Path))
@machine_option(required=False)
@plot_options
@part_options
@reading_options
def plot(**options: Any) -> int:
    """Draw with the machine: stream to its controller, ask for each pen, go on after an interruption.

    At each pen change the pen is up and parked. Ctrl-C stops, keeps the position, lifts the
    pen and parks; e is the emergency stop. A journal beside the drawing records what is drawn,
    and --resume goes on from there.

    \b
    Examples:
      render plot out/scream_pointillist --port sim:fast   without a machine
      render plot out/scream_pointillist --port /dev/ttyUSB0 --outline
      render plot out/scream_pointillist --port /dev/ttyUSB0
      render plot out/scream_pointillist --port /dev/ttyUSB0 --resume
      render plot card.svg --machine mine.yaml --port COM3 --only-pen 2
    """
    from renderer.cli.plot_command import plot_work

    return plot_work(**options)


@click.command("card", short_help="Write test cards for a machine and its pens.")
@machine_option(required=True)
@click.option("--pens", "rack", metavar="RACK", required=True, type=click.Path(path_type=Path),
              help="The pens to test: a file, or a starter such as fineliners.")  # fmt: skip
@click.option("--paper", default="A4", show_default=True, metavar="SIZE", help="A5, A4, A3, letter, or as in 200x150.")
@click.option("--out", "-o", metavar="DIR", default="card", show_default=True,
              type=click.Path(path_type=Path, file_okay=False), help="Where SVG and G-code go.")  # fmt: skip
@json_option
def card(**options: Any) -> int:
    """Write test cards as SVG and G-code, to plot once and pin above the desk.

    `pens` shows for each pen how wide it really is, how dots grow while the pen rests, the height at
    which it draws, and whether its tip is in line with the other pens. `inks` shows each ink over
    every other. `render measure` reads `measure` in a photograph.

    \b
    Example:
      render card -m my_machine.yaml --pens fineliners
    """
    from renderer.cli.gcode_command import write_card

    return write_card(**options)


@click.command("measure", short_help="Measure pens in photographs of their cards.")
@click.argument("photos", metavar="PHOTO...", nargs=-1, required=True, type=click.Path(path_type=Path))
@machine_option(required=True)
@click.option("--pens", "rack", metavar="RACK", required=True, type=click.Path(path_type=Path),
              help="The pens that drew the cards: the rack that `render card` had.")  # fmt: skip
@click.option(
    "--paper", default="A4", show_default=True, metavar="SIZE", help="Paper of the cards, as for `render card`."
)
@click.option("--out", "-o", metavar="FILE.yaml", type=click.Path(path_type=Path, dir_okay=False),
              help="The measured rack; its page is beside it. Default: PHOTO_measured.yaml.")  # fmt: skip
@json_option
def measure(**options: Any) -> int:
    """Measure pens in photographs or scans of the cards `measure` that `render card` writes.

    Writes the rack with each pen's real width, colour, offset and rest for a dot, and a page that shows
    every field of the card with what was read. What cannot be read is named, and the rack's value kept.

    \b
    Example:
      render measure card.jpg -m mine.yaml --pens fineliners --out measured.yaml
    """
    from renderer.cli.measure_command import write_measured

    return write_measured(**options)


def _grid(_: click.Context, param: click.Parameter, text: str) -> tuple[int, int]:
    columns, _by, rows = text.lower().partition("x")
    if not (columns.isdecimal() and rows.isdecimal() and 1 <= int(columns) <= 50 and 1 <= int(rows) <= 50):
        raise click.BadParameter(f"{text!r} is not a grid; write columns x rows, as in 3x2", param=param)
    return int(columns), int(rows)


@click.command("tile", short_help="Distribute a drawing among several sheets.")
@click.argument("what", metavar="FOLDER|FILE.svg", type=click.Path(path_type=Path))
@click.option("--grid", "-g", metavar="CxR", required=True, callback=_grid, help="Columns and rows, as in 3x2.")
@click.option("--overlap", "overlap_mm", metavar="MM", type=click.FloatRange(0, 500), default=0.0, show_default=True,
              help="By how much a part goes on under its right and lower neighbour.")  # fmt: skip
@click.option("--margin", "margin_mm", metavar="MM", type=click.FloatRange(0, 500), default=10.0, show_default=True,
              help="Margin of each sheet, with the marks.")  # fmt: skip
@click.option("--out", "-o", metavar="DIR", type=click.Path(path_type=Path, file_okay=False),
              help="Where the sheets go.  [default: beside the source, ...-tiles]")  # fmt: skip
@json_option
def tile(**options: Any) -> int:
    """Distribute a drawing among several sheets, each an SVG with marks along which it is cut.

    Lines are cut at the seams. In the spec, give the canvas the size of the complete picture and
    leave the machine out; name it when you plot the sheets, one by one.

    \b
    Examples:
      render tile out/large --grid 3x2
      render plot out/large-tiles/r1-c1.svg -m mine.yaml --port /dev/ttyUSB0
    """
    from renderer.cli.tile_command import tile_drawing

    return tile_drawing(**options)


@click.command("film", short_help="Show the plot being drawn, pen by pen.")
@click.argument("what", metavar="FOLDER|FILE.svg", type=click.Path(path_type=Path))
@click.option("--out", "-o", metavar="FILE", type=click.Path(path_type=Path),
              help="A .webp, .gif or .mp4 file; .mp4 needs ffmpeg.  "
              "[default: beside the source, ...-plot.webp]")  # fmt: skip
@click.option("--seconds", type=click.FloatRange(1, 600), default=12.0, show_default=True, metavar="S",
              help="How long the plot takes in the film.")  # fmt: skip
@click.option("--size", type=click.IntRange(64, 2160), default=720, show_default=True, metavar="PX",
              help="Longer side of the sheet.")  # fmt: skip
@json_option
def film(**options: Any) -> int:
    """Show the plot being drawn: stroke by stroke in plotting order, pen by pen.

    The source is a finished render, a work of a gallery, or any layered SVG. The progress of the fit
    is another film: progress.gif in the folder of each render.

    \b
    Examples:
      render film out/scream_pointillist
      render film gallery/scream_points --out scream.mp4
    """
    from renderer.cli.film_command import make_film

    return make_film(**options)


@click.command("export", short_help="Write a drawing as PDF or PNG at print size.")
@click.argument("what", metavar="FOLDER|FILE.svg", type=click.Path(path_type=Path))
@click.option("--pdf", is_flag=True, help="Write a PDF of the sheet's size; lines stay lines.")
@click.option("--png", is_flag=True, help="Write a PNG of the sheet's size.")
@click.option("--dpi", type=click.IntRange(10, 4800), default=300, show_default=True, metavar="N",
              help="Pixels an inch of the PNG.")  # fmt: skip
@click.option("--out", "-o", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
              help="Where to.  [default: beside the source, .pdf or .png]")  # fmt: skip
@json_option
def export(**options: Any) -> int:
    """Write a drawing as PDF or PNG at print size: as plotted, with the paper.

    The source is a finished render, a work of a gallery, or any file of strokes. Needs the extra
    export: pip install 'artwork-renderer[export]'.

    \b
    Examples:
      render export out/scream_pointillist --pdf
      render export gallery/scream_points --png --dpi 600 --out scream.png
    """
    from renderer.cli.export_command import export_drawing

    return export_drawing(**options)


def add_to(group: click.Group) -> None:
    """Add these commands to `render`."""
    for command in (plan, gcode, plot, card, measure, tile, film, export):
        group.add_command(command)
