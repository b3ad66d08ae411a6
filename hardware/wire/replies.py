"""Parses the replies of GRBL."""

import re
from dataclasses import dataclass, field, replace

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Ack:
    """`ok`: the oldest outstanding line is accepted."""


@dataclass(frozen=True)
class Refusal:
    """`error:N`: the oldest outstanding line was discarded."""

    code: int


@dataclass(frozen=True)
class Alarm:
    code: int


@dataclass(frozen=True)
class Banner:
    """The controller has just started: offsets, modes and perhaps the position are lost."""

    text: str


@dataclass(frozen=True)
class Info:
    """Settings, messages, and everything else that does not answer a line."""

    text: str


@dataclass(frozen=True)
class Outdated:
    """A banner or a status report of a GRBL before 1.1."""

    version: str


@dataclass(frozen=True)
class Garbled:
    """A text that no controller sends: noise on the line."""

    text: str


@dataclass(frozen=True)
class Status:
    """A status report. Positions are in mm, in machine or work coordinates as the controller gave them."""

    state: str
    substate: int | None = None
    place: Vector = (0.0, 0.0, 0.0)
    is_work: bool = False
    offset: Vector | None = None
    spindle: float | None = None
    fields: dict[str, str] = field(default_factory=dict)

    def scaled(self, mm: float) -> "Status":
        """Return the report in mm, where the controller's unit of length is this long ($13=1: inches)."""
        if mm == 1.0:
            return self
        fields = dict(self.fields)
        for name in fields.keys() & {"F", "FS"}:
            feed, *others = fields[name].split(",")
            fields[name] = ",".join([f"{float(feed) * mm:g}", *others])
        offset = None if self.offset is None else _times(self.offset, mm)
        return replace(self, place=_times(self.place, mm), offset=offset, fields=fields)


Reply = Ack | Refusal | Alarm | Banner | Info | Outdated | Garbled | Status
STATES = {"Idle", "Run", "Hold", "Jog", "Alarm", "Door", "Check", "Home", "Sleep", "Tool"}  # Tool: grblHAL

_STATUS = re.compile(r"<([A-Z][a-z]+)(?::(\d+))?((?:\|[ -{}~]*)*)>")
# `Grbl 1.1h ['$' for help]`, `GrblHAL 1.1f ['$' or '$HELP' for help]`, `Grbl 3.7 [FluidNC v3.7.8 (wifi) '$' for help]`
_BANNER = re.compile(r"(?:Grbl(?:HAL)?|FluidNC|DrawCore|iDraw\w*)[ :]+v?(\d+\.\d+\w*).*", re.IGNORECASE)
_OLD_STATUS = re.compile(r"<[A-Z][a-z]+,MPos:.*>")
_INFO = re.compile(r"\[[ -~]*\]|\$[\w/]+ ?=[ -~]*|>[ -~]*")


def read(text: str) -> Reply:
    """Return the reply in one line, given without its line end."""
    if text == "ok":
        return Ack()
    if coded := re.fullmatch(r"(error|ALARM):(\d{1,3})", text):
        return Refusal(int(coded[2])) if coded[1] == "error" else Alarm(int(coded[2]))
    if text.startswith("<"):
        return _status(text)
    if banner := _BANNER.fullmatch(text):
        return Outdated(banner[1]) if banner[1].startswith("0.") else Banner(text)
    return Info(text) if _INFO.fullmatch(text) else Garbled(text)


def _status(text: str) -> Reply:
    if _OLD_STATUS.fullmatch(text):
        return Outdated("0.9 or older")
    found = _STATUS.fullmatch(text)
    if not found or found[1] not in STATES:
        return Garbled(text)
    fields = {name: value for name, _, value in (part.partition(":") for part in found[3].split("|") if part)}
    try:
        name = "WPos" if "WPos" in fields else "MPos"
        spindle = fields["FS"].split(",")[1] if "FS" in fields else None
        return Status(
            found[1],
            int(found[2]) if found[2] else None,
            _vector(fields[name]),
            name == "WPos",
            _vector(fields["WCO"]) if "WCO" in fields else None,
            None if spindle is None else float(spindle),
            fields,
        )
    except (KeyError, ValueError, IndexError):
        return Garbled(text)


def _times(place: Vector, by: float) -> Vector:
    return place[0] * by, place[1] * by, place[2] * by


def _vector(text: str) -> Vector:
    x, y, z = (float(part) for part in text.split(",")[:3])
    return x, y, z
