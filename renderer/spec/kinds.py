"""The kinds of strokes. All that the program must know of a kind is here: its fields, and its case in `traits`.

docs/extending.md has the steps for adding a kind.
"""

import math
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import Field, Tag

from renderer.spec.base import AUTO, SpecModel, auto_or

MOST_STROKES = 200_000  # of a layer
BEND = math.radians(90)  # that a curve usually turns in all: a gentle arc
CURVE_LONGER = 1.6  # a curve follows a form, so it can be longer than a line that only touches it
Count = Annotated[
    Annotated[Literal["auto"], Tag("auto")] | Annotated[int, Field(ge=1, le=MOST_STROKES), Tag("number")],
    auto_or("number"),
    Field(description="How many strokes. `auto`: as many as the picture needs and the budget allows."),
]
Length = Annotated[float, Field(gt=0, le=5000)]


class Points(SpecModel):
    """Dots. Each is one touch of the pen, or a spiral where it is wider than the nib."""

    count: Count = AUTO
    diameter_mm: Length | None = Field(
        None, description="Diameter of each dot, mm. Dots wider than the nib are drawn as spirals. Default: the nib."
    )


class Lines(SpecModel):
    """Straight lines."""

    count: Count = AUTO
    max_length_mm: Length | None = Field(
        None, description="Longest line, mm. Default: no limit; planned with the count where `count` is `auto`."
    )


class Curves(SpecModel):
    """Centripetal Catmull-Rom curves through their knots."""

    count: Count = AUTO
    knots: int = Field(4, ge=3, le=64, description="Knots of each curve; the curve passes through all of them.")
    closed: bool = Field(False, description="Whether each curve returns to its first knot.")
    max_length_mm: Length | None = Field(
        None,
        description="Longest polygon through the knots, mm. Default: no limit; planned with the count where `count` is "
        "`auto`.",
    )


Kind = Points | Lines | Curves
KINDS: dict[str, type[Kind]] = {kind.__name__.lower(): kind for kind in get_args(Kind)}  # by their key in a layer


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What placement, fitting and planning need to know about a stroke, whatever its kind."""

    knots: int  # that the gradient moves, K
    is_dots: bool = False  # a touch of the pen has a place and a size, but no length and no direction
    is_curved: bool = False  # a spline through the knots, not their polygon
    is_closed: bool = False
    spot_mm: float | None = None  # diameter of a dot that is wider than its pen
    limit_mm: float | None = None  # longest polygon of the knots; None: no limit
    turn: float = 0.0  # radians by which a stroke usually turns in all, for estimates of its time
    longer: float = 1.0  # usual length, in usual lengths of a straight line
    temperature: float = 0.3  # default at the first step
    fill: float = 0.3  # default with free colours


def traits(kind: Kind) -> Traits:
    """The traits of a kind of stroke with these fields."""
    match kind:
        case Points(diameter_mm=diameter_mm):
            return Traits(knots=1, is_dots=True, spot_mm=diameter_mm, temperature=0.1, fill=0.5)
        case Lines(max_length_mm=limit_mm):
            return Traits(knots=2, limit_mm=limit_mm)
        case Curves(knots=knots, closed=closed, max_length_mm=limit_mm):
            return Traits(
                knots=knots,
                is_curved=True,
                is_closed=closed,
                limit_mm=limit_mm,
                turn=2 * math.pi if closed else BEND,
                longer=CURVE_LONGER,
            )


def kind_name(kind: Kind) -> str:
    """`points`, `lines` or `curves`: its key in a layer."""
    return type(kind).__name__.lower()


def is_open(kind: Kind, field: str) -> bool:
    """Whether the kind has this field and the spec leaves it to be planned."""
    return field in type(kind).model_fields and field not in kind.model_fields_set


def counted(kind: Kind) -> int:
    """The number of strokes of a kind. ValueError before it is planned."""
    if kind.count == AUTO:
        raise ValueError(f"the count of the {kind_name(kind)} is not planned yet")
    return kind.count
