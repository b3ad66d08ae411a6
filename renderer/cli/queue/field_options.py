"""The options of `queue add` and `queue edit` for the fields that people set on a job."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from renderer.studio.queue.job_fields import ADDED, EDITED, Day, JobField, Number

F = TypeVar("F", bound=Callable[..., Any])


class DayType(click.DateTime):
    """A date as text, as in 2026-12-01."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(value, param, ctx).strftime(self.formats[0])


def add_options(command: F) -> F:
    """Add the options of `queue add`: a field that is not given has its default, which the help shows for numbers."""
    in_help = sorted(ADDED, key=lambda field: not isinstance(field, Number))  # numbers first, beside --edition
    for field in reversed(in_help):  # the option that is added last comes first in the help
        how: dict[str, Any] = {"type": DayType() if isinstance(field, Day) else _type(field)}
        if isinstance(field, Number):
            how |= {"default": field.default, "show_default": True}
        command = _option(field, field.help_in_add, **how)(command)
    return command


def edit_options(command: F) -> F:
    """Add the options of `queue edit`: a field that is not given stays as it is."""
    for field in reversed(EDITED):
        command = _option(field, field.help_in_edit, type=_type(field))(command)
    return command


def _option(field: JobField[Any], help_text: str, **how: Any) -> Callable[[F], F]:
    return click.option(field.option, field.name, metavar=field.metavar, help=help_text or field.help, **how)


def _type(field: JobField[Any]) -> click.IntRange | type[str]:
    return click.IntRange(field.least, field.most) if isinstance(field, Number) else str


def either(words: Iterable[str]) -> str:
    """`title, note or priority`."""
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
