"""Relatives of GRBL, old versions, and boards that answer late or talk much."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from plot_safety import MACHINES, WITHIN, holds, is_safe, left, nothing_is_lost, sits_left
from simulated_plot import SimulatedPlot, all_drawn_once

from hardware.machine import Machine
from hardware.plotting.events import Connected
from hardware.simulator import InjectedFault
from hardware.simulator.firmware import DRAWCORE, FLUIDNC, GRBL, GRBLHAL, OLD, Firmware
from hardware.wire.link_errors import Silent
from hardware.wire.port import PortError


@pytest.mark.parametrize("seconds", [0.5, 1.4, 4.0])
@pytest.mark.parametrize("half", [b"", b"G1 X5", b"G4 P1\nG4 P1\nG0 X1\n"])
def test_a_slow_answer_is_not_taken_for_that_of_the_line_before(seconds: float, half: bytes, tmp_path: Path) -> None:
    session = SimulatedPlot(settings={32: 1}, answers={"setting": ["set"]})
    session.bench.controller.dialog_s = seconds
    left(session, half, 0.0)
    assert session.run(tmp_path / "journal").outcome == "done"
    assert session.plot is not None
    greeting = session.plot.session.greeting
    assert greeting.firmware == "Grbl 1.1h.20190830"
    assert greeting.settings[32] == 0
    assert all(0.98 < share < 1.02 for share in session.times_drawn())


def test_a_board_that_answers_no_dollar_is_an_error() -> None:
    session = SimulatedPlot()
    session.bench.controller.dialog_s = 60.0
    with pytest.raises(Silent):
        session.run()


@pytest.mark.parametrize("restarts", [True, False])
def test_an_old_grbl_is_refused_by_its_version(restarts: bool) -> None:
    """GRBL 0.9 separates the fields of a report by commas (its wiki, Interfacing with Grbl)."""
    session = SimulatedPlot(firmware=OLD)
    session.bench.resets_on_open = restarts
    with pytest.raises(PortError) as caught:
        session.run()
    assert str(caught.value) == (
        f"GRBL {'0.9j' if restarts else '0.9 or older'} is too old: it has neither the reports nor the jogging that a"
        " plot needs; write GRBL 1.1 to the board (github.com/gnea/grbl), which runs on the same boards"
    )
    assert session.bench.port is None


FLUIDNC_SHEET = replace(FLUIDNC, banner="Grbl 3.9 [FluidNC v3.9.1 (noradio) '$' for help]")
IDRAW = replace(GRBL, name="idraw", banner="Grbl 1.1f ['$' for help]", built=("[VER:1.1f.20170801:iDraw 2.0]",))
NAMELESS = replace(GRBL, name="nameless", banner="Grbl 1.3a ['$' for help]", built=(), options="")
BARE = replace(GRBLHAL, name="bare", options="[OPT:VNMSL,35,1024,3,0]")  # compiled for senders that know only GRBL
NAMES = (
    (GRBL, "Grbl 1.1h.20190830"),
    (GRBLHAL, "grblHAL 1.1f.20240101"),
    (BARE, "grblHAL 1.1f.20240101"),
    (FLUIDNC, "FluidNC v3.7.8"),
    (FLUIDNC_SHEET, "FluidNC v3.7.8"),
    (DRAWCORE, "Grbl 1.1h.20190830 (DrawCore V2.09)"),
    (IDRAW, "Grbl 1.1f.20170801 (iDraw 2.0)"),
    (NAMELESS, "Grbl 1.3a"),
)


@pytest.mark.parametrize(("firmware", "name"), NAMES, ids=lambda each: getattr(each, "name", ""))
@MACHINES
def test_relatives_of_grbl_are_known_by_name_and_their_reports_are_read(
    machine: Machine, firmware: Firmware, name: str, tmp_path: Path
) -> None:
    session = SimulatedPlot(machine=machine, faults=(InjectedFault(WITHIN[machine.name], "reset"),), firmware=firmware)
    session.bench.resets_on_open = True
    assert session.run(tmp_path / "journal").outcome == "done"
    connected = next(event for event in session.events if isinstance(event, Connected))
    assert connected.firmware == name
    assert connected.buffer_bytes == (firmware.rx_bytes if firmware.options else 128)
    assert session.reported_faults() == ["reset"]
    holds(session)
    is_safe(session)


@pytest.mark.parametrize("firmware", [GRBLHAL, FLUIDNC, DRAWCORE], ids=lambda firmware: firmware.name)
@pytest.mark.parametrize("kind", ["alarm", "unplug", "mute", "kill"])
@MACHINES
def test_relatives_of_grbl_recover_as_grbl_does(
    machine: Machine, kind: Literal["alarm", "unplug", "mute"], firmware: Firmware, tmp_path: Path
) -> None:
    at = WITHIN[machine.name]
    faults = () if kind == "kill" else (InjectedFault(at, kind, code=1, seconds=3, resets=True),)
    session = SimulatedPlot(machine=machine, faults=faults, firmware=firmware, answers={"fault": ["redo"]})
    if kind == "kill":
        session.killed(tmp_path / "journal", at + 30, is_guarded=True)
    assert session.run(tmp_path / "journal", resumes=kind == "kill").outcome == "done"
    nothing_is_lost(session)
    is_safe(session)


@pytest.mark.parametrize(
    ("firmware", "settings"),
    [(GRBLHAL, {10: 0b11011011}), (GRBLHAL, {10: 0b0011}), (BARE, {10: 1}), (FLUIDNC, {13: 1}), (FLUIDNC, {10: 0})],
    ids=["no offset", "no speeds", "unknown", "inches", "work"],
)
@MACHINES
def test_offset_and_unit_are_known_although_reports_or_settings_leave_them_out(
    machine: Machine, firmware: Firmware, settings: dict[int, float], tmp_path: Path
) -> None:
    """grblHAL reports what $10 asks for; FluidNC lists no $13 (see hardware.simulator.firmware for the sources)."""
    session = SimulatedPlot(machine=machine, firmware=firmware, settings=settings, answers=sits_left())
    session.bench.controller.machine.systems[0] = (-20.0, -30.0, 0.0)
    session.bench.controller.machine.at = session.bench.controller.machine.planned = (-20.0, -30.0, 0.0)
    session.bench.controller.machine.shift = (20.0, 30.0, 0.0)
    assert session.run(tmp_path / "journal").outcome == "done"
    assert all_drawn_once(session)
    is_safe(session)


def test_settings_of_fluidnc_come_from_its_configuration_too(tmp_path: Path) -> None:
    session = SimulatedPlot(firmware=FLUIDNC, settings={1: 300, 11: 0.02, 12: 0.1})
    session.run(tmp_path / "journal")
    assert session.plot is not None
    known = session.plot.session.greeting.settings
    assert (known[1], known[11], known[12], known[13], known[30]) == (254, 0.02, 0.1, 0, 1000)
    assert 32 not in known
    assert any(note.startswith("the motors are released at rest ($1=254)") for note in session.notes())


def test_messages_that_come_again_and_again_are_folded(tmp_path: Path) -> None:
    session = SimulatedPlot()

    def chatters(_: object, number: int, __: str) -> None:
        if number <= 139:
            session.bench.controller.say("[MSG:Pgm End]")

    session.bench.controller.on_line = chatters  # type: ignore[assignment]
    assert session.run(tmp_path / "journal").outcome == "done"
    text = "[MSG:Pgm End]"
    assert [note for note in session.notes() if text in note] == [
        text,
        *(f"{text} ({n} times)" for n in (10, 100, 139)),
    ]
