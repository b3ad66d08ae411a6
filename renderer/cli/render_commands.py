"""The commands and their options. The modules beside this one carry them out and are imported when needed."""

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from hardware import __version__
from hardware.starters import spec_path
from hardware.terminal.options import part_options, plot_options, reading_options
from renderer.styles import STYLES

F = TypeVar("F", bound=Callable[..., Any])


class Commands(click.Group):
    """`render SPEC...` means `render run SPEC...`: anything but a command is a spec or an option of `run`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `run` before the arguments if they name no command. Raises UsageError for a mistyped command."""
        own = {name for option in self.get_params(ctx) for name in option.opts}
        if args and args[0] not in self.commands and args[0] not in own:
            near = difflib.get_close_matches(args[0], self.commands, n=1, cutoff=0.75)
            if near and not spec_path(args[0]).exists():
                raise click.UsageError(f"{args[0]!r} is neither a command nor a file; did you mean {near[0]!r}?", ctx)
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        return [*super().shell_complete(ctx, incomplete), CompletionItem(incomplete, type="file")]


SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(
    cls=Commands,
    context_settings=SETTINGS,
    invoke_without_command=True,
    subcommand_metavar="SPEC... | COMMAND [ARGS]...",
)
@click.version_option(__version__, "-V", "--version", message="render %(version)s")
@click.pass_context
def commands(ctx: click.Context) -> None:
    """From a YAML spec to a drawing that a plotter makes with real pens.

    `render SPEC...` is short for `render run SPEC...`.

    \b
    Examples:
      render new photo.jpg                          write a spec for a picture
      render specs/scream_pointillist.yaml          into out/scream_pointillist/
      render --draft specs/scream_pointillist.yaml  a small, quick look first
      render plan specs/scream_pointillist.yaml     what it takes, before a fit
      render doctor                                 what this machine has

    Data goes to stdout, everything else to stderr. Exit codes: 0 done, 1 failed, 2 bad spec or
    usage, 3 device, 130 interrupted.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


# --- options of several commands ---


def json_option(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, for programs.")(command)


def set_option(command: F) -> F:
    return click.option(
        "--set",
        "-s",
        "changes",
        metavar="FIELD=VALUE",
        multiple=True,
        help="Change a field of the spec, as in layers.0.steps=50. May be given several times.",
    )(command)


def machine_option(required: bool) -> Callable[[F], F]:
    return click.option(
        "--machine",
        "-m",
        metavar="FILE",
        type=click.Path(path_type=Path),
        required=required,
        help="The machine that draws: a file, or a starter such as gantry_grbl_servo."
        + ("" if required else "  [default: the spec's own]"),
    )


SPECS = click.argument("specs", metavar="SPEC...", nargs=-1, required=True, type=click.Path(path_type=Path))


# --- commands ---


@commands.command("run", short_help="Render works; the same as `render SPEC...`.")
@click.argument("specs", metavar="SPEC...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--resume", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False),
              help="Continue the render in this folder from its strokes, instead of a SPEC.")  # fmt: skip
@click.option("--out", "-o", metavar="DIR", default="out", show_default=True, type=click.Path(path_type=Path),
              help="Where the folders go, one for each work.")  # fmt: skip
@click.option("--device", "-d", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
              help="What computes; auto takes the fastest for the work.")  # fmt: skip
@click.option("--draft", is_flag=True, help="Small and quick, for a first look; into DIR/<name>-draft/.")
@set_option
@click.option("--force", "-f", is_flag=True, help="Replace a folder even if it holds files that render has not made.")
@click.option(
    "--threads", "-t", type=click.IntRange(1, 1024), metavar="N", help="Threads to use.  [default: all cores]"
)
@json_option
def run(specs: tuple[Path, ...], resume: Path | None, **options: Any) -> int:
    """Render works: fit the strokes, then write the drawing, its G-code and a report.

    Each work goes into a folder of its own, DIR/<spec name>/. It is written completely or not at
    all; an older render there is replaced. A finished one moves to DIR/<spec name>.1/ if the new one
    was stopped or has other values by --set. Ctrl-C stops the fit and keeps the drawing so far;
    Ctrl-C again stops at once. If one of several specs fails, the others are still rendered.

    \b
    Examples:
      render specs/scream_pointillist.yaml
      render run specs/*.yaml --out gallery
      render specs/scream_pointillist.yaml --set layers.0.points.count=4000
      render specs/scream_pointillist.yaml --json | jq '.works[0].metrics'
      render --resume out/scream_pointillist   after Ctrl-C, or for more steps
    """
    if not specs and resume is None:
        raise click.UsageError("Missing argument 'SPEC...'.", click.get_current_context())
    from renderer.cli.render import run_specs

    return run_specs(specs=specs, resume=resume, **options)


@commands.command("validate", short_help="Check specs without drawing anything.")
@SPECS
@set_option
@json_option
def validate(**options: Any) -> int:
    """Check specs, and the racks, machines and pictures that they name. Nothing is drawn.

    All faults are reported at once, each as file:line:column: field: what is wrong and what would
    work. Exit code 2 if there are any.

    \b
    Examples:
      render validate specs/*.yaml
      render validate specs/scream_pointillist.yaml --set pens.use=6
    """
    from renderer.cli.specs import validate_specs

    return validate_specs(**options)


@commands.command("new", short_help="Write a spec for a picture.")
@click.argument("photo", metavar="PHOTO", type=click.Path(path_type=Path))
@click.option("--pens", metavar="RACK", help="A starter rack, such as fineliners, or a file.  [default: fineliners, "
              "or micron_black for a grey picture]")  # fmt: skip
@click.option("--machine", "-m", metavar="MACHINE", default="gantry_grbl_servo", show_default=True,
              help="A starter machine, or a file.")  # fmt: skip
@click.option("--paper", default="A4", show_default=True, metavar="SIZE", help="A5, A4, A3, letter, or as in 200x150.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), default=60.0, show_default=True, metavar="N",
              help="How long the plot may take.")  # fmt: skip
@click.option("--style", type=click.Choice(list(STYLES)), default="curves", show_default=True, metavar="STYLE",
              help=f"The strokes: {', '.join(STYLES)}.")  # fmt: skip
@click.option("--out", "-o", metavar="FILE", type=click.Path(path_type=Path),
              help="Where the spec goes.  [default: beside the picture]")  # fmt: skip
@click.option("--force", "-f", is_flag=True, help="Replace an existing file.")
@json_option
def new(**options: Any) -> int:
    """Write a short spec for a picture, with comments, and say what was chosen and why.

    Pens and machines are starters, which come with the program, or files of your own. An existing
    file is not replaced.

    \b
    Examples:
      render new photo.jpg
      render new photo.jpg --pens micron_black --style lines --minutes 30
      render new photo.jpg --pens my_pens.yaml -m my_machine.yaml --paper A3
    """
    from renderer.cli.new import write_spec

    return write_spec(**options)


@commands.command("examples", short_help="List or write specs, racks and machines to start from.")
@click.argument("names", metavar="[NAME...]", nargs=-1)
@click.option("--out", "-o", metavar="DIR", default=".", type=click.Path(path_type=Path, file_okay=False),
              help="Where the files go.  [default: here]")  # fmt: skip
@click.option("--force", "-f", is_flag=True, help="Replace existing files.")
@json_option
def examples(**options: Any) -> int:
    """List the specs, racks and machines that come with the program, or write some of them as files to edit.

    Wherever a command or a spec takes a file, it also takes the name of one of these.

    \b
    Examples:
      render examples                    list them
      render examples hatching           write hatching.yaml and its picture
      render examples stabilo_point_88   write the rack, to enter your own values
      render hatching --draft            draw one without writing it first
    """
    from renderer.cli.examples_command import examples_command

    return examples_command(**options)


@commands.command("plan", short_help="Show what a work takes: strokes, pens, minutes.")
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


@commands.command("gcode", short_help="Turn any layered SVG into G-code.")
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


@commands.command("plot", short_help="Draw with the machine.")
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


@commands.command("card", short_help="Write test cards for a machine and its pens.")
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


@commands.command("measure", short_help="Measure pens in photographs of their cards.")
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


@commands.group("assets", short_help="Pictures and weights, identified by their SHA-256.")
def assets() -> None:
    """Pictures and weights that are fetched once and identified by their SHA-256.

    They are kept in a cache, the folder in RENDER_CACHE (default: the platform's cache folder, render/).

    \b
    Examples:
      render assets list
      render assets fetch
      render assets fetch vgg16-imagenet       weights for perceptual losses
      render assets add ~/Downloads/*.jpg      for a machine without internet
    """


@assets.command("list")
@json_option
def assets_list(**options: Any) -> int:
    """List the files that are known by name, and whether they are in the cache."""
    from renderer.cli.assets_command import list_assets

    return list_assets(**options)


@assets.command("add")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
def assets_add(**options: Any) -> int:
    """Copy files into the cache, for a machine without internet.

    \b
    Example:
      render assets add /media/stick/scream.jpg
    """
    from renderer.cli.assets_command import add_assets

    return add_assets(**options)


@assets.command("fetch")
@click.argument("names", metavar="[NAME...]", nargs=-1)
@json_option
def assets_fetch(**options: Any) -> int:
    """Fetch files that are known by name; all pictures if none is named.

    \b
    Examples:
      render assets fetch
      render assets fetch scream vgg16-imagenet
    """
    from renderer.cli.assets_command import fetch_assets

    return fetch_assets(**options)


@commands.command("compare", short_help="Show finished renders side by side.")
@click.argument("folders", metavar="FOLDER...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--page", "page_file", metavar="FILE.html", type=click.Path(path_type=Path),
              help="Also write a page with their previews.")  # fmt: skip
@json_option
def compare(**options: Any) -> int:
    """Show finished renders side by side: the settings in which they differ, and their figures.

    \b
    Examples:
      render compare out/scream out/scream.1
      render compare out/study-* --page study.html
    """
    from renderer.cli.compare_command import compare_renders

    return compare_renders(**options)


def _grid(_: click.Context, param: click.Parameter, text: str) -> tuple[int, int]:
    columns, _by, rows = text.lower().partition("x")
    if not (columns.isdecimal() and rows.isdecimal() and 1 <= int(columns) <= 50 and 1 <= int(rows) <= 50):
        raise click.BadParameter(f"{text!r} is not a grid; write columns x rows, as in 3x2", param=param)
    return int(columns), int(rows)


@commands.command("tile", short_help="Distribute a drawing among several sheets.")
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


@commands.command("film", short_help="Show the plot being drawn, pen by pen.")
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


@commands.command("export", short_help="Write a drawing as PDF or PNG at print size.")
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


@commands.command("schema", short_help="Print the JSON Schema of a spec, a rack or a machine.")
@click.argument("what", type=click.Choice(["spec", "rack", "machine"]), default="spec")
def schema(what: str) -> int:
    """Print the JSON Schema of a spec, a rack or a machine, for editors.

    \b
    Examples:
      render schema > spec.schema.json
      render schema rack > rack.schema.json
      # then, as the first line of a spec:
      # yaml-language-server: $schema=spec.schema.json
    """
    from renderer.cli.specs import print_schema

    return print_schema(what)


@commands.command("doctor", short_help="Show what this machine has.")
@json_option
def doctor(**options: Any) -> int:
    """Show what this machine has: versions, devices, memory, cache, serial ports, pictures and weights.

    \b
    Examples:
      render doctor
      render doctor --json | jq .devices
    """
    from renderer.cli.doctor import examine

    return examine(**options)
