"""Options that several commands have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


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
