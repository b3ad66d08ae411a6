"""The machine that plots: bed, feeds, acceleration, pen lift. A YAML file becomes a `Machine`."""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from hardware import starters
from hardware.dialect import Dialect, DialectName
from hardware.yamlfile import values_in

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

ROUNDING_MM = 0.0005  # text has three decimals: a value that rounds to the limit is at the limit


class MachineError(ValueError):
    """A machine file that cannot be used; the message has one line per fault."""


class ServoLift(BaseModel):
    """A hobby servo raises the pen: `M3 S...` on GRBL and LinuxCNC, `M280` on Marlin, `SET_SERVO` on Klipper."""

    model_config = _STRICT

    kind: Literal["servo"] = Field(description="Always `servo`.")
    up: float = Field(
        ge=0,
        le=65535,
        description="Value with the pen clear of the paper: S on the scale of GRBL's $30, or the servo angle.",
    )
    down: float = Field(ge=0, le=65535, description="Value with the tip on the paper, on the same scale.")
    settle_s: float = Field(
        0.15, ge=0, le=10, description="Seconds (s) the servo needs to move; waited after each lowering and lifting."
    )
    ramp_s: float = Field(
        0,
        ge=0,
        le=5,
        description="Seconds (s) over which the pen is lowered, in steps of 50 ms, so that it cannot drop. 0: at once.",
    )


class ZLift(BaseModel):
    """A Z axis raises the pen."""

    model_config = _STRICT

    kind: Literal["z"] = Field(description="Always `z`.")
    up_mm: float = Field(ge=-200, le=200, description="Z in mm with the pen clear of the paper.")
    down_mm: float = Field(ge=-200, le=200, description="Z in mm with the tip on the paper; below `up_mm`.")
    feed_mm_min: float = Field(600, gt=0, le=60000, description="Speed of the Z axis, mm/min, both ways.")
    accel_mm_s2: float | None = Field(
        None,
        gt=0,
        le=100000,
        description="Acceleration of the Z axis in mm/s^2, GRBL's $122. Default: that of x and y.",
    )
    settle_s: float = Field(0, ge=0, le=10, description="Seconds (s) waited after each lowering and lifting.")

    @model_validator(mode="after")
    def _up_is_above(self) -> Self:
        if self.up_mm <= self.down_mm:
            raise ValueError(f"up_mm {self.up_mm:g} must be above down_mm {self.down_mm:g}")
        return self


class RelayLift(BaseModel):
    """A relay or a solenoid drops the pen."""

    model_config = _STRICT

    kind: Literal["relay"] = Field(description="Always `relay`.")
    drops_when: Literal["powered", "unpowered"] = Field(
        "powered", description="When the pen is down: while the relay is `powered` or `unpowered`."
    )
    settle_s: float = Field(
        0.1, ge=0, le=10, description="Seconds (s) the pen needs to move; waited after each lowering and lifting."
    )


PenLift = Annotated[ServoLift | ZLift | RelayLift, Field(discriminator="kind")]

Axes = tuple[float, float]  # a value for x and one for y

_Speed = Annotated[float, Field(gt=0, le=200000)]
_Accel = Annotated[float, Field(gt=0, le=100000)]
_named_or_own = Discriminator(lambda value: "Dialect" if isinstance(value, dict | Dialect) else "name")
_one_or_each = Discriminator(lambda value: "each" if isinstance(value, list | tuple) else "one")


class Machine(BaseModel):
    """A plotter or drawing robot. Bed coordinates, mm: origin bottom left, x right, y up (away from the operator)."""

    model_config = _STRICT

    name: str = Field(min_length=1, max_length=60, description="Name of the machine, used in messages.")
    dialect: Annotated[Annotated[DialectName, Tag("name")] | Annotated[Dialect, Tag("Dialect")], _named_or_own] = Field(
        "grbl",
        description="G-code dialect of the controller: `grbl` (1.1; also grblHAL, FluidNC), `marlin`, `linuxcnc`, "
        "`klipper`, or a mapping of what differs from one of them.",
    )
    width_mm: float = Field(gt=0, le=10000, description="Travel of the x axis in mm: how far the pen reaches.")
    height_mm: float = Field(gt=0, le=10000, description="Travel of the y axis in mm.")
    origin_mm: tuple[float, float] = Field(
        (0, 0), description="[x, y] on the bed, in mm, of the sheet's bottom left corner."
    )
    centre: bool = Field(
        False, description="Whether the sheet lies in the centre of the bed instead of at `origin_mm`."
    )
    rotate: Literal[0, 90, 180, 270] = Field(
        0, description="Degrees by which the sheet is turned anticlockwise on the bed, so that it fits."
    )
    margin_mm: float = Field(
        0, ge=0, le=1000, description="Border of the sheet, in mm, that the pen keeps clear of, for clips and tape."
    )
    park_mm: tuple[float, float] = Field(
        (0, 0), description="[x, y] on the bed, in mm, where the pen parks, up, at the end."
    )
    pen_change_mm: tuple[float, float] | None = Field(
        None, description="[x, y] on the bed, in mm, where the pen waits, up, for a pen change. Default: `park_mm`."
    )
    travel_mm_min: Annotated[
        Annotated[_Speed, Tag("one")] | Annotated[tuple[_Speed, _Speed], Tag("each")], _one_or_each
    ] = Field(
        6000,
        description="Speed with the pen up, mm/min, or the maximum of x and of y, as in GRBL's $110 and $111: "
        "`[8000, 6000]`.",
    )
    feed_mm_min: float = Field(
        2000, gt=0, le=200000, description="Speed with the pen down, mm/min, for pens without a feed of their own."
    )
    accel_mm_s2: Annotated[
        Annotated[_Accel, Tag("one")] | Annotated[tuple[_Accel, _Accel], Tag("each")], _one_or_each
    ] = Field(
        500,
        description="Acceleration in mm/s^2 along the path, or of x and y, as in GRBL's $120 and $121: `[600, 500]`; "
        "for time estimates.",
    )
    junction_deviation_mm: float = Field(
        0.01, gt=0, le=1, description="Junction deviation in mm, the controller's $11: sets the speed at corners."
    )
    pen_lift: PenLift = Field(description="How the pen is raised: `kind: servo`, `kind: z` or `kind: relay`.")
    dwell_s: float = Field(
        0.1, ge=0, le=60, description="Seconds (s) the tip rests on the paper for a dot, unless the pen sets its own."
    )
    tolerance_mm: float = Field(
        0.05, gt=0, le=1, description="How far, in mm, the moves may deviate from the drawn curve."
    )
    arcs: bool = Field(
        False, description="Whether curves also use arcs (G2, G3): fewer lines where the tolerance is tight."
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
                    f"{name} [{x_mm:g}, {y_mm:g}] is off the bed, which is {self.width_mm:g} x {self.height_mm:g} mm"
                )
        if self.centre and self.origin_mm != (0, 0):
            raise ValueError("`centre` and origin_mm exclude each other; leave one of them out")
        return self

    @property
    def travel_xy_mm_min(self) -> Axes | None:
        """The maximum travel speed of each axis in mm/min; None where the file gives one speed for both."""
        return self.travel_mm_min if isinstance(self.travel_mm_min, tuple) else None

    @property
    def travel_feed_mm_min(self) -> float:
        """A speed in mm/min at which the pen can travel in every direction."""
        return min(self.travel_mm_min) if isinstance(self.travel_mm_min, tuple) else self.travel_mm_min

    @property
    def changes_at_mm(self) -> tuple[float, float]:
        """Where pens are changed: x, y in mm on the bed."""
        return self.park_mm if self.pen_change_mm is None else self.pen_change_mm


@dataclass(frozen=True)
class SheetPlacement:
    """A sheet's place on a bed: a point of the drawing, origin top left, y down, is at `rows @ point + offset_mm`."""

    rows: tuple[tuple[int, int], tuple[int, int]]
    offset_mm: tuple[float, float]
    corner_mm: tuple[float, float]  # the sheet's bottom left corner on the bed
    size_mm: tuple[float, float]  # its size on the bed, after rotation

    def on_bed(self, x_mm: float, y_mm: float) -> tuple[float, float]:
        """Return a point of the drawing in the machine's coordinates, mm."""
        (a, b), (c, d) = self.rows
        return a * x_mm + b * y_mm + self.offset_mm[0], c * x_mm + d * y_mm + self.offset_mm[1]

    def on_sheet(self, x_mm: float, y_mm: float) -> tuple[float, float]:
        """Return a point of the bed in the drawing's coordinates, mm. A rotation's inverse is its transpose."""
        (a, b), (c, d) = self.rows
        u, v = x_mm - self.offset_mm[0], y_mm - self.offset_mm[1]
        return a * u + c * v, b * u + d * v


def sheet_placement(width_mm: float, height_mm: float, machine: Machine) -> SheetPlacement:
    """Return how a sheet of this size in mm lies on the machine's bed. y is flipped here and nowhere else."""
    turned = machine.rotate in (90, 270)
    size = (height_mm, width_mm) if turned else (width_mm, height_mm)
    rows, corner = {  # `corner` is the position of the drawing's origin relative to the sheet's bottom left corner
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
    """Return the machine of a YAML file or a starter. Raises MachineError with all faults, as `path: field: what`."""
    path = starters.chosen("machines", path, MachineError)
    fields = values_in(path, MachineError)
    if not isinstance(fields, dict):
        raise MachineError(f"{path}: a machine file is a mapping of fields such as `name: gantry`")
    try:
        return Machine.model_validate(fields)
    except ValidationError as faults:
        raise MachineError("\n".join(f"{path}: {_fault_text(fault)}" for fault in faults.errors())) from None


_BRANCHES = (
    "servo",
    "z",
    "relay",
    "name",
    "Dialect",
    "one",
    "each",
)  # parts of pydantic's error locations that no file contains


def _fault_text(fault: Any) -> str:
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
    """Return a message for each side of a sheet of this size, in mm, that does not fit on this machine."""
    placement = sheet_placement(width_mm, height_mm, machine)
    faults = []
    for side, size_mm, bed_mm, origin_mm in (
        ("wide", placement.size_mm[0], machine.width_mm, machine.origin_mm[0]),
        ("high", placement.size_mm[1], machine.height_mm, machine.origin_mm[1]),
    ):
        room_mm = bed_mm - origin_mm
        if size_mm > room_mm + ROUNDING_MM:
            faults.append(
                f"the sheet is {size_mm:g} mm {side}, but from origin_mm the bed of {machine.name!r} has only"
                f" {room_mm:g} mm; use smaller paper, rotate the sheet, or move origin_mm"
            )
    return faults
