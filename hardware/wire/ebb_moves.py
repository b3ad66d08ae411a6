"""Lines as the commands of an EBB: ways become timed moves, planned here, and the pen its servo commands.

A move has an even rate (`SM`). While the speed changes, moves are short, so that their rates follow the ramp. Moves
that accelerate by themselves (`LM`) would be fewer, but the board would run out of them as often: docs/axidraw.md.
"""

from collections import deque
from collections.abc import Callable

from hardware.wire import ebb_replies
from hardware.wire.ebb_replies import BoardCommand
from hardware.wire.ebb_setup import EbbSetup
from hardware.wire.gcode_ops import Op, PenOp, Point, WaitOp, WayOp
from hardware.wire.motion_plan import MotionPlan, Piece

SLICE_S = 0.025  # of speed that changes: at most this long at the same rate
DEEP_SLICE_S = 0.015  # the same with a FIFO of many moves
LONGEST_SLICE_S = 0.1
LEAST_S = 0.012  # shorter moves are joined, where the way stays the same
SAME_WAY_MM = 0.005
STARVED_WAY_MM = 0.03  # the same if the board ran out of moves
MOST_OPS = 8  # after the run that is planned


class EbbMoves:
    """Takes what lines ask for, in the machine's mm, and returns the commands, one by one, as they are to be sent.

    A command says how many lines are carried out with it. `on_end` is called with the number of lines that need none.
    """

    def __init__(self, setup: EbbSetup, on_end: Callable[[int], None]) -> None:
        self.setup = setup
        self.steps = (0, 0)  # counters after all commands that were returned
        self.ready: deque[BoardCommand] = deque()  # before anything else
        self._on_end = on_end
        self._plan = MotionPlan(setup.limits)
        self._leg_lines: deque[int] = deque()  # lines that end with each leg of the plan
        self._later: deque[Op] = deque()  # after the run in the plan
        self._pushed: Piece | None = None
        self._planned: Point = (0.0, 0.0)  # place after all lines that were handed over, mm of the machine
        self._from: Point = (0.0, 0.0)  # place after all commands that were returned
        self._time_s, self._time_ms = 0.0, 0  # of all moves: planned, and rounded
        self._is_up: bool | None = None  # the pen, after all commands; None: not known
        self._pen: tuple[int, int] | None = None  # SC,4 and SC,5 as the board knows them
        self._slice_s, self._least_s, self._same_way_mm = SLICE_S, LEAST_S, SAME_WAY_MM

    @property
    def has_room(self) -> bool:
        """Whether more lines may be handed over: only as much waits as the planner has to see."""
        return len(self._later) < MOST_OPS if self._later else self._plan.waiting_mm < self._sight_mm

    @property
    def _sight_mm(self) -> float:
        """How far ahead the planner must see so that no move is slower than it could be: the longest way to stop."""
        accel = self.setup.limits.accel_mm_s2
        least = min(accel) if isinstance(accel, tuple) else accel
        return self.setup.travel_mm_s**2 / (2 * least) + 2.0

    @property
    def is_moving(self) -> bool:
        """Whether the machine moves at the end of the last command."""
        return self._plan.speed > 0

    @property
    def heights(self) -> tuple[int, int]:
        """The pulses of the raised and of the lowered pen, as the board knows them."""
        return self._pen or (self.setup.up, self.setup.down)

    def begin_at(self, steps: tuple[int, int]) -> None:
        """Let everything that follows begin at these counters."""
        self.steps = steps
        self._planned = self._from = self.setup.board.place(steps)

    def use_deep_fifo(self) -> None:
        self._slice_s = DEEP_SLICE_S

    def lengthen(self) -> None:
        """Make the moves longer, since the way over USB is slow."""
        self._slice_s = min(2 * self._slice_s, LONGEST_SLICE_S)
        self._least_s, self._same_way_mm = self._slice_s / 2, STARVED_WAY_MM

    def come_to_rest(self) -> None:
        """Begin the next move from rest: the machine has stopped where the last one ended."""
        self._plan.come_to_rest()

    def hold(self) -> None:
        """Give up everything but the way on which the machine slows down to a stop."""
        self.ready.clear()
        self._later.clear()
        self._plan.hold()

    def clear(self) -> None:
        """Forget all that was handed over and not returned."""
        self.ready.clear()
        self._later.clear()
        self._plan.clear()
        self._leg_lines.clear()
        self._pushed = None

    def add(self, op: Op) -> None:
        """Take what a line asks for."""
        if self._later or not isinstance(op, WayOp):
            self._later.append(op)
        else:
            self._add_way(op)

    def next(self) -> BoardCommand | None:
        """Return the next command; None if all are returned."""
        while True:
            if self.ready:
                return self.ready.popleft()
            if (command := self._next_move()) is not None:
                return command
            if not self._later:
                return None
            self._expand(self._later.popleft())

    def _expand(self, op: Op) -> None:
        match op:
            case WayOp():
                self._add_way(op)
                while self._later and isinstance(way := self._later[0], WayOp):
                    self._later.popleft()
                    self._add_way(way)
            case PenOp(value):
                self.ready.extend(self._pen_commands(value))
            case WaitOp(seconds):
                self.ready.extend(self._wait_commands(seconds))
            case _:
                self._on_end(1)

    def _add_way(self, op: WayOp) -> None:
        """Add a line's legs to the plan; one that leads nowhere ends with the leg before it."""
        for number, end in enumerate(op.points, 1):
            lines = 1 if number == len(op.points) else 0
            if self._plan.add(self._planned, end, op.mm_s):
                self._leg_lines.append(lines)
                self._planned = end
            elif lines and self._leg_lines:
                self._leg_lines[-1] += lines
            elif lines:
                self._on_end(lines)

    def _next_move(self) -> BoardCommand | None:
        """Return the next part of the run: short parts are joined where that does not change the way."""
        skipped: list[Point] = []
        is_moving = self.is_moving
        seconds, lines, end = 0.0, 0, self._from
        while True:
            piece = self._pushed or self._plan.take(self._slice_s)
            self._pushed = None
            if piece is None:
                break
            if skipped and not _is_same_way(self._from, skipped, piece.end, self._same_way_mm):
                self._pushed = piece
                break
            seconds, end = seconds + piece.seconds, piece.end
            lines += self._leg_lines.popleft() if piece.ends_leg else 0
            if seconds >= self._least_s:
                break
            skipped.append(end)
        if not seconds:
            return None
        command = self._move_to(end, seconds)
        command.lines, command.is_moving = lines, is_moving
        return command

    def _move_to(self, end: Point, seconds: float) -> BoardCommand:
        after = self.setup.board.steps(end)
        self._time_s += seconds
        most = max(abs(a - b) for a, b in zip(after, self.steps, strict=True))
        ms = max(round(1000 * self._time_s) - self._time_ms, 1, -(-most // ebb_replies.MOST_STEPS_MS))
        self._time_ms += ms
        command = ebb_replies.move(ms, self.steps, after)
        self.steps, self._from = after, end
        return command

    def _pen_commands(self, value: float) -> list[BoardCommand]:
        """Return the commands that move the servo; a height of its own is set first."""
        up, down = self.heights
        way = self.setup.down - self.setup.up
        rises = not way or (value - self.setup.up) / way <= 0.4
        wanted = (round(value), down) if rises else (up, round(value))
        commands = self._pen_settings(wanted)
        self._is_up = rises
        commands.append(ebb_replies.pen(rises, self.setup.board.servo_pin, self.steps))
        commands[-1].lines = 1
        return commands

    def _pen_settings(self, wanted: tuple[int, int]) -> list[BoardCommand]:
        """Return what sets the heights of the pen and the rates of its servo, as far as the board lacks it (#SC)."""
        known, self._pen = self._pen, wanted
        texts = []
        if known is None:
            texts = [f"SC,11,{self.setup.board.raise_rate}", f"SC,12,{self.setup.board.lower_rate}"]
        if known is None or known[0] != wanted[0]:
            texts.append(f"SC,4,{wanted[0]}")
        if known is None or known[1] != wanted[1]:
            texts.append(f"SC,5,{wanted[1]}")
        return [BoardCommand(text) for text in texts]

    def _wait_commands(self, seconds: float) -> list[BoardCommand]:
        """Return a wait as commands that are short enough for a stop to get through."""
        left, made = max(round(1000 * seconds), 1), []
        while left > 0:
            ms = min(left, ebb_replies.MOST_PIECE_MS)
            if self._is_up is None:
                made.append(ebb_replies.move(ms, self.steps, self.steps))
            else:
                made.append(ebb_replies.pen(self._is_up, self.setup.board.servo_pin, self.steps, ms))
            left -= ms
        made[-1].lines = 1
        return made


def _is_same_way(begin: Point, skipped: list[Point], end: Point, within_mm: float) -> bool:
    """Whether a straight move passes all the points that it leaves out, within this distance."""
    dx, dy = end[0] - begin[0], end[1] - begin[1]
    size = (dx * dx + dy * dy) ** 0.5
    if size < 1e-9:
        return False
    for x, y in skipped:
        along = ((x - begin[0]) * dx + (y - begin[1]) * dy) / size
        off = abs((x - begin[0]) * dy - (y - begin[1]) * dx) / size
        if off > within_mm or not -within_mm <= along <= size + within_mm:
            return False
    return True
