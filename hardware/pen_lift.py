"""How a machine raises its pen: by a servo, a Z axis or a relay."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


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
    down_mm: float = Field(
        ge=-200, le=200, description="Z in mm with the tip on the paper; below `up_mm`, or above it with `grows: down`."
    )
    grows: Literal["up", "down"] = Field(
        "up",
        description="Where a larger Z lies: `up`, away from the paper, or `down`, towards it, as on DrawCore boards.",
    )
    feed_mm_min: float = Field(600, gt=0, le=60000, description="Speed of the Z axis, mm/min, both ways.")
    accel_mm_s2: float | None = Field(
        None,
        gt=0,
        le=100000,
        description="Acceleration of the Z axis in mm/s^2, GRBL's $122. Default: that of x and y.",
    )
    settle_s: float = Field(0, ge=0, le=10, description="Seconds (s) waited after each lowering and lifting.")

    @model_validator(mode="after")
    def _up_clears_the_paper(self) -> Self:
        if not self.clears(self.up_mm, self.down_mm):
            side, other = ("above", "down") if self.grows == "up" else ("below", "up")
            cure = f"or write `grows: {other}` if a larger Z lies further {other}"
            raise ValueError(f"up_mm {self.up_mm:g} must be {side} down_mm {self.down_mm:g}, {cure}")
        return self

    @model_serializer(mode="wrap")
    def _without_usual_direction(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out `grows: up`, so that a machine written before that field has the same key in a gallery."""
        return {name: value for name, value in dump(self).items() if (name, value) != ("grows", "up")}

    def clears(self, up_mm: float, down_mm: float) -> bool:
        """Whether the tip at the first height is further from the paper than at the second."""
        return up_mm > down_mm if self.grows == "up" else up_mm < down_mm


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
