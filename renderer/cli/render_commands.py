"""The command `render`, and its commands about specs. Modules beside this one carry them out, imported when needed."""

import difflib
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from hardware import __version__
from hardware.starters import spec_path
from renderer.cli.command_options import json_option, set_option
from renderer.styles import STYLES


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


SPECS = click.argument("specs", metavar="SPEC...", nargs=-1, required=True, type=click.Path(path_type=Path))


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
