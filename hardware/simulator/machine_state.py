"""The simulated machine: its state, its position, its motions, and the error of the position it assumes."""

from dataclasses import dataclass

from hardware.simulator.lookahead_planner import MotionBlock, Planner, Vector, limit_along
from hardware.simulator.trace import Dwell, Move, Spindle, Trace

BLOCKS = 15
_SUSPENDED = {"Hold", "Door", "Sleep"}
_FEED = {0x90: None, 0x91: 0.1, 0x92: -0.1, 0x93: 0.01, 0x94: -0.01}
_RAPID = {0x95: 1.0, 0x96: 0.5, 0x97: 0.25}


@dataclass(slots=True)
class Modes:
    """Modal state of the parser, with the values after a reset (commands.md, modal groups)."""

    motion: int = 0
    plane: int = 170
    inches: bool = False
    relative: bool = False
    inverse: bool = False
    system: int = 0
    feed: float = 0.0  # mm/min
    tool: int = 0
    flow: int = 0


class MachineState:
    """The state of the machine. The controller assumes the machine coordinates; `shift` leads from them to the bed."""

    def __init__(self, values: dict[int, float], force_origin: bool) -> None:
        self.values = dict(values)
        self.force_origin = force_origin
        self.startup = ["", ""]
        self.systems: list[Vector] = [(0.0, 0.0, 0.0)] * 6
        self.g28: Vector = (0.0, 0.0, 0.0)
        self.g30: Vector = (0.0, 0.0, 0.0)
        self.trace: Trace = []
        self.shift: Vector = (0.0, 0.0, 0.0)
        self.flood = False
        self.door_is_open = False
        self._begun = 0.0  # when the current block began
        self.pen_value = 0.0  # last output to the servo, which keeps its position without power
        self.at: Vector = (0.0, 0.0, 0.0)  # end of the last motion completed
        self.planned: Vector = (0.0, 0.0, 0.0)  # end of the last motion planned
        self.planner = self._planner()
        self.reset_state(alarmed=self.homing)

    def _planner(self) -> Planner:
        accel = (self.values[120], self.values[121], self.values[122])
        return Planner(BLOCKS, self.values[11], accel)

    def reset_state(self, alarmed: bool) -> None:
        """Reset everything that a reset clears; positions, settings and offsets in EEPROM stay."""
        self.state = "Alarm" if alarmed else "Idle"
        if self.flood:  # its pin turns off
            self.set_coolant(self._begun, False)
        self.is_critical = False
        self.soft_limited = False
        self.modes = Modes()
        self.spindle, self.spindle_on = 0.0, False  # the programmed S
        self.running = 0.0  # what the pin outputs
        self.g92: Vector = (0.0, 0.0, 0.0)
        self.planner = self._planner()
        self.planned = self.at
        self.report_offset, self.report_overrides = 0, 0

    # --- state ---

    @property
    def homing(self) -> bool:
        return bool(self.values[22])

    @property
    def suspended(self) -> bool:
        return self.state in _SUSPENDED or self.is_critical

    @property
    def offset(self) -> Vector:
        """Work coordinates are machine coordinates minus this (interface.md, WCO)."""
        return _sum(self.systems[self.modes.system], self.g92)

    def work(self, place: Vector) -> Vector:
        return _sum(place, self.offset, -1)

    def is_moving(self, now: float) -> bool:
        return self.planner.profile is not None or self.state == "Home"

    def position(self, now: float) -> Vector:
        found = self.planner.where(now)
        return found[0] if found else self.at

    def bed(self, now: float) -> Vector:
        """Return the real position of the head on the bed, mm."""
        return _sum(self.position(now), self.shift)

    def speed(self, now: float) -> float:
        found = self.planner.where(now)
        return found[1] if found else 0.0

    def state_text(self, now: float) -> str:
        """Return the state with its sub-state: whether a hold is complete (interface.md)."""
        if self.state == "Hold":
            return "Hold:1" if self.planner.profile else "Hold:0"
        if self.state == "Door":
            return "Door:2" if self.planner.profile else f"Door:{int(self.door_is_open)}"
        return self.state

    # --- motion ---

    def motion_block(self, target: Vector, feed_mm_s: float | None) -> MotionBlock | None:
        """Return a motion from the last planned position, in full steps; None if it is shorter than a step."""
        steps = (self.values[100], self.values[101], self.values[102])
        x, y, z = (round(t * per_mm) / per_mm for t, per_mm in zip(target, steps, strict=True))
        end = (x, y, z)
        away = _sum(end, self.planned, -1)
        length = (away[0] ** 2 + away[1] ** 2 + away[2] ** 2) ** 0.5
        if length < 1e-9:
            return None
        unit = (away[0] / length, away[1] / length, away[2] / length)
        rapid = limit_along((self.values[110] / 60, self.values[111] / 60, self.values[112] / 60), unit)
        accel = limit_along((self.values[120], self.values[121], self.values[122]), unit)
        start, self.planned = self.planned, end
        speed, is_rapid = feed_mm_s or rapid, feed_mm_s is None
        return MotionBlock(start, end, unit, length, speed, rapid, accel, is_rapid, self.spindle)

    def start(self, now: float) -> None:
        """Begin planned motions, once the main program has nothing else to do."""
        if self.planner.blocks and self.planner.profile is None and self.state in {"Idle", "Run", "Jog"}:
            self._begun = now
            self.planner.start(now)
            self._power_block(now)
            self.state = "Jog" if self.state == "Jog" else "Run"

    def end_of_profile(self, now: float) -> None:
        """Handle the end of a profile: a block is done, or a hold has stopped."""
        if self.planner.ends_in_a_stop:
            self._record(now)
            self.planner.cut(now)
            self._stopped()
            return
        self._record(now)
        self.at = self.planner.finish().end
        self._begun = now
        self._power_block(now)
        if not self.planner.blocks:
            if self.planner.holding:
                self.planner.cut(now)
                self._stopped()
            elif self.state in {"Run", "Jog"}:
                self.state = "Idle"

    def _stopped(self) -> None:
        if self.planner.blocks:
            self.at = self.planner.blocks[0].start
        if self.state == "Jog" or self.soft_limited:  # cancelled: planned motions are discarded
            self.planner.clear()
            self.planned = self.at
            self.state = "Idle"

    def _record(self, now: float) -> None:
        end = self.position(now)
        if end != self.at:
            self.trace.append(Move(self._begun, now, _sum(self.at, self.shift), _sum(end, self.shift), self.pen_value))

    def halt(self, now: float) -> None:
        """Stop all motion at once."""
        if self.planner.profile is not None:
            self._record(now)
        self.at = self.planned = self.position(now)
        self.planner.clear()

    def power_off(self, now: float) -> None:
        """Cut the power: afterwards the controller assumes that it is at 0, 0, 0."""
        self.halt(now)
        self.shift = _sum(self.at, self.shift)
        self.at = self.planned = (0.0, 0.0, 0.0)
        self.state = "Idle"

    def push(self, x_mm: float, y_mm: float, z_mm: float | None = None) -> None:
        """Move the head by hand to this position on the bed, mm, unnoticed by the controller."""
        z = self.shift[2] if z_mm is None else z_mm - self.at[2]
        self.shift = (x_mm - self.at[0], y_mm - self.at[1], z)

    def record_dwell(self, begun: float, ended: float) -> None:
        self.trace.append(Dwell(begun, ended, _sum(self.at, self.shift), self.pen_value))

    def set_spindle(self, now: float, value: float, on: bool) -> None:
        """Set the spindle output, which moves a servo."""
        self.spindle_on, self.running = on, self.output(value) if on else 0.0
        if on:
            self.pen_value = self.running
            self.trace.append(Spindle(now, self.pen_value, _sum(self.at, self.shift)))

    def output(self, value: float) -> float:
        """Return the speed that the pin outputs: S, clipped to $31 and $30 (spindle_control.c; settings.md)."""
        least, most = self.values[31], self.values[30]
        if least >= most or value >= most:
            return most
        return value if value > least or value == 0 else least

    @property
    def is_laser(self) -> bool:
        return self.values[32] == 1

    def _power_block(self, now: float) -> None:
        """Output the S of the block that begins, where laser mode gives each motion its own."""
        blocks = self.planner.blocks
        if self.is_laser and self.spindle_on and blocks and self.planner.profile is not None:
            value = 0.0 if blocks[0].is_rapid else blocks[0].power
            if self.output(value) != self.pen_value:
                self.set_spindle(now, value, True)

    def set_coolant(self, now: float, on: bool) -> None:
        """Set the coolant pin, whose relay drops or lifts the pen."""
        self.flood = on
        self.pen_value = float(on)
        self.trace.append(Spindle(now, self.pen_value, _sum(self.at, self.shift)))

    # --- realtime ---

    def feed_hold(self, now: float) -> None:
        """Hold in Idle, Run and Jog; in Jog it cancels the jog (commands.md)."""
        if self.state not in {"Idle", "Run", "Jog"}:
            return
        self.planner.hold(now)
        if self.state != "Jog":
            self.state = "Hold"
        if self.planner.profile is None:
            self._stopped()

    def door(self, now: float) -> bool:
        if self.state not in {"Idle", "Run", "Hold", "Jog"}:
            return False
        self.planner.hold(now)
        self.spindle_on = False
        self.state = "Door"
        return True

    def resume(self, now: float) -> None:
        """Resume after a complete hold or a closed door."""
        if self.state == "Door" and self.door_is_open:
            return
        if self.state in {"Hold", "Door"} and self.planner.profile is None:
            self.state = "Idle"
            self.start(now)

    def override(self, byte: int, now: float) -> None:
        feed, rapid = self.planner.feed, self.planner.rapid
        if byte in _FEED:
            change = _FEED[byte]
            feed = 1.0 if change is None else min(max(feed + change, 0.1), 2.0)
        rapid = _RAPID.get(byte, rapid)
        if (feed, rapid) != (self.planner.feed, self.planner.rapid):
            self.planner.override(feed, rapid, now)
            self.report_overrides = 0

    # --- limits and homing ---

    def is_within(self, target: Vector) -> bool:
        """Whether a target is within the soft limits.

        Machine space is negative, unless homing forces the origin and the axis homes the other way.
        """
        for axis, value in enumerate(target):
            travel = self.values[130 + axis]
            positive = self.force_origin and int(self.values[23]) >> axis & 1
            low, high = (0.0, travel) if positive else (-travel, 0.0)
            if not low - 1e-6 <= value <= high + 1e-6:
                return False
        return True

    def home(self) -> None:
        """Home at the switches, after which the position is known again."""
        pull_off, places, bed = self.values[27], [], []
        for axis in range(3):
            travel, inverted = self.values[130 + axis], int(self.values[23]) >> axis & 1
            bed.append(pull_off if inverted else travel - pull_off)
            mine = -travel + pull_off if inverted else -pull_off
            places.append(0.0 if self.force_origin else mine)
        self.at = self.planned = (places[0], places[1], places[2])
        self.shift = _sum((bed[0], bed[1], bed[2]), self.at, -1)
        self.state = "Idle"


def _sum(a: Vector, b: Vector, sign: int = 1) -> Vector:
    return a[0] + sign * b[0], a[1] + sign * b[1], a[2] + sign * b[2]
