"""Controllers that read no G-code: what they speak, apart from how they behave.

A `Dialect` says both at once: how G-code is written, and the manners that the planner needs, such as whether travel has
a feed. For a controller here, G-code is only the language inside the program; its link says the same in its own words.
`Language` therefore holds the manners as a dialect, and `speaks` names the link.
"""

import math
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from hardware.dialect import PROTOCOLS, Dialect, DialectName, dialect_of

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

LanguageName = Literal["ebb", "hpgl"]
MOST_CM_S = 80  # of VS
MOST_STEPS_S = 25_000  # of an EBB: it decides every 40 us whether to make a step (ebb.html, SM)


class Language(Dialect):
    """What a controller without G-code speaks, and its manners."""

    speaks: LanguageName


_INSIDE: dict[str, Any] = {
    "header": ("G21", "G90"),
    "end": (),
    "dwell_step_s": 0.0,
    "travel_has_feed": True,  # the path as a whole has a speed and an acceleration
}
LANGUAGES: dict[str, Language] = {name: Language(speaks=name, **_INSIDE) for name in ("ebb", "hpgl")}

_Share = Annotated[float, Field(ge=-10, le=10)]


class EbbMechanics(BaseModel):
    """What an EiBotBoard (EBB) has to know of its machine. The defaults are those of AxiDraw and NextDraw."""

    model_config = _STRICT

    steps_per_mm: float = Field(
        80, gt=0, le=10000, description="Steps of a motor for 1 mm of its belt, at 1/16 of a step."
    )
    motor1: tuple[_Share, _Share] = Field(
        (1, -1), description="[x, y]: how many mm of belt motor 1 moves for 1 mm of x and for 1 mm of y."
    )
    motor2: tuple[_Share, _Share] = Field(
        (1, 1), description="The same for motor 2. `[1, -1]` and `[1, 1]`: CoreXY; `[1, 0]` and `[0, 1]`: not mixed."
    )
    servo_pin: int = Field(1, ge=0, le=7, description="Pin of port B that moves the pen: 1 is B1, the usual one.")
    raise_rate: int = Field(
        1600, ge=0, le=65535, description="Speed of raising the pen, 1/12 us for each 24 ms (SC,11); 0: at once."
    )
    lower_rate: int = Field(1100, ge=0, le=65535, description="Speed of lowering the pen (SC,12); 0: at once.")

    @property
    def rows(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Steps of each motor for 1 mm of x and of y."""
        each = self.steps_per_mm
        return (each * self.motor1[0], each * self.motor1[1]), (each * self.motor2[0], each * self.motor2[1])

    @property
    def determinant(self) -> float:
        """0 if both motors move along the same line, so that they cannot reach a plane."""
        return self.motor1[0] * self.motor2[1] - self.motor1[1] * self.motor2[0]

    def steps(self, place: tuple[float, float]) -> tuple[int, int]:
        """Return the counters of the motors at a place, mm."""
        (a, b), (c, d) = self.rows
        return round(a * place[0] + b * place[1]), round(c * place[0] + d * place[1])

    def place(self, steps: tuple[int, int]) -> tuple[float, float]:
        """Return the place, mm, at which the motors have these counters."""
        (a, b), (c, d) = self.rows
        determinant = a * d - b * c
        return (d * steps[0] - b * steps[1]) / determinant, (a * steps[1] - c * steps[0]) / determinant

    def most_mm_s(self) -> float:
        """Return the highest speed in mm/s that the board can step in every direction."""
        return MOST_STEPS_S / max(math.hypot(*row) for row in self.rows)


class HpglPlotter(BaseModel):
    """What is particular to a plotter or cutter that speaks HP-GL."""

    model_config = _STRICT

    unit_mm: float = Field(0.025, gt=0, le=1, description="Length of its unit in mm: 0.025, or 0.02488 on a 7475A.")
    zero_mm: tuple[float, float] = Field(
        (0, 0), description="[x, y] in mm where it is at 0, 0, in the coordinates of the bed."
    )
    rotate: Literal[0, 90, 180, 270] = Field(
        0, description="Degrees by which its x axis is turned anticlockwise from that of the bed."
    )
    start: Annotated[tuple[str, ...], Field(max_length=20)] = Field(
        ("IN",), description="Instructions with which a plot begins, such as `PS4` for the size of the paper."
    )
    pens: int = Field(1, ge=1, le=20, description="Pens that it changes by itself; 1: a person changes them.")
    has_speed: bool = Field(True, description="Whether it takes `VS`, the speed with the pen down, in cm/s.")
    baud: int = Field(9600, ge=75, le=4_000_000, description="Speed of its serial port.")
    handshake: Literal["query", "xon", "dtr"] = Field(
        "query",
        description="How it says that its buffer is full: asked by `ESC.B`, by XON and XOFF, or by its DTR line, wired"
        " to the computer's DSR.",
    )
    buffer_bytes: int = Field(
        1024, ge=20, le=10_000_000, description="Bytes of its buffer, if it does not say so by itself (`ESC.L`)."
    )

    @staticmethod
    def speed(mm_s: float) -> str:
        """Return the instruction that sets the speed with the pen down, in whole cm/s."""
        return f"VS{min(max(round(mm_s / 10), 1), MOST_CM_S)}"

    def slot(self, number: int) -> int:
        """Return the place in the carousel, from 1, of the pen that is inserted as this one, counted from 1."""
        return (number - 1) % self.pens + 1

    def units(self, place: tuple[float, float]) -> tuple[int, int]:
        """Return a place on the bed, mm, in its units."""
        x, y = (place[0] - self.zero_mm[0]) / self.unit_mm, (place[1] - self.zero_mm[1]) / self.unit_mm
        u, v = {0: (x, y), 90: (y, -x), 180: (-x, -y), 270: (-y, x)}[self.rotate]
        return round(u), round(v)

    def place(self, units: tuple[float, float]) -> tuple[float, float]:
        """Return a place in its units on the bed, mm."""
        u, v = units[0] * self.unit_mm, units[1] * self.unit_mm
        x, y = {0: (u, v), 90: (-v, u), 180: (-u, -v), 270: (v, -u)}[self.rotate]
        return x + self.zero_mm[0], y + self.zero_mm[1]


def dialect_names() -> tuple[str, ...]:
    """Return all names that the field `dialect` of a machine takes."""
    return (*get_args(DialectName), *get_args(LanguageName))


def as_dialect(value: Any) -> Any:
    """Return the language of a name such as `ebb`, and everything else as it is. Raises ValueError for other names."""
    if not isinstance(value, str) or value in PROTOCOLS:
        return value
    if value not in LANGUAGES:
        known = dialect_names()
        raise ValueError(f"Input should be {', '.join(map(repr, known[:-1]))} or {known[-1]!r}")
    return LANGUAGES[value]


def speech_of(given: DialectName | Dialect) -> tuple[str, str | None]:
    """Return the name of what a controller speaks, and of the link that speaks it; None: it runs files by itself."""
    dialect = dialect_of(given)
    if isinstance(dialect, Language):
        return dialect.speaks, dialect.speaks
    return dialect.base, PROTOCOLS[dialect.base]


def language_of(given: DialectName | Dialect) -> LanguageName | None:
    """Return the language of a controller without G-code; None for the others."""
    return given.speaks if isinstance(given, Language) else None
