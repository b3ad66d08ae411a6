"""The commands of the gallery and their options. `build_and_check` carries them out and is imported when needed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from renderer.cli.command_options import json_option

F = TypeVar("F", bound=Callable[..., Any])


@click.group("gallery", short_help="Works that rebuild themselves.")
def gallery() -> None:
    """A folder of finished works that know what they were made from.

    A work is stale when its spec, its picture, its pens, its machine, the weights that its losses use
    or the program's own numerical code are not those that it was made with. Comments and docstrings
    make nothing stale.

    \b
    Examples:
      render gallery check
      render gallery build --jobs 2
    """


def gallery_options(command: F) -> F:
    """Add the options that several commands of a gallery have."""
    specs = click.argument("specs", metavar="[SPEC|FOLDER]...", nargs=-1, type=click.Path(path_type=Path))
    to = click.option("--to", "gallery", metavar="DIR", default="gallery", show_default=True,
                      type=click.Path(path_type=Path), help="The gallery.")  # fmt: skip
    only = click.option("--only", metavar="GLOB", multiple=True,
                        help="Only works with such names, as in 'scream*'. May be given several times.")  # fmt: skip
    return specs(to(only(json_option(command))))


class WorkShare(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """`2/3`: the second of three."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        number, slash, count = str(value).partition("/")
        if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count) <= 1000):
            self.fail(f"{value!r} is not a share; write it like 1/3, the first of three", param, ctx)
        return int(number), int(count)


@gallery.command("build")
@gallery_options
@click.option("--jobs", "-j", type=click.IntRange(1, 64), default=1, show_default=True, metavar="N",
              help="Works rendered at a time, each in a process of its own.")  # fmt: skip
@click.option("--device", "-d", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
              help="What computes; auto is the processor.")  # fmt: skip
@click.option("--cluster", metavar="tcp://HOST:PORT",
              help="Let the workers of this dask scheduler render; see render worker --cluster.")  # fmt: skip
@click.option("--shard", "part", type=WorkShare(), metavar="I/N", help="Only the I-th of N shares of the works.")
@click.option("--out", "-o", metavar="DIR", type=click.Path(path_type=Path),
              help="Where G-code, films and reports go, as with `render SPEC`.  [default: nowhere]")  # fmt: skip
@click.option("--force", "-f", is_flag=True, help="Also render works that were changed by hand; the changes are lost.")
@click.option("--prune", is_flag=True, help="Remove works whose spec is gone.")
def gallery_build(**options: Any) -> int:
    """Render what is missing or stale, then write the gallery's pages.

    Each work is written completely or not at all. If a work fails, the others are still rendered. After
    Ctrl-C, only complete works are there; the next build goes on from them. Without SPEC or FOLDER, the
    specs are those of specs/gallery.

    With --cluster, workers on other machines render, one work each; they need no specs.

    \b
    Examples:
      render gallery build --jobs 2
      render gallery build mine/ --to my_gallery --only 'sea*'
      render gallery build --shard 1/3
      render gallery build --cluster tcp://192.168.1.5:8786
    """
    from renderer.cli.gallery.build_and_check import build_gallery

    return build_gallery(**options)


@gallery.command("check")
@gallery_options
@click.option("--verify", metavar="NAME", help="Render the works of this name again, and compare.")
def gallery_check(**options: Any) -> int:
    """Show what is missing, stale, changed by hand or without a spec. Renders nothing and needs no torch.

    Each such work has one line, and the exit code is then 1. For a stale work the line says why:
    target, spec, engine, weights, pens or machine.

    \b
    Examples:
      render gallery check
      render gallery check --verify scream_study
    """
    from renderer.cli.gallery.build_and_check import check_gallery

    return check_gallery(**options)


@gallery.command("gather")
@click.argument("sources", metavar="GALLERY...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--specs", metavar="SPEC|FOLDER", multiple=True, type=click.Path(path_type=Path),
              help="What the gallery holds.  [default: specs/gallery]")  # fmt: skip
@click.option("--to", "gallery", metavar="DIR", default="gallery", show_default=True, type=click.Path(path_type=Path),
              help="The gallery.")  # fmt: skip
@json_option
def gallery_gather(**options: Any) -> int:
    """Take works that are due here from other galleries in which they are up to date.

    This collects shares that several machines have built. Nothing is rendered, and a work that was
    changed by hand, there or here, stays where it is.

    \b
    Example:
      render gallery gather shares/*
    """
    from renderer.cli.gallery.build_and_check import gather_works

    return gather_works(**options)


def add_to(commands: click.Group) -> None:
    """Add the commands of the gallery."""
    commands.add_command(gallery)
