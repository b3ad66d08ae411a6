"""The moves of a simulated EBB: which step is made when.

As the command set documents it: every 40 us a rate is added to an accumulator, and a step is made when that overflows
at 2^31 (evil-mad.github.io/EggBot/ebb.html#LM). A rate that falls below 0 starts again from 2^31, as on the board.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Steps = tuple[int, int]
TICK_S = 40e-6
FULL = 2**31
MOST_TICKS = 25_000 * 60  # of one command; a real board would go on
SAMPLES_S = 0.002


@dataclass(frozen=True)
class BoardMove:
    """A command that is carried out: its duration, and the steps made by each of the times."""

    seconds: float
    times: NDArray[np.float64]  # [N] s, rising, the last is `seconds`
    made: NDArray[np.int64]  # [N, 2]

    @property
    def total(self) -> Steps:
        return int(self.made[-1, 0]), int(self.made[-1, 1])

    def made_by(self, seconds: float) -> Steps:
        """Return the steps made after this time; between two samples it goes on evenly."""
        x, y = (np.interp(seconds, [0.0, *self.times], [0, *self.made[:, axis]]) for axis in (0, 1))
        return int(np.trunc(x)), int(np.trunc(y))


def even(ms: int, steps: Steps) -> BoardMove:
    """Return a move at an even rate (SM), or a wait."""
    return BoardMove(ms / 1000, np.array([ms / 1000]), np.array([steps], dtype=np.int64))


def step_limited(axes: tuple[tuple[int, int, int], tuple[int, int, int]]) -> BoardMove:
    """Return a move of rate, steps and acceleration for each axis (LM): each axis ends with its last step."""
    made = [_steps_by_tick(*_directed(*axis)) for axis in axes]
    ticks = max(len(each) for each in made)
    return _sampled([np.pad(each, (0, ticks - len(each)), mode="edge") for each in made], ticks)


def time_limited(ticks: int, axes: tuple[tuple[int, int], tuple[int, int]]) -> BoardMove:
    """Return a move of rate and acceleration for each axis, over so many intervals of 40 us (LT)."""
    made = []
    for rate, accel in axes:
        sign = -1 if rate < 0 else 1
        made.append(sign * _counted(abs(rate), sign * accel, ticks))
    return _sampled(made, ticks)


def _sampled(made: list[NDArray[np.int64]], ticks: int) -> BoardMove:
    every = max(1, round(SAMPLES_S / TICK_S))
    at = np.unique(np.append(np.arange(every, ticks + 1, every), ticks)) - 1
    return BoardMove(ticks * TICK_S, (at + 1) * TICK_S, np.stack([each[at] for each in made], axis=1))


def _directed(rate: int, steps: int, accel: int) -> tuple[int, int, int, int]:
    """Return rate, steps and acceleration of a move forwards, and its direction: the sign of the rate, or of steps."""
    if steps < 0 <= rate:
        return rate, -steps, accel, -1
    return (-rate, abs(steps), -accel, -1) if rate < 0 else (rate, steps, accel, 1)


def _steps_by_tick(rate: int, steps: int, accel: int, sign: int) -> NDArray[np.int64]:
    """Return the steps made by the end of each tick, up to the tick of the last step."""
    if steps == 0 or (rate == 0 and accel == 0):
        return np.zeros(1, dtype=np.int64)
    ticks = 4096
    while True:
        made = _counted(rate, accel, ticks)
        if made[-1] >= steps or ticks >= MOST_TICKS:
            end = int(np.searchsorted(made, steps)) + 1
            return sign * np.minimum(made[:end], steps)
        ticks *= 4


def _counted(rate: int, accel: int, ticks: int) -> NDArray[np.int64]:
    rates = rate - accel // 2 + accel * np.arange(1, ticks + 1, dtype=np.int64)
    rates = np.where(rates < 0, rates + FULL, rates)
    return np.asarray(np.cumsum(rates) // FULL, dtype=np.int64)
