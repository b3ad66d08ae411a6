"""The machine that draws: bed, feeds, acceleration, pen lift. A YAML file becomes a `Machine`."""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from hardware import starters
from hardware.dialect import Dialect, DialectName
from hardware.yamlfile import values_in

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

ROUNDING_MM = 0.0005  # text has three decimals: what rounds to the limit is at the limit


class MachineError(ValueError):
    """A machine file that cannot be used; the message has a line for every fault."""


class ServoLift(BaseModel):
    """A hobby servo raises the pen: `M3 S...` on GRBL and LinuxCNC, `M280` on Marlin, `SET_SERVO` on Klipper."""

    model_config = _STRICT

    kind: Literal["servo"] = Field(description="Always `servo`.")
    up: float = Field(
        ge=0,
        le=65535,
        description="Value with the pen clear of the paper: S on the scale of GRBL's $30, or the servo's angle.",
    )
    down: float = Field(ge=0, le=65535, description="Value with the tip on the paper, on the same scale.")
    settle_s: float = Field(
        0.15, ge=0, le=10, description="Seconds (s) the servo needs to arrive; waited after each lowering and lifting."
    )
    ramp_s: float = Field(
        0,
        ge=0,
        le=5,
        description="Seconds (s) over which the pen is lowered, in steps of 50 ms, so as not to drop. 0: at once.",
    )


class ZLift(BaseModel):
    """A Z axis raises the pen."""

    model_config = _STRICT

    kind: Literal["z"] = Field(description="Always `z`.")
    up_mm: float = Field(ge=-200, le=200, description="Z in mm with the pen clear of the paper.")
    down_mm: float = Field(ge=-200, le=200, description="Z in mm with the tip on the paper; below `up_mm`.")
    feed_mm_min: float = Field(600, gt=0, le=60000, description="Speed of the Z axis, mm/min, both ways.")
    accel_mm_s2: float | None = Field(
        None, gt=0, le=100000, description="Acceleration of the Z axis in mm/s^2, GRBL's $122. Default: as x and y."
    )
    settle_s: float = Field(0, ge=0, le=10, description="Seconds (s) waited after each lowering and lifting.")

    @model_validator(mode="after")
    def _up_is_above(self) -> Self:
        if self.up_mm <= self.down_mm:
            raise ValueError(f"up_mm {self.up_mm:g} must lie above down_mm {self.down_mm:g}")
        return self


class RelayLift(BaseModel):
    """A relay or a solenoid drops the pen."""

    model_config = _STRICT

    kind: Literal["relay"] = Field(description="Always `relay`.")
    drops_when: Literal["powered", "unpowered"] = Field(
        "powered", description="When the pen is down: while the relay is `powered`, or while it is `unpowered`."
    )
    settle_s: float = Field(
        0.1, ge=0, le=10, description="Seconds (s) the pen needs to arrive; waited after each lowering and lifting."
    )


PenLift = Annotated[ServoLift | ZLift | RelayLift, Field(discriminator="kind")]

Axes = tuple[float, float]  # of x, of y

_Speed = Annotated[float, Field(gt=0, le=200000)]
_Accel = Annotated[float, Field(gt=0, le=100000)]
_named_or_own = Discriminator(lambda value: "Dialect" if isinstance(value, dict | Dialect) else "name")
_one_or_each = Discriminator(lambda value: "each" if isinstance(value, list | tuple) else "one")


class Machine(BaseModel):
    """A plotter or drawing robot. Places on the bed are in mm, origin bottom left, x right, y up (away from people)."""

    model_config = _STRICT

    name: str = Field(min_length=1, max_length=60, description="What people call it; used in messages.")
    dialect: Annotated[Annotated[DialectName, Tag("name")] | Annotated[Dialect, Tag("Dialect")], _named_or_own] = Field(
        "grbl",
        description="G-code the controller speaks: `grbl` (1.1; also grblHAL, FluidNC), `marlin`, `linuxcnc`, "
        "`klipper`, or what differs from one of them.",
    )
    width_mm: float = Field(gt=0, le=10000, description="Travel of the x axis in mm: how far the pen reaches.")
    height_mm: float = Field(gt=0, le=10000, description="Travel of the y axis in mm.")
    origin_mm: tuple[float, float] = Field(
        (0, 0), description="[x, y] on the bed, in mm, where the sheet's bottom left corner lies."
    )
    centre: bool = Field(
        False, description="Whether the sheet lies in the middle of the bed, instead of at `origin_mm`."
    )
    rotate: Literal[0, 90, 180, 270] = Field(
        0, description="Degrees by which the sheet is turned anticlockwise on the bed, so that it fits."
    )
    margin_mm: float = Field(
        0, ge=0, le=1000, description="Border of the sheet, in mm, that the pen keeps off: clips and tape are there."
    )
    park_mm: tuple[float, float] = Field(
        (0, 0), description="[x, y] on the bed, in mm, where the pen waits, up, at the end."
    )
    pen_change_mm: tuple[float, float] | None = Field(
        None, description="[x, y] on the bed, in mm, where the pen waits, up, to be changed. Default: `park_mm`."
    )
    travel_mm_min: Annotated[
        Annotated[_Speed, Tag("one")] | Annotated[tuple[_Speed, _Speed], Tag("each")], _one_or_each
    ] = Field(
        6000,
        description="Speed with the pen up, mm/min, or the most that x and y can, as in GRBL's $110 and $111: "
        "`[8000, 6000]`.",
    )
    feed_mm_min: float = Field(
        2000, gt=0, le=200000, description="Speed with the pen down, mm/min, for pens that name none."
    )
    accel_mm_s2: Annotated[
        Annotated[_Accel, Tag("one")] | Annotated[tuple[_Accel, _Accel], Tag("each")], _one_or_each
    ] = Field(
        500,
        description="Acceleration in mm/s^2 along the way, or of x and y, as in GRBL's $120 and $121: `[600, 500]`; "
        "for time estimates.",
    )
    junction_deviation_mm: float = Field(
        0.01, gt=0, le=1, description="Junction deviation in mm, the controller's $11: how boldly corners are taken."
    )
    pen_lift: PenLift = Field(description="How the pen is raised: `kind: servo`, `kind: z` or `kind: relay`.")
    dwell_s: float = Field(
        0.1, ge=0, le=60, description="Seconds (s) a dot's tip rests on the paper, for pens that name none."
    )
    tolerance_mm: float = Field(
        0.05, gt=0, le=1, description="How far, in mm, the moves may stray from the drawn curve."
    )
    arcs: bool = Field(
        False, description="Whether curves are drawn by arcs (G2, G3) too: fewer lines where the tolerance is tight."
    )
    pen_change_s: float = Field(
        60, ge=0, le=3600, description="Seconds (s) a person takes to change a pen; for time estimates."
    )

    @model_validator(mode="after")
    def _points_lie_on_the_bed(self) -> Self:
        for name in ("origin_mm", "park_mm", "pen_change_mm"):
            x_mm, y_mm = getattr(self, name) or (0, 0)
            if not (0 <= x_mm <= self.width_mm and 0 <= y_mm <= self.height_mm):
                raise ValueError(
                    f"{name} [{x_mm:g}, {y_mm:g}] lies off the bed, which is {self.width_mm:g} x {self.height_mm:g} mm"
                )
        if self.centre and self.origin_mm != (0, 0):
            raise ValueError("a sheet in the `centre` of the bed has no origin_mm; leave one of them out")
        return self

    @property
    def travel_xy_mm_min(self) -> Axes | None:
        """The most that each axis can, where that is said."""
        return self.travel_mm_min if isinstance(self.travel_mm_min, tuple) else None

    @property
    def travel_feed_mm_min(self) -> float:
        """A speed at which the pen may travel in every direction."""
        return min(self.travel_mm_min) if isinstance(self.travel_mm_min, tuple) else self.travel_mm_min

    @property
    def changes_at_mm(self) -> tuple[float, float]:
        """Where pens are changed."""
        return self.park_mm if self.pen_change_mm is None else self.pen_change_mm


@dataclass(frozen=True)
class SheetPlacement:
    """How a sheet lies on a bed: a point of the drawing (origin top left, y down) is at `rows @ point + offset_mm`."""

    rows: tuple[tuple[int, int], tuple[int, int]]
    offset_mm: tuple[float, float]
    corner_mm: tuple[float, float]  # the sheet's bottom left corner as it lies
    size_mm: tuple[float, float]  # its size as it lies

    def on_bed(self, x_mm: float, y_mm: float) -> tuple[float, float]:
        """A point of the drawing, in the machine's coordinates."""
        (a, b), (c, d) = self.rows
        return a * x_mm + b * y_mm + self.offset_mm[0], c * x_mm + d * y_mm + self.offset_mm[1]

    def on_sheet(self, x_mm: float, y_mm: float) -> tuple[float, float]:
        """A point of the bed, in the drawing's coordinates. Rows of a turn are orthogonal: its inverse is across."""
        (a, b), (c, d) = self.rows
        u, v = x_mm - self.offset_mm[0], y_mm - self.offset_mm[1]
        return a * u + c * v, b * u + d * v


def sheet_placement(width_mm: float, height_mm: float, machine: Machine) -> SheetPlacement:
    """How a sheet of this size lies on the machine's bed. Here, and nowhere else, y is turned over."""
    turned = machine.rotate in (90, 270)
    size = (height_mm, width_mm) if turned else (width_mm, height_mm)
    rows, corner = {  # `corner` is where the drawing's own origin comes to lie, from the sheet's bottom left on
        0: (((1, 0), (0, -1)), (0.0, size[1])),
        90: (((0, 1), (1, 0)), (0.0, 0.0)),
        180: (((-1, 0), (0, 1)), (size[0], 0.0)),
        270: (((0, -1), (-1, 0)), size),
    }[machine.rotate]
    left_mm, bottom_mm = machine.origin_mm
    if machine.centre:
        left_mm, bottom_mm = (machine.width_mm - size[0]) / 2, (machine.height_mm - size[1]) / 2
    return SheetPlacement(rows, (left_mm + corner[0], bottom_mm + corner[1]), (left_mm, bottom_mm), size)


def load_machine(path: str | Path) -> Machine:
    """The machine in a YAML file, or a starter. Raises MachineError with every fault, each as `path: field: what`."""
    path = starters.chosen("machines", path, MachineError)
    fields = values_in(path, MachineError)
    if not isinstance(fields, dict):
        raise MachineError(f"{path}: a machine is a mapping of fields such as `name: gantry`, not this")
    try:
        return Machine.model_validate(fields)
    except ValidationError as faults:
        raise MachineError("\n".join(f"{path}: {_said(fault)}" for fault in faults.errors())) from None


_BRANCHES = ("servo", "z", "relay", "name", "Dialect", "one", "each")  # which pydantic puts into its paths


def _said(fault: Any) -> str:
    where = [str(part) for part in fault["loc"] if part not in _BRANCHES]
    if fault["type"] == "extra_forbidden":
        models = (Machine, ServoLift, ZLift, RelayLift, Dialect)
        known = {name for model in models for name in model.model_fields}
        if where[-1] in known:
            return f"{'.'.join(where)}: does not belong here"
        near = difflib.get_close_matches(where[-1], known - {where[-1]}, n=1)
        what = "no such field" + (f"; did you mean {near[0]}?" if near else "")
    elif fault["type"] == "missing":
        what = "is missing"
    else:
        what = fault["msg"].removeprefix("Value error, ")
    return f"{'.'.join(where)}: {what}" if where else what


def check_sheet(width_mm: float, height_mm: float, machine: Machine) -> list[str]:
    """What is wrong with a sheet of this size on this machine: a message for each side that does not fit."""
    placement = sheet_placement(width_mm, height_mm, machine)
    faults = []
    for side, size_mm, bed_mm, origin_mm in (
        ("wide", placement.size_mm[0], machine.width_mm, machine.origin_mm[0]),
        ("high", placement.size_mm[1], machine.height_mm, machine.origin_mm[1]),
    ):
        room_mm = bed_mm - origin_mm
        if size_mm > room_mm + ROUNDING_MM:
            faults.append(
                f"the sheet is {size_mm:g} mm {side}, but the bed of {machine.name!r} has {room_mm:g} mm"
                " from origin_mm on; use smaller paper, turn it, or move origin_mm"
            )
    return faults
