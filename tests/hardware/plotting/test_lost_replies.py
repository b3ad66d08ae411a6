"""A reply that does not come, and the bars that no fault may exceed."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from plot_safety import MACHINES, SILENCE_S, is_safe, nothing_is_lost
from samples import BLACK
from simulated_plot import SimulatedPlot, all_drawn_once

from hardware.drawing import Drawing, PenPass
from hardware.machine import Machine
from hardware.plotting.events import PlotProgress
from hardware.plotting.session import PlotOptions
from hardware.simulator import InjectedFault

# --- a reply that does not come ---


def hatch() -> Drawing:
    """Straight lines, each long enough to be seen in a report."""
    lines = tuple(np.array([[10.0 + n % 2 * 40, 10 + 4 * n], [53.0 - n % 2 * 40, 11 + 4 * n]]) for n in range(14))
    return Drawing(100, 80, "#ffffff", (PenPass("hatch", BLACK, lines),), "hatch")


@pytest.mark.parametrize("line", range(20, 46, 3))
@MACHINES
def test_a_lost_ok_costs_nothing_where_reports_show_that_all_was_drawn(
    machine: Machine, line: int, tmp_path: Path
) -> None:
    session = SimulatedPlot(machine=machine, drawing=hatch(), faults=(InjectedFault(line, "mute"),))
    assert session.run(tmp_path / "journal").outcome == "done"
    assert [prompt.kind for prompt in session.prompts] == ["pen"]
    assert "one reply was lost, but reports show that no stroke is missing: continues" in session.notes()
    assert all_drawn_once(session)
    is_safe(session)


@pytest.mark.parametrize("line", range(20, 60, 3))
@MACHINES
def test_a_lost_line_is_never_taken_for_a_lost_ok(machine: Machine, line: int, tmp_path: Path) -> None:
    session = SimulatedPlot(machine=machine, drawing=hatch(), faults=(InjectedFault(line, "deafen"),))
    assert session.run(tmp_path / "journal").outcome == "done"
    assert all(share > 0.98 for share in session.times_drawn())
    is_safe(session)


def test_an_error_that_its_line_cannot_cause_is_that_of_a_later_line(tmp_path: Path) -> None:
    """The first line with a feed is lost, and the next one refused for want of a feed: not the wait before it."""
    session = SimulatedPlot(drawing=hatch(), faults=(InjectedFault(22, "deafen"),))
    assert session.run(tmp_path / "journal").outcome == "done"
    assert session.reported_faults() == ["error:22"]
    assert "that line cannot cause this error: a line before it may be lost" in session.notes()
    assert all(share > 0.98 for share in session.times_drawn())


@MACHINES
@pytest.mark.parametrize("kind", ["mute", "deafen"])
@pytest.mark.parametrize("line", [30, 42, 58, 71])
def test_by_send_and_wait_the_position_shows_which_line_was_lost(
    machine: Machine, kind: Literal["mute", "deafen"], line: int, tmp_path: Path
) -> None:
    session = SimulatedPlot(machine=machine, faults=(InjectedFault(line, kind),), options=PlotOptions(waits=True))
    assert session.run(tmp_path / "journal").outcome == "done"
    assert all(share > 0.98 for share in session.times_drawn())
    assert [prompt.kind for prompt in session.prompts if prompt.kind != "pen"] in ([], ["fault"])
    nothing_is_lost(session)
    is_safe(session)


def test_a_motion_that_was_lost_by_send_and_wait_is_sent_again(tmp_path: Path) -> None:
    session = SimulatedPlot(faults=(InjectedFault(58, "deafen"),), options=PlotOptions(waits=True))
    assert session.run(tmp_path / "journal").outcome == "done"
    assert "a line was lost, and nothing was sent after it: it is repeated" in session.notes()
    assert all_drawn_once(session)
    is_safe(session)


# --- in no case a silence, or a pen that stands on the paper ---


def holds_the_machine(session: SimulatedPlot, events: Callable[[object], bool], byte: bytes = b"!") -> None:
    """Somebody presses a button at the machine as soon as an event is like this."""
    pressed: list[bool] = []

    def press(_: object, event: object) -> None:
        if not pressed and events(event):
            pressed.append(True)
            session.bench.controller.receive(session.bench.now(), byte)

    session.watchers.append(press)


@MACHINES
@pytest.mark.parametrize("byte", [b"!", b"\x84"], ids=["hold", "door"])
def test_a_button_pressed_while_it_parks_is_not_waited_for_in_silence(
    machine: Machine, byte: bytes, tmp_path: Path
) -> None:
    session = SimulatedPlot(machine=machine)
    holds_the_machine(session, lambda event: isinstance(event, PlotProgress) and event.stroke == 5, byte)
    assert session.run(tmp_path / "journal").outcome == "done"
    assert session.reported_faults() in (["state Hold"], ["state Door"])
    assert session.longest_silence_s() < SILENCE_S
    assert all(share > 0.98 for share in session.times_drawn())


KINDS: tuple[InjectedFault, ...] = (
    InjectedFault(58, "error", code=33),
    InjectedFault(58, "alarm", code=1),
    InjectedFault(58, "alarm", code=2),
    InjectedFault(58, "alarm", code=3),
    InjectedFault(58, "unplug", seconds=3),
    InjectedFault(58, "unplug", seconds=3, resets=True),
    InjectedFault(58, "reset"),
    InjectedFault(58, "power_cut", seconds=2),
    InjectedFault(58, "garble"),
    InjectedFault(58, "garble", text="err\xfer:33"),
    InjectedFault(58, "mute"),
)


@pytest.mark.parametrize(
    "settings", [{}, {13: 1}, {10: 0}, {22: 1, 25: 3000}], ids=["usual", "inches", "work", "homing"]
)
@pytest.mark.parametrize("fault", KINDS, ids=lambda fault: f"{fault.kind}{fault.code or ''}")
@MACHINES
def test_no_fault_ends_in_a_silence_or_a_blot(
    machine: Machine, fault: InjectedFault, settings: dict[int, float], tmp_path: Path
) -> None:
    options = PlotOptions(homes=22 in settings)
    session = SimulatedPlot(machine=machine, faults=(fault,), settings=settings, options=options,
                            answers={"fault": ["redo"]})  # fmt: skip
    if 22 in settings:
        session.bench.controller.machine.systems[0] = (-120.0, -100.0, -99.0)
    assert session.run(tmp_path / "journal").outcome == "done"
    nothing_is_lost(session)
    is_safe(session)
