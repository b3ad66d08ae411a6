"""Executes a line on the simulated controller: `$` commands and G-code, waiting where GRBL waits."""

import math
import re
from collections.abc import Callable, Iterator
from typing import Protocol

from hardware.simulator import settings, status_report
from hardware.simulator.geometry import arc, offset_after
from hardware.simulator.grbl_parser import GrblError, ParsedLine, parse
from hardware.simulator.lookahead_planner import Vector
from hardware.simulator.machine_state import MachineState

Wait = float | Callable[[], bool]  # until a time, or until a condition holds

STEP_S = 0.05  # step in which a dwell counts
MOTIONS = {0, 10, 20, 30}
BURNING = {10, 20, 30}  # motions in which a laser is on


class ControllerLike(Protocol):
    """The controller that an interpreter needs: its clock, its machine, its replies and its reset."""

    now: float
    machine: MachineState

    def say(self, text: str, delay_s: float = 0.0) -> None: ...

    def reset(self) -> None: ...

    def alarm(self, code: int) -> None: ...


class Interpreter:
    """Executes lines one after the other."""

    def __init__(self, controller: ControllerLike) -> None:
        self.controller = controller

    @property
    def machine(self) -> MachineState:
        return self.controller.machine

    def startup(self) -> Iterator[Wait]:
        for text in self.machine.startup:
            if text:
                yield from self._gcode(parse(text))
                self.controller.say(f">{text}:ok")

    def execute(self, line: str) -> Iterator[Wait]:
        """Execute a line, yielding what it waits for. Raises GrblError."""
        if not line:
            return
        if line[0] == "$":
            yield from self._system(line)
        elif self.machine.state in {"Alarm", "Jog"}:
            raise GrblError(9)
        else:
            yield from self._gcode(parse(line))

    # --- $ commands (commands.md) ---

    def _system(self, line: str) -> Iterator[Wait]:
        machine, say = self.machine, self.controller.say
        if line.startswith("$J="):
            yield from self._jog(line[3:])
            return
        if line in {"$", "$G", "$X", "$C"} or (line == "$SLP" and machine.state in {"Idle", "Alarm"}):
            self._switch(line)
            return
        if line == "$$" and machine.state not in {"Run", "Hold"}:
            for number, value in sorted(machine.values.items()):
                say(settings.line(number, value))
            return
        if machine.state not in {"Idle", "Alarm"}:
            raise GrblError(8)
        if line == "$H":
            yield from self._home()
        elif line == "$I":
            say("[VER:1.1h.20190830:]")
            say(f"[OPT:V{'Z' if machine.force_origin else ''},{machine.planner.room},128]")
        elif line == "$#":
            for row in status_report.parameters(machine):
                say(row)
        elif line == "$N":
            for at, text in enumerate(machine.startup):
                say(f"$N{at}={text}")
        elif stored := re.fullmatch(r"\$N([01])=(.*)", line):
            if stored[2]:
                yield from self._gcode(parse(stored[2]))
            machine.startup[int(stored[1])] = stored[2]
        elif written := re.fullmatch(r"\$(\d+)=([+-]?[\d.]+)", line):
            self._write(int(written[1]), float(written[2]))
        else:
            raise GrblError(3)

    def _switch(self, line: str) -> None:
        machine, say = self.machine, self.controller.say
        if line == "$":
            say(status_report.HELP)
        elif line == "$G":
            say(status_report.modes(machine.modes, machine.spindle, machine.spindle_on))
        elif line == "$X":
            if machine.state == "Alarm":
                machine.state = "Idle"
                say("[MSG:Caution: Unlocked]")
        elif line == "$SLP":
            say("[MSG:Sleeping]")
            machine.state, machine.spindle_on = "Sleep", False
        elif machine.state == "Check":
            say("[MSG:Disabled]")
            self.controller.say("ok")
            self.controller.reset()
        elif machine.state == "Idle":
            machine.state = "Check"
            say("[MSG:Enabled]")
        else:
            raise GrblError(8)

    def _write(self, number: int, value: float) -> None:
        if (code := settings.refusal(number, value, self.machine.values)) is not None:
            raise GrblError(code)
        self.machine.values[number] = value
        self.machine.planner = self.machine._planner()

    def _home(self) -> Iterator[Wait]:
        machine = self.machine
        if not machine.homing:
            raise GrblError(5)
        machine.state = "Home"
        away = max(math.dist(machine.bed(self.controller.now)[:2], (0, 0)), machine.values[27])
        yield (
            self.controller.now + away / (machine.values[25] / 60) + 2 * machine.values[27] / (machine.values[24] / 60)
        )
        machine.home()

    def _jog(self, text: str) -> Iterator[Wait]:
        """Jog (jogging.md): in Idle and Jog only; like G1, but without changing modes; refused beyond the limits."""
        machine = self.machine
        if machine.state not in {"Idle", "Jog"}:
            raise GrblError(8)
        line = parse(text)
        if not text or line.m or line.g.keys() - {"units", "distance", "nonmodal"} or not line.axes:
            raise GrblError(16)
        if "F" not in line.values:
            raise GrblError(22)
        scale = status_report.INCH if line.g.get("units", 200 if machine.modes.inches else 210) == 200 else 1.0
        relative = line.g.get("distance", 910 if machine.modes.relative else 900) == 910
        target = self._target(line, scale, relative, in_machine_coordinates="nonmodal" in line.g)
        if machine.values[20] and not machine.is_within(target):
            raise GrblError(15)
        yield from self._room()
        if machine.state == "Idle":
            machine.state = "Jog"
        self._add(target, line.values["F"] * scale / 60)
        if not machine.planner.blocks:
            machine.state = "Idle"

    # --- G-code ---

    def _gcode(self, line: ParsedLine) -> Iterator[Wait]:
        """Execute words in the order of RS274. A line is refused before it changes anything."""
        machine, modes, values = self.machine, self.machine.modes, line.values
        scale = status_report.INCH if line.g.get("units", 200 if modes.inches else 210) == 200 else 1.0
        motion = line.g.get("motion", modes.motion)
        moves = bool(line.axes) and line.g.get("nonmodal") not in {100, 920, 280, 281, 300, 301}
        feed = values["F"] * scale if "F" in values else modes.feed
        self._refuse(line, motion, moves, feed)
        modes.feed, modes.inches = feed, scale != 1.0
        modes.tool = int(values.get("T", modes.tool))
        yield from self._spindle(line, motion, moves)
        if "coolant" in line.m and self.machine.state != "Check":
            yield from self._synchronised()
            if self.machine.flood != (line.m["coolant"] != 9):
                self.machine.set_coolant(self.controller.now, line.m["coolant"] != 9)
        if line.g.get("nonmodal") == 40:
            yield from self._dwell(values["P"])
        modes.plane = line.g.get("plane", modes.plane)
        if "system" in line.g:
            yield from self._synchronised()
            modes.system, machine.report_offset = line.g["system"] // 10 - 54, 0
        modes.relative = line.g.get("distance", 910 if modes.relative else 900) == 910
        yield from self._nonmodal(line, scale)
        modes.motion = motion
        if moves:
            yield from self._motion(line, scale, motion, feed)
        if "flow" in line.m:
            yield from self._flow(line.m["flow"])

    def _refuse(self, line: ParsedLine, motion: int, moves: bool, feed: float) -> None:
        values = line.values
        if "motion" in line.g and line.g["motion"] in {20, 30} and not line.axes:
            raise GrblError(26)
        if moves and motion == 800:
            raise GrblError(31)
        if moves and motion in {10, 20, 30} and feed == 0:
            raise GrblError(22)
        if moves and motion in {20, 30} and "R" not in values and not values.keys() & set("IJK"):
            raise GrblError(35)
        used = set("FSTN") | line.axes
        used |= set("IJKR") if moves and motion in {20, 30} else set()
        used |= {40: {"P"}, 100: {"P", "L"}}.get(line.g.get("nonmodal", 0), set())
        if values.keys() - used:
            raise GrblError(36)

    def _spindle(self, line: ParsedLine, motion: int, moves: bool) -> Iterator[Wait]:
        """Set the spindle; a new S first stops all motion, unless in laser mode (interface.md, settings.md).

        In laser mode, G1 to G3 output S, and everything else outputs 0. S in a line with motion is output by that
        motion (laser_mode.md; gcode.c, GC_PARSER_LASER_DISABLE and GC_PARSER_LASER_ISMOTION).
        """
        machine = self.machine
        value = line.values.get("S", machine.spindle)
        state = line.m.get("spindle")
        on = machine.spindle_on if state is None else state != 5
        switches = machine.is_laser and (motion in BURNING) != (machine.modes.motion in BURNING)
        if machine.state == "Check" or (machine.is_laser and moves and on == machine.spindle_on):
            machine.spindle = value
        elif (value, on) != (machine.spindle, machine.spindle_on) or (switches and on):
            if on or machine.spindle_on:
                yield from self._synchronised()
                shown = 0.0 if machine.is_laser and motion not in BURNING else value
                machine.set_spindle(self.controller.now, shown, on)
            machine.spindle = value

    def _dwell(self, seconds: float) -> Iterator[Wait]:
        """Dwell after all motion, in steps of 50 ms, rounded up."""
        if self.machine.state == "Check":
            return
        yield from self._synchronised()
        begun = self.controller.now
        for _ in range(math.ceil(seconds / STEP_S - 1e-6)):
            yield self.controller.now + STEP_S
        self.machine.record_dwell(begun, self.controller.now)

    def _nonmodal(self, line: ParsedLine, scale: float) -> Iterator[Wait]:
        machine, code = self.machine, line.g.get("nonmodal", 0)
        if code in {100, 280, 281, 300, 301, 920, 921}:
            yield from self._synchronised()
            machine.report_offset = 0
        given = {axis: line.values[axis] * scale for axis in line.axes}
        if code == 100:
            number = int(line.values["P"]) - 1
            system = machine.modes.system if number < 0 else number
            others = machine.g92 if line.values["L"] == 20 else (0.0, 0.0, 0.0)
            now = machine.at if line.values["L"] == 20 else None
            machine.systems[system] = offset_after(machine.systems[system], given, now, others)
        elif code == 920:
            machine.g92 = offset_after(machine.g92, given, machine.at, machine.systems[machine.modes.system])
        elif code == 921:
            machine.g92 = (0.0, 0.0, 0.0)
        elif code == 281:
            machine.g28 = machine.at
        elif code == 301:
            machine.g30 = machine.at
        elif code in {280, 300}:
            if line.axes:
                yield from self._line(self._target(line, scale, machine.modes.relative), None)
            yield from self._line(machine.g28 if code == 280 else machine.g30, None)

    def _motion(self, line: ParsedLine, scale: float, motion: int, feed: float) -> Iterator[Wait]:
        target = self._target(
            line, scale, self.machine.modes.relative, in_machine_coordinates=line.g.get("nonmodal") == 530
        )
        if motion in {0, 10}:
            yield from self._line(target, None if motion == 0 else feed / 60)
            return
        for point in arc(line, scale, motion == 20, self.machine, target):
            yield from self._line(point, feed / 60)

    def _flow(self, code: int) -> Iterator[Wait]:
        """Pause or end: M0 holds and executes nothing until `~`; M2 resets modes and stops the spindle."""
        machine = self.machine
        if machine.state == "Check":
            return
        yield from self._synchronised()
        if code in {0, 1}:
            machine.state = "Hold"
            yield self.controller.now
        else:
            modes = machine.modes
            modes.motion, modes.plane, modes.relative, modes.system = 10, 170, False, 0
            machine.spindle_on = False
            self.controller.say("[MSG:Pgm End]")

    # --- motion ---

    def _target(self, line: ParsedLine, scale: float, relative: bool, in_machine_coordinates: bool = False) -> Vector:
        machine, target = self.machine, list(self.machine.planned)
        for axis, letter in enumerate("XYZ"):
            if letter in line.values:
                value = line.values[letter] * scale
                base = target[axis] if relative else 0.0 if in_machine_coordinates else machine.offset[axis]
                target[axis] = base + value
        return target[0], target[1], target[2]

    def _line(self, target: Vector, feed_mm_s: float | None) -> Iterator[Wait]:
        machine = self.machine
        if machine.values[20] and not machine.is_within(target):
            yield from self._soft_limit()
        if machine.state == "Check":
            machine.planned = target
            return
        yield from self._room()
        self._add(target, feed_mm_s)

    def _add(self, target: Vector, feed_mm_s: float | None) -> None:
        block = self.machine.motion_block(target, feed_mm_s)
        if block:
            self.machine.planner.add(block, self.controller.now)

    def _room(self) -> Iterator[Wait]:
        if self.machine.planner.is_full:
            yield lambda: not self.machine.planner.is_full

    def _synchronised(self) -> Iterator[Wait]:
        if self.machine.planner.blocks:
            yield lambda: not self.machine.planner.blocks

    def _soft_limit(self) -> Iterator[Wait]:
        """Hold, then raise alarm 2, which blocks until a reset (settings.md $20, interface.md)."""
        machine = self.machine
        if machine.planner.profile is not None:
            machine.soft_limited = True
            machine.planner.hold(self.controller.now)
            yield lambda: machine.planner.profile is None
        self.controller.alarm(2)
        yield self.controller.now
