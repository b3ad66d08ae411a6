"""What has to hold in every plot: no blot, no silence, and no stroke that is lost or drawn twice without a word."""

import re

import pytest
from samples import ROUTER, SERVO
from simulated_plot import Answer, SimulatedPlot

from hardware.plotting.events import Prompt

MACHINES = pytest.mark.parametrize("machine", [SERVO, ROUTER], ids=lambda machine: machine.name)
SILENCE_S = 10.0

# A line within the second wave of the first pen, by machine: each is executed after this many others.
WITHIN = {"gantry": 58, "router": 50}


def noted_again(session: SimulatedPlot) -> set[int]:
    """Strokes, from 0, that notes say may be drawn twice."""
    reported: set[int] = set()
    for note in session.notes():
        words = note.split()
        if "again" not in note and "within" not in note:
            continue
        numbers = [int(word) for word in re.findall(r"\d+", note)]
        if "strokes" in words and "to" in words:
            reported |= set(range(numbers[0] - 1, numbers[1]))
        elif "all" in words:
            reported |= set(range(12))
        else:
            reported |= {numbers[0] - 1}
    return reported


def holds(session: SimulatedPlot) -> None:
    """What is to hold whatever happened."""
    assert session.pen_down_at_prompts == []
    assert session.lines_between_fault_and_answer() == []
    times = session.times_drawn()
    assert session.strays() == []
    assert all(share > 0.98 for share in times), times
    twice = {stroke for stroke, share in enumerate(times) if share > 1.02}
    assert twice <= noted_again(session), (twice, session.notes())


def is_safe(session: SimulatedPlot) -> None:
    """Nobody is left without a word: neither a pen that stands on the paper, nor a program that waits."""
    assert session.silent_standstills() == []
    assert session.pen_down_at_prompts == []
    assert session.longest_silence_s() < SILENCE_S


def nothing_is_lost(session: SimulatedPlot) -> None:
    """No stroke was drawn twice or lost without a word."""
    times = session.times_drawn()
    assert session.strays() == []
    assert all(share > 0.98 for share in times)
    assert {stroke for stroke, share in enumerate(times) if share > 1.02} <= noted_again(session)


def left(session: SimulatedPlot, content: bytes, seconds: float = 0.1) -> None:
    """What an earlier host or a person has left behind, before the plot begins."""
    session.bench.controller.receive(session.bench.now(), content)
    session.bench.wait(seconds)


def sits_left() -> dict[str, list[Answer]]:
    """Answers for a first pen that sits half a millimetre to the left, which a nudge corrects; the second does not."""

    def move(session: SimulatedPlot, x_mm: float) -> None:
        state = session.bench.controller.machine
        state.shift = (state.shift[0] + x_mm, *state.shift[1:])

    def nudge(session: SimulatedPlot, prompt: Prompt) -> str:
        move(session, -0.5)
        session.control.answer(prompt.id, "nudge", x=0.5)
        return "none yet"

    def second(session: SimulatedPlot, _: Prompt) -> str:
        move(session, 0.5)
        return "done"

    return {"pen": [nudge, "done", second]}
