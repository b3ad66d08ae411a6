"""What the simulated controller does with a line: `$` commands and G-code, waiting where GRBL waits."""

import math
import re
from collections.abc import Callable, Iterator
from typing import Protocol

from hardware.simulator import settings, status_report
from hardware.simulator.geometry import arc, offset_after
from hardware.simulator.grbl_parser import Block, GrblError, parse
from hardware.simulator.lookahead_planner import Vector
from hardware.simulator.machine_state import Body

Wait = float | Callable[[], bool]  # until a time, or until something is so

STEP_S = 0.05  # a dwell counts in these
MOTIONS = {0, 10, 20, 30}


class Host(Protocol):
    """What runs a program: its clock, its machine and its voice."""

    now: float
    body: Body

    def say(self, text: str, delay_s: float = 0.0) -> None: ...

    def reset(self) -> None: ...


class Program:
    """Executes lines one after the other."""

    def __init__(self, host: Host) -> None:
        self.host = host

    @property
    def body(self) -> Body:
        return self.host.body

    def startup(self) -> Iterator[Wait]:
        for text in self.body.startup:
            if text:
                yield from self._gcode(parse(text))
                self.host.say(f">{text}:ok")

    def execute(self, line: str) -> Iterator[Wait]:
        """Raises GrblError."""
        if not line:
            return
        if line[0] == "$":
            yield from self._system(line)
        elif self.body.state in {"Alarm", "Jog"}:
            raise GrblError(9)
        else:
            yield from self._gcode(parse(line))

    # --- $ commands (commands.md) ---

    def _system(self, line: str) -> Iterator[Wait]:
        body, say = self.body, self.host.say
        if line.startswith("$J="):
            yield from self._jog(line[3:])
            return
        if line in {"$", "$G", "$X", "$C"} or (line == "$SLP" and body.state in {"Idle", "Alarm"}):
            self._switch(line)
            return
        if line == "$$" and body.state not in {"Run", "Hold"}:
            for number, value in sorted(body.values.items()):
                say(settings.line(number, value))
            return
        if body.state not in {"Idle", "Alarm"}:
            raise GrblError(8)
        if line == "$H":
            yield from self._home()
        elif line == "$I":
            say("[VER:1.1h.20190830:]")
            say(f"[OPT:V{'Z' if body.force_origin else ''},{body.planner.room},128]")
        elif line == "$#":
            for row in status_report.parameters(body):
                say(row)
        elif line == "$N":
            for at, text in enumerate(body.startup):
                say(f"$N{at}={text}")
        elif stored := re.fullmatch(r"\$N([01])=(.*)", line):
            if stored[2]:
                yield from self._gcode(parse(stored[2]))
            body.startup[int(stored[1])] = stored[2]
        elif written := re.fullmatch(r"\$(\d+)=([+-]?[\d.]+)", line):
            self._write(int(written[1]), float(written[2]))
        else:
            raise GrblError(3)

    def _switch(self, line: str) -> None:
        body, say = self.body, self.host.say
        if line == "$":
            say(status_report.HELP)
        elif line == "$G":
            say(status_report.modes(body.modes, body.spindle, body.spindle_on))
        elif line == "$X":
            if body.state == "Alarm":
                body.state = "Idle"
                say("[MSG:Caution: Unlocked]")
        elif line == "$SLP":
            say("[MSG:Sleeping]")
            body.state, body.spindle_on = "Sleep", False
        elif body.state == "Check":
            say("[MSG:Disabled]")
            self.host.say("ok")
            self.host.reset()
        elif body.state == "Idle":
            body.state = "Check"
            say("[MSG:Enabled]")
        else:
            raise GrblError(8)

    def _write(self, number: int, value: float) -> None:
        if (code := settings.refusal(number, value, self.body.values)) is not None:
            raise GrblError(code)
        self.body.values[number] = value
        self.body.planner = self.body._planner()

    def _home(self) -> Iterator[Wait]:
        body = self.body
        if not body.homing:
            raise GrblError(5)
        body.state = "Home"
        away = max(math.dist(body.bed(self.host.now)[:2], (0, 0)), body.values[27])
        yield self.host.now + away / (body.values[25] / 60) + 2 * body.values[27] / (body.values[24] / 60)
        body.home()

    def _jog(self, text: str) -> Iterator[Wait]:
        """jogging.md: in Idle and Jog only; like G1, but it changes no mode, and beyond the limits it is refused."""
        body = self.body
        if body.state not in {"Idle", "Jog"}:
            raise GrblError(8)
        block = parse(text)
        if not text or block.m or block.g.keys() - {"units", "distance", "nonmodal"} or not block.axes:
            raise GrblError(16)
        if "F" not in block.values:
            raise GrblError(22)
        scale = status_report.INCH if block.g.get("units", 200 if body.modes.inches else 210) == 200 else 1.0
        relative = block.g.get("distance", 910 if body.modes.relative else 900) == 910
        target = self._target(block, scale, relative, machine="nonmodal" in block.g)
        if body.values[20] and not body.is_within(target):
            raise GrblError(15)
        yield from self._room()
        if body.state == "Idle":
            body.state = "Jog"
        self._add(target, block.values["F"] * scale / 60)
        if not body.planner.blocks:
            body.state = "Idle"

    # --- G-code ---

    def _gcode(self, block: Block) -> Iterator[Wait]:
        """In RS274's order of execution. What a block refuses, it refuses before it changes anything."""
        body, modes, values = self.body, self.body.modes, block.values
        scale = status_report.INCH if block.g.get("units", 200 if modes.inches else 210) == 200 else 1.0
        motion = block.g.get("motion", modes.motion)
        moves = bool(block.axes) and block.g.get("nonmodal") not in {100, 920, 280, 281, 300, 301}
        feed = values["F"] * scale if "F" in values else modes.feed
        self._refuse(block, motion, moves, feed)
        modes.feed, modes.inches = feed, scale != 1.0
        modes.tool = int(values.get("T", modes.tool))
        yield from self._spindle(block)
        if "coolant" in block.m and self.body.state != "Check":
            yield from self._synchronised()
            if self.body.flood != (block.m["coolant"] != 9):
                self.body.flow(self.host.now, block.m["coolant"] != 9)
        if block.g.get("nonmodal") == 40:
            yield from self._dwell(values["P"])
        modes.plane = block.g.get("plane", modes.plane)
        if "system" in block.g:
            yield from self._synchronised()
            modes.system, body.report_offset = block.g["system"] // 10 - 54, 0
        modes.relative = block.g.get("distance", 910 if modes.relative else 900) == 910
        yield from self._nonmodal(block, scale)
        modes.motion = motion
        if moves:
            yield from self._motion(block, scale, motion, feed)
        if "flow" in block.m:
            yield from self._flow(block.m["flow"])

    def _refuse(self, block: Block, motion: int, moves: bool, feed: float) -> None:
        values = block.values
        if "motion" in block.g and block.g["motion"] in {20, 30} and not block.axes:
            raise GrblError(26)
        if moves and motion == 800:
            raise GrblError(31)
        if moves and motion in {10, 20, 30} and feed == 0:
            raise GrblError(22)
        if moves and motion in {20, 30} and "R" not in values and not values.keys() & set("IJK"):
            raise GrblError(35)
        used = set("FSTN") | block.axes
        used |= set("IJKR") if moves and motion in {20, 30} else set()
        used |= {40: {"P"}, 100: {"P", "L"}}.get(block.g.get("nonmodal", 0), set())
        if values.keys() - used:
            raise GrblError(36)

    def _spindle(self, block: Block) -> Iterator[Wait]:
        """interface and settings.md: a new S stops all motion first, unless in laser mode."""
        body = self.body
        value = block.values.get("S", body.spindle)
        state = block.m.get("spindle")
        on = body.spindle_on if state is None else state != 5
        if (value, on) == (body.spindle, body.spindle_on) or body.state == "Check":
            body.spindle = value
            return
        if on or body.spindle_on:
            yield from self._synchronised()
            body.turn(self.host.now, value, on)
        else:
            body.spindle = value

    def _dwell(self, seconds: float) -> Iterator[Wait]:
        """After all motion, in steps of 50 ms, rounded up."""
        if self.body.state == "Check":
            return
        yield from self._synchronised()
        begun = self.host.now
        for _ in range(math.ceil(seconds / STEP_S - 1e-6)):
            yield self.host.now + STEP_S
        self.body.dwelt(begun, self.host.now)

    def _nonmodal(self, block: Block, scale: float) -> Iterator[Wait]:
        body, code = self.body, block.g.get("nonmodal", 0)
        if code in {100, 280, 281, 300, 301, 920, 921}:
            yield from self._synchronised()
            body.report_offset = 0
        given = {axis: block.values[axis] * scale for axis in block.axes}
        if code == 100:
            number = int(block.values["P"]) - 1
            system = body.modes.system if number < 0 else number
            others = body.g92 if block.values["L"] == 20 else (0.0, 0.0, 0.0)
            now = body.at if block.values["L"] == 20 else None
            body.systems[system] = offset_after(body.systems[system], given, now, others)
        elif code == 920:
            body.g92 = offset_after(body.g92, given, body.at, body.systems[body.modes.system])
        elif code == 921:
            body.g92 = (0.0, 0.0, 0.0)
        elif code == 281:
            body.g28 = body.at
        elif code == 301:
            body.g30 = body.at
        elif code in {280, 300}:
            if block.axes:
                yield from self._line(self._target(block, scale, body.modes.relative), None)
            yield from self._line(body.g28 if code == 280 else body.g30, None)

    def _motion(self, block: Block, scale: float, motion: int, feed: float) -> Iterator[Wait]:
        target = self._target(block, scale, self.body.modes.relative, machine=block.g.get("nonmodal") == 530)
        if motion in {0, 10}:
            yield from self._line(target, None if motion == 0 else feed / 60)
            return
        for point in arc(block, scale, motion == 20, self.body, target):
            yield from self._line(point, feed / 60)

    def _flow(self, code: int) -> Iterator[Wait]:
        """M0 is a hold in which nothing is executed until `~`; M2 sets modes back and stops the spindle."""
        body = self.body
        if body.state == "Check":
            return
        yield from self._synchronised()
        if code in {0, 1}:
            body.state = "Hold"
            yield self.host.now
        else:
            modes = body.modes
            modes.motion, modes.plane, modes.relative, modes.system = 10, 170, False, 0
            body.spindle_on = False
            self.host.say("[MSG:Pgm End]")

    # --- motion ---

    def _target(self, block: Block, scale: float, relative: bool, machine: bool = False) -> Vector:
        body, target = self.body, list(self.body.planned)
        for axis, letter in enumerate("XYZ"):
            if letter in block.values:
                value = block.values[letter] * scale
                base = target[axis] if relative else 0.0 if machine else body.offset[axis]
                target[axis] = base + value
        return target[0], target[1], target[2]

    def _line(self, target: Vector, feed_mm_s: float | None) -> Iterator[Wait]:
        body = self.body
        if body.values[20] and not body.is_within(target):
            yield from self._soft_limit()
        if body.state == "Check":
            body.planned = target
            return
        yield from self._room()
        self._add(target, feed_mm_s)

    def _add(self, target: Vector, feed_mm_s: float | None) -> None:
        block = self.body.block(target, feed_mm_s)
        if block:
            self.body.planner.add(block, self.host.now)

    def _room(self) -> Iterator[Wait]:
        if self.body.planner.is_full:
            yield lambda: not self.body.planner.is_full

    def _synchronised(self) -> Iterator[Wait]:
        if self.body.planner.blocks:
            yield lambda: not self.body.planner.blocks

    def _soft_limit(self) -> Iterator[Wait]:
        """A feed hold, then alarm 2; blocked until a reset (settings.md $20, interface.md)."""
        body = self.body
        if body.planner.profile is not None:
            body.soft_limited = True
            body.planner.hold(self.host.now)
            yield lambda: body.planner.profile is None
        self.host.say("ALARM:2")
        self.host.say("[MSG:Reset to continue]")
        body.halt(self.host.now)
        body.spindle_on, body.state, body.is_critical = False, "Alarm", True
        yield self.host.now
