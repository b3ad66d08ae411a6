"""Relatives of GRBL, old versions, and boards that answer late or talk much."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from plot_safety import WITHIN, is_safe, left
from simulated_plot import SimulatedPlot

from hardware.plotting.events import Connected
from hardware.simulator import InjectedFault
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
    session = SimulatedPlot()
    session.bench.resets_on_open = restarts
    session.bench.controller.on_say = old
    with pytest.raises(PortError) as caught:
        session.run()
    assert str(caught.value) == (
        f"GRBL {'0.9j' if restarts else '0.9 or older'} is too old: it has neither the reports nor the jogging that a"
        " plot needs; write GRBL 1.1 to the board (github.com/gnea/grbl), which runs on the same boards"
    )
    assert session.bench.port is None


def old(text: str) -> str:
    place = "0.000,0.000,0.000"
    return f"<Idle,MPos:{place},WPos:{place}>" if text.startswith("<") else text.replace("1.1h", "0.9j")


@dataclass(frozen=True)
class Relative:
    """A firmware that speaks GRBL's language: its banner, what `$I` prints, and a field that it adds to reports."""

    banner: str
    built: tuple[str, ...]
    field: str
    name: str

    def say(self, text: str) -> str | None:
        if text.startswith("Grbl "):
            return self.banner
        if text.startswith("[VER:"):
            return "\r\n".join(self.built) or None
        if text.startswith("[OPT:"):
            return None
        return text.replace(">", f"|{self.field}>") if text.startswith("<") else text


RELATIVES = (
    Relative(
        "Grbl 3.7 [FluidNC v3.7.8 (wifi) '$' for help]",
        ("[VER:3.7 FluidNC v3.7.8:]", "[OPT:MPHSW]", "[MSG: Machine: plotter]"),
        "Pn:P|SD:12.5,/a file.nc",
        "FluidNC v3.7.8",
    ),
    Relative(
        "GrblHAL 1.1f ['$' or '$HELP' for help]",
        ("[VER:1.1f.20240101:]", "[OPT:VNMSL,35,128,3,0]", "[NEWOPT:ENUMS,RT+,TC]", "[FIRMWARE:grblHAL]"),
        "WCS:G54|A:|MPG:0|H:1,7|D:0|FW:grblHAL|Probe",
        "grblHAL 1.1f.20240101",
    ),
    Relative("DrawCore V2.09.20221223", (), "Ln:99|T:0", "DrawCore V2.09.20221223"),
    Relative("Grbl 1.1f ['$' for help]", ("[VER:1.1f.20170801:iDraw 2.0]", "[OPT:V,15,128]"), "Pn:XYZ",
             "Grbl 1.1f.20170801 (iDraw 2.0)"),
    Relative("Grbl 1.3a ['$' for help]", (), "Bf:15,128", "Grbl 1.3a"),
)  # fmt: skip


@pytest.mark.parametrize("relative", RELATIVES, ids=lambda relative: relative.name)
def test_relatives_of_grbl_are_known_by_name_and_their_reports_are_read(relative: Relative, tmp_path: Path) -> None:
    session = SimulatedPlot(faults=(InjectedFault(WITHIN["gantry"], "reset"),))
    session.bench.resets_on_open = True
    session.bench.controller.on_say = relative.say
    assert session.run(tmp_path / "journal").outcome == "done"
    connected = next(event for event in session.events if isinstance(event, Connected))
    assert connected.firmware == relative.name
    assert session.reported_faults() == ["reset"] or not session.bench.fault_injector.waiting
    assert all(0.98 < share < 1.02 for share in session.times_drawn())
    is_safe(session)


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
