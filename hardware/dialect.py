"""What the G-code of a controller looks like: a table of templates for each dialect, which a machine file can change.

A template is a line of text, or a list of lines, filled in with `str.format`. The fields that each can hold:

    pause, comment, message     {text}
    dwell                       {seconds}, {ms}
    servo                       {value}
    raise_z, lower_z            {z}
    travel, draw                {x}, {y}
    arc_cw, arc_ccw             {x}, {y}, and {i}, {j}: the centre, relative to where the arc begins
    feed                        {feed}, mm/min; appended to a move when the speed changes
    header                      {tolerance}, mm

Where a controller lacks a feature, such as comments or arcs, its template is empty.
"""

import string
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

_MAY_HOLD = {
    "header": {"tolerance"},
    "comment": {"text"},
    "message": {"text"},
    "pause": {"text"},
    "dwell": {"seconds", "ms"},
    "servo": {"value"},
    "raise_z": {"z"},
    "lower_z": {"z"},
    "travel": {"x", "y"},
    "draw": {"x", "y"},
    "arc_cw": {"x", "y", "i", "j"},
    "arc_ccw": {"x", "y", "i", "j"},
    "feed": {"feed"},
    "relay_on": set(),
    "relay_off": set(),
    "end": set(),
}
# Settings such as `$1=255` are for a controller at rest, and each writes to its memory: they can only begin a program
_MAY_SET = {"header"}
_MUST_HOLD = {"servo", "raise_z", "lower_z", "travel", "draw", "arc_cw", "arc_ccw", "feed", "message"}


def _as_lines(value: Any) -> Any:
    """Return a single line as a tuple; an empty line gives none."""
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(value) if isinstance(value, list) else value


_LINES_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Lines = Annotated[tuple[str, ...], BeforeValidator(_as_lines), WithJsonSchema(_LINES_SCHEMA)]


DialectName = Literal["grbl", "marlin", "linuxcnc", "klipper"]
Protocol = Literal["grbl", "marlin"]

# How lines are sent to a controller and answered, by dialect; None: it runs files by itself, so nothing is streamed
PROTOCOLS: dict[str, Protocol | None] = {"grbl": "grbl", "marlin": "marlin", "linuxcnc": None, "klipper": None}

# What differs from GRBL 1.1, which grblHAL and FluidNC follow
BASES: dict[str, dict[str, Any]] = {
    "grbl": {},
    "marlin": {
        "header": ("G21", "G90"),
        "comment": "; {text}",
        "message": "M117 {text}",  # on its display
        "forbidden": ";*",
        "longest": 96,
        # waits only with a display or EMERGENCY_PARSER; without them, print from a host that pauses by itself
        "pause": ("M0 {text}",),
        "dwell": "G4 P{ms}",
        "dwell_step_s": 0.0,
        # M280 acts as soon as it is read; M400 first waits for the moves before it
        "servo": ("M400", "M280 P0 S{value}"),
        "relay_on": ("M400", "M106 S255"),  # the fan output
        "relay_off": ("M400", "M107"),
        "travel_has_feed": True,  # G0 moves at the last F, as G1 does
        "end": ("M400",),
    },
    "linuxcnc": {
        # turns off what an earlier program left on: compensations, canned cycles, absolute arc centres; and limits the
        # rounding of corners to the tolerance, which is otherwise as large as the speed requires
        "header": ("G21", "G90", "G94", "G17", "G40", "G49", "G80", "G91.1", "G64 P{tolerance}"),
        "forbidden": "()%",
        "longest": 250,
        "dwell_step_s": 0.0,
    },
    "klipper": {
        "header": ("G21", "G90"),
        "comment": "; {text}",
        "message": "M117 {text}",  # needs [display_status]
        "forbidden": ";*#",
        "longest": 250,
        "pause": ("PAUSE",),  # needs [pause_resume]
        "dwell": "G4 P{ms}",
        "dwell_step_s": 0.0,
        "servo": ("SET_SERVO SERVO=pen ANGLE={value}",),  # needs [servo pen]
        "relay_on": ("SET_PIN PIN=pen VALUE=1",),  # needs [output_pin pen]
        "relay_off": ("SET_PIN PIN=pen VALUE=0",),
        "travel_has_feed": True,
        "end": ("M400",),
    },
}


class Dialect(BaseModel):
    """The G-code that a controller expects. A mapping gives what differs from its `base`; the defaults are GRBL's."""

    model_config = _STRICT

    base: DialectName = Field("grbl", description="The dialect to start from; give only what differs.")
    header: Lines = Field(
        ("G21", "G90", "G94", "G17"),  # mm, absolute, feed in units per minute, the xy plane
        description="First lines: millimetres, absolute coordinates, feed per minute; also settings such as `$1=255`."
        " Can hold `{tolerance}`, mm.",
    )
    comment: str = Field("({text})", description="A comment; if empty, no comments are written.")
    message: str = Field(
        "(MSG, {text})", description="Shows a text to the person at the machine; if empty, no texts are sent."
    )
    forbidden: str = Field(
        # GRBL acts on ! ? ~ anywhere in a line, even in a comment; $ and % begin its own commands
        "!?~%$()",
        description="Characters that no comment or message may contain.",
    )
    longest: int = Field(80, ge=20, le=10000, description="Longest line that the controller accepts, in characters.")
    pause: Lines = Field(
        # the controller then executes nothing that is sent, so a sender that streams must pause by itself
        ("M0",),
        description="Lines that stop the program until a person continues it; `{text}` is what that person has to do.",
    )
    dwell: str = Field("G4 P{seconds}", description="Waits for `{seconds}` seconds or `{ms}` milliseconds.")
    dwell_step_s: float = Field(
        0.05, ge=0, le=1, description="Waits are rounded up to multiples of this, seconds (s); for time estimates."
    )
    servo: Lines = Field(
        ("M3 S{value}",),  # for pen up too: with M5 some servos drop
        description="Moves the pen's servo to `{value}`.",
    )
    relay_on: Lines = Field(
        ("M8",),  # the coolant pin: a switched output, which no S value can turn off
        description="Switches the pen's relay or solenoid on.",
    )
    relay_off: Lines = Field(("M9",), description="Switches the relay or solenoid off.")
    raise_z: Lines = Field(("G1 Z{z}",), description="Moves the Z axis up to `{z}`; a line, or several.")
    lower_z: Lines = Field(("G1 Z{z}",), description="Moves the Z axis down to `{z}`; a line, or several.")
    travel: str = Field("G0 X{x} Y{y}", description="Moves to `{x}`, `{y}` with the pen up.")
    draw: str = Field("G1 X{x} Y{y}", description="Draws a straight line to `{x}`, `{y}`.")
    arc_cw: str = Field(
        "G2 X{x} Y{y} I{i} J{j}",
        description="Draws an arc clockwise to `{x}`, `{y}`; its centre is `{i}`, `{j}` from where it begins.",
    )
    arc_ccw: str = Field("G3 X{x} Y{y} I{i} J{j}", description="The same anticlockwise.")
    feed: str = Field(" F{feed}", description="Appended to a move whose speed differs from the last, `{feed}` mm/min.")
    travel_has_feed: bool = Field(
        False, description="Whether travel moves carry a feed; without one they are as fast as the machine allows."
    )
    end: Lines = Field(("M2",), description="Last lines.")

    @model_validator(mode="before")
    @classmethod
    def _on_its_base(cls, given: Any) -> Any:
        base = given.get("base", "grbl") if isinstance(given, dict) else "grbl"
        return {**BASES[base], **given} if isinstance(given, dict) and base in BASES else given

    @model_validator(mode="after")
    def _templates_can_be_filled_in(self) -> Self:
        for name in _MAY_HOLD:
            if fault := _fault(name, getattr(self, name)):
                raise ValueError(f"{name}: {fault}")
        return self


def _fault(name: str, template: str | tuple[str, ...]) -> str | None:
    """Return why a template cannot be filled in; None if it can."""
    may = _MAY_HOLD[name]
    held: set[str] = set()
    lines = (template,) if isinstance(template, str) else template
    for line in lines:
        if not line.isascii() or not (line + "x").isprintable():
            return f"{line!r} is not a single line of plain ASCII"
        if line.startswith("$") and name not in _MAY_SET:
            return f"{line!r} is a setting, which a controller takes only at rest; move it to `header`"
        try:
            held |= {field for _, field, _, _ in string.Formatter().parse(line) if field is not None}
            line.format(**dict.fromkeys(may, "1"))
        except (ValueError, KeyError, IndexError, AttributeError):
            known = " and ".join(f"{{{key}}}" for key in sorted(may)) or "no fields"
            return f"{line!r} cannot be filled in; in braces it can hold {known}"
    if name in _MUST_HOLD and any(lines) and (missing := sorted(may - held)):
        return f"{', '.join(map(repr, lines))} lacks {{{missing[0]}}}"
    return None


def dialect_of(given: DialectName | Dialect) -> Dialect:
    """Return the dialect that a machine's `dialect` field names."""
    return given if isinstance(given, Dialect) else DIALECTS[given]


DIALECTS: dict[str, Dialect] = {name: Dialect.model_validate({"base": name}) for name in BASES}
