"""The machine that draws: bed, feeds, acceleration, pen lift. A YAML file becomes a `Machine`."""

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

ROUNDING_MM = 0.0005  # text has three decimals: what rounds to the limit is at the limit


class MachineError(ValueError):
    """A machine file that cannot be used; the message has a line for every fault."""


class ServoLift(BaseModel):
    """A hobby servo on the spindle output raises the pen: `M3 S...`."""

    model_config = _STRICT

    kind: Literal["servo"] = Field(description="Always `servo`.")
    up: float = Field(
        ge=0, le=65535, description="S value with the pen clear of the paper (same scale as the controller's $30)."
    )
    down: float = Field(ge=0, le=65535, description="S value with the tip on the paper (same scale as $30).")
    settle_s: float = Field(
        0.15, ge=0, le=10, description="Seconds (s) the servo needs to arrive; waited after each lowering and lifting."
    )


class ZLift(BaseModel):
    """A Z axis raises the pen."""

    model_config = _STRICT

    kind: Literal["z"] = Field(description="Always `z`.")
    up_mm: float = Field(ge=-200, le=200, description="Z in mm with the pen clear of the paper.")
    down_mm: float = Field(ge=-200, le=200, description="Z in mm with the tip on the paper; below `up_mm`.")
    feed_mm_min: float = Field(600, gt=0, le=60000, description="Speed of the Z axis, mm/min, both ways.")
    settle_s: float = Field(0, ge=0, le=10, description="Seconds (s) waited after each lowering and lifting.")

    @model_validator(mode="after")
    def _up_is_above(self) -> Self:
        if self.up_mm <= self.down_mm:
            raise ValueError(f"up_mm {self.up_mm:g} must lie above down_mm {self.down_mm:g}")
        return self


PenLift = Annotated[ServoLift | ZLift, Field(discriminator="kind")]


class Machine(BaseModel):
    """A plotter or drawing robot. Places on the bed are in mm, origin bottom left, x right, y up (away from people)."""

    model_config = _STRICT

    name: str = Field(min_length=1, max_length=60, description="What people call it; used in messages.")
    dialect: Literal["grbl"] = Field(
        "grbl", description="G-code the controller speaks: `grbl` (1.1; also grblHAL, FluidNC)."
    )
    width_mm: float = Field(gt=0, le=10000, description="Travel of the x axis in mm: how far the pen reaches.")
    height_mm: float = Field(gt=0, le=10000, description="Travel of the y axis in mm.")
    origin_mm: tuple[float, float] = Field(
        (0, 0), description="[x, y] on the bed, in mm, where the sheet's bottom left corner lies."
    )
    park_mm: tuple[float, float] = Field(
        (0, 0), description="[x, y] on the bed, in mm, where the pen waits, up, for a pen change and at the end."
    )
    travel_mm_min: float = Field(
        6000, gt=0, le=200000, description="Speed with the pen up, mm/min: the controller's $110 and $111."
    )
    feed_mm_min: float = Field(
        2000, gt=0, le=200000, description="Speed with the pen down, mm/min, for pens that name none."
    )
    accel_mm_s2: float = Field(
        500, gt=0, le=100000, description="Acceleration in mm/s^2: the controller's $120 and $121; for time estimates."
    )
    junction_deviation_mm: float = Field(
        0.01, gt=0, le=1, description="Junction deviation in mm, the controller's $11: how boldly corners are taken."
    )
    pen_lift: PenLift = Field(description="How the pen is raised: `kind: servo` or `kind: z`.")
    dwell_s: float = Field(
        0.1, ge=0, le=60, description="Seconds (s) a dot's tip rests on the paper, for pens that name none."
    )
    tolerance_mm: float = Field(
        0.05, gt=0, le=1, description="How far, in mm, straight moves may stray from the drawn curve."
    )
    pen_change_s: float = Field(
        60, ge=0, le=3600, description="Seconds (s) a person takes to change a pen; for time estimates."
    )

    @model_validator(mode="after")
    def _points_lie_on_the_bed(self) -> Self:
        for name, (x_mm, y_mm) in (("origin_mm", self.origin_mm), ("park_mm", self.park_mm)):
            if not (0 <= x_mm <= self.width_mm and 0 <= y_mm <= self.height_mm):
                raise ValueError(
                    f"{name} [{x_mm:g}, {y_mm:g}] lies off the bed, which is {self.width_mm:g} x {self.height_mm:g} mm"
                )
        return self


def load_machine(path: str | Path) -> Machine:
    """The machine in a YAML file. Raises MachineError with every fault, each as `path: field: what`."""
    path = Path(path)
    try:
        fields = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise MachineError(f"{path}: cannot be read: {fault.strerror}") from None
    except UnicodeDecodeError:
        raise MachineError(f"{path}: not a text file in UTF-8") from None
    except yaml.YAMLError as fault:
        raise MachineError(f"{path}: not YAML: {' '.join(str(fault).split())}") from None
    if not isinstance(fields, dict):
        raise MachineError(f"{path}: a machine is a mapping of fields such as `name: gantry`, not this")
    try:
        return Machine.model_validate(fields)
    except ValidationError as faults:
        raise MachineError("\n".join(f"{path}: {_said(fault)}" for fault in faults.errors())) from None


def _said(fault: Any) -> str:
    where = [str(part) for part in fault["loc"] if part not in ("servo", "z")]
    if fault["type"] == "extra_forbidden":
        known = {**Machine.model_fields, **ServoLift.model_fields, **ZLift.model_fields}
        near = difflib.get_close_matches(where[-1], known, n=1)
        what = "no such field" + (f"; did you mean {near[0]}?" if near else "")
    elif fault["type"] == "missing":
        what = "is missing"
    else:
        what = fault["msg"].removeprefix("Value error, ")
    return f"{'.'.join(where)}: {what}" if where else what


def check_sheet(width_mm: float, height_mm: float, machine: Machine) -> list[str]:
    """What is wrong with a sheet of this size on this machine: a message for each side that does not fit."""
    faults = []
    for side, size_mm, bed_mm, origin_mm in (
        ("wide", width_mm, machine.width_mm, machine.origin_mm[0]),
        ("high", height_mm, machine.height_mm, machine.origin_mm[1]),
    ):
        room_mm = bed_mm - origin_mm
        if size_mm > room_mm + ROUNDING_MM:
            faults.append(
                f"the sheet is {size_mm:g} mm {side}, but the bed of {machine.name!r} has {room_mm:g} mm"
                " from origin_mm on; use smaller paper, turn it, or move origin_mm"
            )
    return faults
