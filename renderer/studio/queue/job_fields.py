"""The fields that people set on a job, each described once; docs/extending.md says how to add one.

Everything else follows from the descriptions: the columns of the table, also in a database that is older than a field;
the attributes of jobs; the options of `queue add` and `queue edit`; the page's forms; and what lists and pages show.
"""

import dataclasses
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Generic, TypeVar

from renderer.studio.queue.states import StudioError

V = TypeVar("V", str, int)


@dataclass(frozen=True, kw_only=True)
class JobField(Generic[V]):
    """One field. Its kinds are the subclasses `Text`, `Day` and `Number`."""

    metavar: ClassVar[str]  # of its options
    column_type: ClassVar[str]  # in SQL

    name: str = ""  # of the column, the attribute, the option, the input and the key in JSON
    noun: str = ""  # what sentences call it; empty: its name
    label: str  # of its input on the page
    help: str  # of its options
    help_in_add: str = ""  # of the option of `queue add`, where that needs another text
    help_in_edit: str = ""  # the same of `queue edit`
    listed_as: str = ""  # as in `by {}`: a fact in the page's lists, and a column of `queue list`; empty: neither
    in_add: bool = True  # `queue add` takes it
    in_edit: bool = True  # `queue edit` takes it
    on_page: bool = True  # the page's forms for both take it
    since: int = 1  # the first version of the tables that has its column

    @property
    def default(self) -> V:
        """The value of a job that was not given one."""
        raise NotImplementedError

    @property
    def option(self) -> str:
        """`--due`."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def input(self) -> dict[str, object]:
        """Attributes of its input on the page."""
        return {}

    def checked(self, value: V) -> V:
        """The value as a job keeps it. Raises StudioError if it is not allowed."""
        return value

    def from_form(self, text: str) -> V | None:
        """The value of an input on the page; None if an empty input sets nothing. Raises StudioError."""
        raise NotImplementedError

    def text(self, value: V) -> str:
        """The value in lists; empty if it is the default."""
        return str(value or "")

    def listed_text(self, value: V) -> str:
        """The value as a fact in the page's lists: `by 2026-12-01`."""
        return self.listed_as.format(value)

    def history_text(self, value: V) -> str:
        """The value in a sentence of the history."""
        return str(value) if value != "" else "nothing"


@dataclass(frozen=True, kw_only=True)
class Text(JobField[str]):
    """A line of text."""

    metavar: ClassVar[str] = "TEXT"
    column_type: ClassVar[str] = "TEXT"

    most: int = 500  # characters that the page's input takes
    is_required: bool = False

    @property
    def default(self) -> str:
        return ""

    @property
    def input(self) -> dict[str, object]:
        return {"maxlength": self.most}

    def checked(self, value: str) -> str:
        """The text; if it is required, without spaces around it. Raises StudioError if it is required and empty."""
        if not self.is_required:
            return value
        if not value.strip():
            raise StudioError(f"{self.name}: a job needs one; give a text that is not empty")
        return value.strip()

    def from_form(self, text: str) -> str | None:
        return text if text or not self.is_required else None

    def history_text(self, value: str) -> str:
        return repr(value) if value else "nothing"


@dataclass(frozen=True, kw_only=True)
class Day(JobField[str]):
    """A date, as in 2026-12-01, or no date."""

    metavar: ClassVar[str] = "DATE"
    column_type: ClassVar[str] = "TEXT"

    @property
    def default(self) -> str:
        return ""

    @property
    def input(self) -> dict[str, object]:
        return {"type": "date"}

    def checked(self, value: str) -> str:
        """The date as text, or an empty text. Raises StudioError if it is not a date."""
        if not value:
            return ""
        try:
            if len(value) == len("2026-12-01"):
                return date.fromisoformat(value).isoformat()
        except ValueError:
            pass
        raise StudioError(f"{self.name}: {value[:20]!r} is not a date; write it as in 2026-12-01")

    def from_form(self, text: str) -> str:
        """The date as text, or an empty text. Raises StudioError if it is not a date."""
        return self.checked(text)


@dataclass(frozen=True, kw_only=True)
class Number(JobField[int]):
    """A whole number between two limits, both allowed."""

    metavar: ClassVar[str] = "N"
    column_type: ClassVar[str] = "INTEGER"

    least: int
    most: int

    @property
    def default(self) -> int:
        return 0

    @property
    def input(self) -> dict[str, object]:
        return {"type": "number", "min": self.least, "max": self.most}

    def checked(self, value: int) -> int:
        """The number. Raises StudioError if it is outside the limits."""
        if not self.least <= value <= self.most:
            raise self._refused(str(value))
        return value

    def from_form(self, text: str) -> int | None:
        """The number, or None for an empty input. Raises StudioError if it is not a number within the limits."""
        if not text:
            return None
        try:
            return self.checked(int(text))
        except ValueError:
            raise self._refused(repr(text[:20])) from None

    def _refused(self, shown: str) -> StudioError:
        return StudioError(f"{self.name}: {shown} is not a whole number from {self.least} to {self.most}")


def described(field: JobField[V]) -> V:
    """An attribute of JobFields: its default, and the description of the field beside it."""
    return dataclasses.field(default=field.default, metadata={"field": field})


@dataclass(frozen=True, kw_only=True)
class JobFields:
    """The fields, as attributes of jobs. Their order is that of the columns, options and inputs."""

    note: str = described(Text(label="Note", help="A remark for everyone who reads the queue."))
    due: str = described(
        Day(
            noun="due date",
            label="Wanted by",
            help="When it is wanted, as in 2026-12-01.",
            help_in_edit='When it is wanted, as in 2026-12-01; "" for no date.',
            listed_as="by {}",
        )
    )
    priority: int = described(Number(label="Priority", help="Higher ones are taken first.", least=-100, most=100))


# A job cannot be without a title, so Job and NewJob have that attribute of their own, and so has the table its column
TITLE = Text(
    name="title",
    label="Title",
    help="What it is called in the queue.",
    help_in_add="What it is called in the queue.  [default: the spec's title]",
    most=200,
    is_required=True,
)

Fields = tuple[JobField[Any], ...]
COLUMNS: Fields = tuple(
    dataclasses.replace(each.metadata["field"], name=each.name) for each in dataclasses.fields(JobFields)
)
FIELDS: Fields = (TITLE, *COLUMNS)
BY_NAME = {field.name: field for field in FIELDS}
ADDED: Fields = tuple(field for field in FIELDS if field.in_add)
EDITED: Fields = tuple(field for field in FIELDS if field.in_edit)
LISTED: Fields = tuple(field for field in FIELDS if field.listed_as)


def noun_of(field: JobField[Any]) -> str:
    """What sentences call a field."""
    return field.noun or field.name
