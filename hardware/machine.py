"""The machine that plots: bed, feeds, acceleration, pen lift. A YAML file becomes a `Machine`."""

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    ValidationError,
    WithJsonSchema,
    model_serializer,
    model_validator,
)

from hardware import starters
from hardware.controllers import EbbMechanics, HpglPlotter, Language, as_dialect, dialect_names, language_of
from hardware.dialect import Dialect, DialectName
from hardware.pen_lift import PenLift, RelayLift, ServoLift, ZLift
from hardware.stations import PaintWell
from hardware.yamlfile import values_in

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

ROUNDING_MM = 0.0005  # text has three decimals: a value that rounds to the limit is at the limit


class MachineError(ValueError):
    """A machine file that cannot be used; the message has one line per fault."""


Axes = tuple[float, float]  # a value for x and one for y

_Speed = Annotated[float, Field(gt=0, le=200000)]
_Accel = Annotated[float, Field(gt=0, le=100000)]
_named_or_own = Discriminator(lambda value: "Dialect" if isinstance(value, dict | Dialect) else "name")
_one_or_each = Discriminator(lambda value: "each" if isinstance(value, list | tuple) else "one")


class Machine(BaseModel):
    """A plotter or drawing robot. Its coordinates, mm: x right, y up (away from the operator), 0 where it is at 0."""

    model_config = _STRICT

    name: str = Field(min_length=1, max_length=60, description="Name of the machine, used in messages.")
    dialect: Annotated[
        Annotated[DialectName, Tag("name"), WithJsonSchema({"type": "string", "enum": [*dialect_names()]})]
        | Annotated[Dialect, Tag("Dialect")],
        _named_or_own,
        BeforeValidator(as_dialect),
    ] = Field(
        "grbl",
        description="G-code dialect of the controller: `grbl` (1.1; also grblHAL, FluidNC), `marlin`, `linuxcnc`, "
        "`klipper`, or a mapping of what differs from one of them. Without G-code: `ebb` (AxiDraw, NextDraw, EggBot)"
        " and `hpgl` (HP and Roland plotters, cutters).",
    )
    width_mm: float = Field(gt=0, le=10000, description="Travel of the x axis in mm: how far the pen reaches.")
    height_mm: float = Field(gt=0, le=10000, description="Travel of the y axis in mm.")
    bed_min_mm: tuple[float, float] = Field(
        (0, 0),
        description="[x, y] in mm of the bed's bottom left corner, in the machine's coordinates: `[-440, -320]` on a"
        " bed of 440 x 320 mm whose machine homes to the top right. Default: 0 on each axis, but minus the travel on"
        " an axis where `origin_mm`, `park_mm` or `pen_change_mm` is negative.",
    )
    origin_mm: tuple[float, float] = Field(
        (0, 0),
        description="[x, y] in mm of the sheet's `sheet_corner` in the machine's coordinates.",
    )
    sheet_corner: Literal["bottom left", "top left"] = Field(
        "bottom left",
        description="The corner of the sheet that lies at `origin_mm`. With `top left`, sheets of all sizes share that "
        "corner.",
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
        (0, 0), description="[x, y] in mm where the pen parks, up, at the end, in the machine's coordinates."
    )
    pen_change_mm: tuple[float, float] | None = Field(
        None, description="[x, y] in mm where the pen waits, up, for a pen change. Default: `park_mm`."
    )
    travel_mm_min: Annotated[
        Annotated[_Speed, Tag("one")] | Annotated[tuple[_Speed, _Speed], Tag("each")], _one_or_each
    ] = Field(
        6000,
        description="Speed with the pen up, mm/min; or the maximum of x and of y, as in GRBL's $110 and $111, "
        "`[8000, 6000]`, where one number is that of both.",
    )
    feed_mm_min: float = Field(
        2000, gt=0, le=200000, description="Speed with the pen down, mm/min, for pens without a feed of their own."
    )
    accel_mm_s2: Annotated[
        Annotated[_Accel, Tag("one")] | Annotated[tuple[_Accel, _Accel], Tag("each")], _one_or_each
    ] = Field(
        500,
        description="Acceleration in mm/s^2 of x and y, as in GRBL's $120 and $121: `[600, 500]`, or one number for "
        "both; with Marlin and Klipper one number is that along the path. For time estimates.",
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
    stations: tuple[PaintWell, ...] = Field((), description="Wells of paint and water beside the sheet, for brushes.")
    hpgl: HpglPlotter | None = Field(None, description="What is particular to a plotter with `dialect: hpgl`.")
    ebb: EbbMechanics | None = Field(
        None, description="What an EBB must know of the machine; only with `dialect: ebb`."
    )

    @model_validator(mode="after")
    def _points_lie_on_the_bed(self) -> Self:
        if "bed_min_mm" not in self.model_fields_set:
            self.__dict__["bed_min_mm"] = self._usual_bed_min_mm()  # frozen: set once, while it is built
        left, bottom, right, top = self.bed_mm
        for name, (x_mm, y_mm) in self._points_mm().items():
            if not (left <= x_mm <= right and bottom <= y_mm <= top):
                raise ValueError(f"{name} [{x_mm:g}, {y_mm:g}] is off the bed, which {self.bed_text}")
        if self.centre and self.origin_mm != (0, 0):
            raise ValueError("`centre` and origin_mm exclude each other; leave one of them out")
        return self

    @model_validator(mode="after")
    def _a_board_can_drive_it(self) -> Self:
        if language_of(self.dialect) == "ebb":
            board = self.board
            if not isinstance(self.pen_lift, ServoLift):
                raise ValueError("an EBB lifts the pen by servo: write `pen_lift: {kind: servo, ...}`")
            if abs(board.determinant) < 1e-6:
                raise ValueError("ebb.motor1 and ebb.motor2 move the pen along the same line; one of them is wrong")
            fastest = max(self.feed_mm_min, self.travel_feed_mm_min)
            if fastest > 60 * board.most_mm_s() + 0.5:
                most = int(60 * board.most_mm_s())
                raise ValueError(
                    f"{fastest:g} mm/min is more than the board can step; at {board.steps_per_mm:g} steps per mm, lower"
                    f" travel_mm_min and feed_mm_min to {most} or less"
                )
        for name, given in (("ebb", self.ebb), ("hpgl", self.hpgl)):
            if given is not None and language_of(self.dialect) != name:
                raise ValueError(f"{name}: belongs to `dialect: {name}` only")
        if language_of(self.dialect) == "hpgl" and not isinstance(self.pen_lift, RelayLift):
            raise ValueError(
                "an HP-GL plotter lifts its pens by itself: write `pen_lift: {kind: relay, settle_s: 0.1}`"
            )
        return self

    @property
    def plotter(self) -> HpglPlotter:
        """What is particular to an HP-GL plotter: the usual values unless the file says otherwise."""
        return self.hpgl or HpglPlotter()

    @model_validator(mode="after")
    def _wells_lie_on_the_bed(self) -> Self:
        names = [station.name for station in self.stations]
        for name in {name for name in names if names.count(name) > 1}:
            raise ValueError(f"stations: two are named {name!r}")
        left, bottom, right, top = self.bed_mm
        for station in self.stations:
            x, y = station.x_mm, station.y_mm
            if not (left <= x <= right and bottom <= y <= top - station.radius_mm):
                raise ValueError(f"stations: {station.name!r} at [{x:g}, {y:g}] is off the bed, which {self.bed_text}")
        return self

    @property
    def board(self) -> EbbMechanics:
        """The EBB that drives it; that of an AxiDraw unless the file says otherwise."""
        return self.ebb or EbbMechanics()

    @model_serializer(mode="wrap")
    def _without_usual_values(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out a bed that begins at 0 and an absent board, so that an older machine has the same key."""
        kept: dict[str, Any] = dump(self)
        if self.bed_min_mm == (0.0, 0.0):
            kept.pop("bed_min_mm", None)
        for name in ("ebb", "hpgl", "stations"):
            if not getattr(self, name):
                kept.pop(name, None)
        if self.sheet_corner == "bottom left":
            kept.pop("sheet_corner", None)
        if isinstance(self.dialect, Language) and "dialect" in kept:
            kept["dialect"] = self.dialect.speaks
        return kept

    def _points_mm(self) -> dict[str, Axes]:
        """Return the points that must lie on the bed, by the name of their field."""
        points = {"origin_mm": None if self.centre else self.origin_mm, "park_mm": self.park_mm}
        points["pen_change_mm"] = self.pen_change_mm
        return {name: point for name, point in points.items() if point is not None}

    def _usual_bed_min_mm(self) -> Axes:
        """Return where the bed begins if the file does not say so: at 0, or it ends at 0 where a point is negative."""
        points = self._points_mm().values()
        x_mm, y_mm = (min(values) for values in zip(*points, strict=True))
        return (-self.width_mm if x_mm < 0 else 0.0, -self.height_mm if y_mm < 0 else 0.0)

    @property
    def bed_mm(self) -> tuple[float, float, float, float]:
        """Left, bottom, right and top of the bed in the machine's coordinates, mm."""
        left, bottom = self.bed_min_mm
        return left, bottom, left + self.width_mm, bottom + self.height_mm

    @property
    def bed_text(self) -> str:
        """Where the bed lies, as the end of a sentence: `is 300 x 200 mm`, or its corners if it does not begin at 0."""
        left, bottom, right, top = self.bed_mm
        if (left, bottom) == (0, 0):
            return f"is {self.width_mm:g} x {self.height_mm:g} mm; bed_min_mm says where it begins"
        return f"reaches from [{left:g}, {bottom:g}] (bed_min_mm) to [{right:g}, {top:g}] mm"

    @property
    def zero_text(self) -> str:
        """Where on the bed the machine is at 0, 0: `its top right corner`, or a place measured from the bottom left."""
        left, bottom, right, top = self.bed_mm
        x, y = {left: "left", right: "right"}.get(0.0), {bottom: "bottom", top: "top"}.get(0.0)
        if x and y:
            return f"its {y} {x} corner"
        return f"{0 - left:g} mm to the right of its left edge and {0 - bottom:g} mm above its bottom edge"

    @property
    def start_mm(self) -> Axes:
        """Where the machine is assumed to stand before a plot: at 0, 0, or on the bed as near to it as possible."""
        left, bottom, right, top = self.bed_mm
        return min(max(0.0, left), right), min(max(0.0, bottom), top)

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
        if where == ["reload"]:
            return (
                "reload: is a field of a pen: write it in the rack, as in `- {name: red, reload: {every_m: 0.6}}`; the"
                " machine has only the `stations`"
            )
        models = (Machine, ServoLift, ZLift, RelayLift, Dialect, EbbMechanics, HpglPlotter, PaintWell)
        known = {name for model in models for name in model.model_fields}
        blocks = {"ebb": list(EbbMechanics.model_fields), "hpgl": list(HpglPlotter.model_fields)}
        near_by = difflib.get_close_matches(where[-1], blocks.get(where[-2], []) if len(where) > 1 else [], n=1)
        if near_by:
            return f"{'.'.join(where)}: no such field; did you mean {near_by[0]}?"
        if where[-1] in known:
            return f"{'.'.join(where)}: does not belong here"
        near = difflib.get_close_matches(where[-1], known - {where[-1]}, n=1)
        what = "no such field" + (f"; did you mean {near[0]}?" if near else "")
    elif fault["type"] == "missing":
        what = "is missing"
    else:
        what = fault["msg"].removeprefix("Value error, ")
    return f"{'.'.join(where)}: {what}" if where else what
