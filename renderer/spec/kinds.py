"""The kinds of strokes. All that the program must know of a kind is here: its fields, and its case in `traits`.

docs/extending.md has the steps for adding a kind.
"""

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

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


# --- marks: strokes that a classical construction places and the gradient moves --------------------------------------


class Hatching(SpecModel):
    """Families of nearly parallel strokes, as far apart as the picture is light."""

    count: Count = AUTO
    angle: float | None = Field(
        None, ge=-180, le=180, description="Degrees from the horizontal, anticlockwise. Default: along the form."
    )
    cross: int = Field(1, ge=1, le=4, description="Families, each turned against the one before; dark places get all.")
    max_length_mm: Length | None = Field(
        None, description="No stroke is longer, mm. Default: planned where `count` is `auto`, else 60 nib widths."
    )


class Flow(SpecModel):
    """Long lines that flow along the form, as far apart as the picture is light."""

    count: Count = AUTO
    max_length_mm: Length | None = Field(
        None, description="No line is longer, mm. Default: half the longer side of the frame."
    )


class OneLine(SpecModel):
    """One line through the whole picture, for each pen; the pen is lifted nowhere else."""

    count: Count = Field(AUTO, description="Points that the line passes. `auto`: as many as the picture needs.")


class Scribble(SpecModel):
    """One looping line for each pen, its loops tighter where the picture is dark."""

    count: Count = Field(AUTO, description="Loops. `auto`: as many as the picture needs.")
    radius_mm: Length | None = Field(None, description="Radius of a loop, mm. Default: 5 nib widths.")


class Spiral(SpecModel):
    """One spiral about the middle, which waves the more the darker the picture is."""

    count: Count = Field(AUTO, description="Turns. `auto`: 5 nib widths apart.")


class Waves(SpecModel):
    """Parallel rows that wave the more the darker the picture is, and leave out what is blank."""

    count: Count = Field(AUTO, description="Rows. `auto`: 6 nib widths apart.")
    angle: float = Field(0, ge=-180, le=180, description="Of the rows, degrees from the horizontal, anticlockwise.")


class Halftone(SpecModel):
    """A screen of dots whose size is the tone."""

    count: Count = Field(
        AUTO, description="Dots of a full screen. `auto`: a screen of 4 nib widths, coarser or finer by the budget."
    )
    angle: float = Field(45, ge=-180, le=180, description="Of the first pen's screen, degrees; each pen has its own.")


class Contours(SpecModel):
    """Lines of equal tone."""

    count: Count = Field(AUTO, description="Levels of tone for each pen. `auto`: 12.")


class Areas(SpecModel):
    """Areas of one colour, outlined and hatched inside: for flat graphics."""

    count: Count = Field(AUTO, description="Most areas of each pen, the largest first. `auto`: 400.")
    angle: float = Field(45, ge=-180, le=180, description="Of the first pen's hatch, degrees; each pen has its own.")
    spacing_mm: Length | None = Field(None, description="Between the lines of a hatch, mm. Default: 1.15 nib widths.")


Kind = Points | Lines | Curves | Hatching | Flow | OneLine | Scribble | Spiral | Waves | Halftone | Contours | Areas


def _key(kind: type[SpecModel]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


KINDS: dict[str, type[Kind]] = {_key(kind): kind for kind in get_args(Kind)}  # by their key in a layer


# shared by constructions and planning
TOUR = 0.7124  # length of a short tour through n points on an area A, in sqrt(n A): Beardwood, Halton, Hammersley 1959
MOST_POINTS = 12_000  # of one line
LOOP = 2 * math.pi + 0.5  # length of a loop and of the way to the next, in radii
RADIUS_NIBS, TURN_NIBS, ROW_NIBS, PITCH_NIBS = 5.0, 5.0, 6.0, 4.0
LEVELS, AREAS = 12, 400


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
    # of marks
    follows: bool = True  # whether strokes follow the form of the picture, unless the layer says otherwise
    is_mark: bool = False  # a construction places it, not the search; its strokes have knots of their own number
    is_long: bool = False  # one stroke for each pen, or each row
    tones: bool = False  # as much ink as the tones want, whatever the count, which is one of rows, levels, points
    samples: int = 8  # of a span between two knots
    stiffness: float = 0.0  # price of bending a stroke out of the shape in which it was placed
    leash_nibs: float | None = None  # how far a knot may move from where it was placed; None: no limit
    keeps: bool = False  # strokes keep the pens that the construction gives them, and without a leash their places
    has_sizes: bool = False  # each dot has a diameter of its own

    @property
    def is_fixed(self) -> bool:
        """Whether the knots stay where they were placed."""
        return self.keeps and self.leash_nibs is None


_MARK: dict[str, Any] = {"knots": 0, "is_curved": True, "is_mark": True, "samples": 4, "turn": BEND}


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
        case Hatching(max_length_mm=limit_mm, angle=angle, cross=cross):
            return Traits(**_MARK, limit_mm=limit_mm, follows=angle is None and cross == 1, stiffness=0.1)
        case Flow(max_length_mm=limit_mm):
            return Traits(**_MARK, limit_mm=limit_mm, longer=4.0, stiffness=0.1)
        case Contours():
            return Traits(**_MARK, longer=3.0, tones=True, follows=False, stiffness=0.1, leash_nibs=5.0)
        case OneLine() | Scribble() | Spiral() | Waves():
            return Traits(**_MARK, is_long=True, tones=True, follows=False, stiffness=0.005)
        case Areas():
            straight = {"is_curved": False, "samples": 1}
            return Traits(**_MARK | straight, tones=True, follows=False, keeps=True, stiffness=0.5, leash_nibs=0.75)
        case Halftone():
            return Traits(knots=1, is_dots=True, is_mark=True, has_sizes=True, tones=True, keeps=True, temperature=0.1)


def kind_name(kind: Kind) -> str:
    """Its key in a layer: `points`, `one_line`."""
    return _key(type(kind))


def strokes_noun(kind: Kind) -> str:
    """What its strokes are called in a sentence: `points`, `lines`, `curves`, or `strokes` of a mark."""
    return "strokes" if traits(kind).is_mark else kind_name(kind)


def is_open(kind: Kind, field: str) -> bool:
    """Whether the kind has this field and the spec leaves it to be planned."""
    return field in type(kind).model_fields and field not in kind.model_fields_set


def counted(kind: Kind) -> int:
    """The number of strokes of a kind. ValueError before it is planned."""
    if kind.count == AUTO:
        raise ValueError(f"the count of the {kind_name(kind)} is not planned yet")
    return kind.count
