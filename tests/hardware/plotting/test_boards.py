"""Controllers whose settings or manners differ from the usual: in no case a pen left down, a picture that is shifted or
scribbled over, or a silence.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from samples import ROUTER, SERVO
from simulated_plot import Answer, SimulatedPlot, all_drawn_once
from test_plot_faults import WITHIN, holds

from hardware.job.gcode_job import JobError
from hardware.machine import Machine
from hardware.plotting.control import Control
from hardware.plotting.events import Connected, PlotProgress, Prompt
from hardware.plotting.session import PlotOptions
from hardware.simulator import InjectedFault
from hardware.terminal.answers import on_key
from hardware.wire.link_errors import Silent
from hardware.wire.port import PortError

MACHINES = pytest.mark.parametrize("machine", [SERVO, ROUTER], ids=lambda machine: machine.name)
SILENCE_S = 10.0


def is_safe(session: SimulatedPlot) -> None:
    """Nobody is left without a word: neither a pen that stands on the paper, nor a program that waits."""
    assert session.silent_standstills() == []
    assert session.pen_down_at_prompts == []
    assert session.longest_silence_s() < SILENCE_S


# --- alarms that wait for a reset ---


@MACHINES
@pytest.mark.parametrize("code", [1, 2])
def test_after_a_limit_in_mid_stroke_the_pen_is_lifted(machine: Machine, code: int, tmp_path: Path) -> None:
    session = SimulatedPlot(machine=machine, faults=(InjectedFault(WITHIN[machine.name], "alarm", code=code),),
                            answers={"fault": ["redo"]})  # fmt: skip
    assert session.run(tmp_path / "journal").outcome == "done"
    assert session.reported_faults() == [f"ALARM:{code}"]
    holds(session)
    is_safe(session)


def test_a_soft_limit_in_mid_stroke_ends_with_the_pen_up(tmp_path: Path) -> None:
    def narrow(_: object, __: object) -> None:
        if len(session.drawn()) == 3 and session.pen_is_down():
            session.bench.controller.machine.values.update({20: 1, 22: 1})

    session = SimulatedPlot()
    session.watchers.append(narrow)
    assert session.run(tmp_path / "journal").outcome == "aborted"
    assert session.reported_faults()[0] == "ALARM:2"
    assert not session.pen_is_down()
    is_safe(session)


def test_a_board_that_answers_no_reset_is_given_up_within_seconds(tmp_path: Path) -> None:
    def falls_silent(_: object, event: object) -> None:
        if "ALARM" in str(getattr(event, "what", "")):
            session.bench.controller.on_say = lambda text: None

    session = SimulatedPlot(faults=(InjectedFault(WITHIN["gantry"], "alarm", code=1),), answers={"fault": ["abort"]})
    session.watchers.append(falls_silent)
    assert session.run(tmp_path / "journal").outcome == "aborted"
    assert session.reported_faults()[:2] == ["ALARM:1", "silent"]
    assert session.notes()[-1].endswith("lift the pen by hand")
    assert session.longest_silence_s() < SILENCE_S


# --- settings that would spoil the sheet ---


def refused(session: SimulatedPlot) -> str:
    """The message of a plot that was refused before anything moved."""
    with pytest.raises(JobError) as caught:
        session.run()
    assert session.bench.controller.machine.trace == []
    assert session.bench.port is None
    return str(caught.value)


def test_laser_mode_is_switched_off_on_request() -> None:
    session = SimulatedPlot(settings={32: 1}, answers={"setting": ["set"]})
    assert session.run().outcome == "done"
    asked = session.prompts[0]
    assert (asked.kind, asked.title, asked.default) == ("setting", "set $32=0 now?", "")
    assert asked.text == (
        "Laser mode is on ($32=1). In it, the controller sets the spindle output to 0 in every travel, so that the pen"
        " would come down and draw over the sheet."
    )
    assert session.bench.controller.machine.values[32] == 0
    assert all_drawn_once(session)


def test_laser_mode_that_is_kept_draws_nothing(tmp_path: Path) -> None:
    session = SimulatedPlot(settings={32: 1}, answers={"setting": ["abort"]})
    finished = session.run(tmp_path / "journal")
    assert (finished.outcome, finished.text) == ("aborted", "stopped; nothing was drawn")
    assert session.bench.controller.machine.trace == []


def test_laser_mode_that_stays_on_is_refused() -> None:
    session = SimulatedPlot(settings={32: 1}, answers={"setting": ["set"]})
    session.bench.controller.machine.values = Fixed(session.bench.controller.machine.values)
    assert refused(session).endswith("The controller has not taken $32=0; set it with the board's own program")


class Fixed(dict[int, float]):
    """Settings that cannot be changed."""

    def __setitem__(self, number: int, value: float) -> None:
        pass


def test_laser_mode_does_not_concern_a_z_axis() -> None:
    session = SimulatedPlot(machine=ROUTER, settings={32: 1})
    assert session.run().outcome == "done"
    assert all_drawn_once(session)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({30: 255}, "pen_lift has up: 600 and down: 300, but the controller clips every S above $30=255; set $30 to the"
                    " value with which you measured the pen lift (often $30=1000), or measure it again below 255"),
        ({31: 400}, "pen_lift has up: 600 and down: 300, but the controller raises every S below $31=400; set $31=0, or"
                    " measure the pen lift again above 400"),
        ({30: 700, 31: 700}, "the controller's spindle range is empty ($31=700, $30=700), so that the pen never moves;"
                             " pen_lift has up: 600 and down: 300"),
        ({30: 100000}, "pen_lift has up: 600 and down: 300, which is less than two steps of an output that reaches from"
                       " $31=0 to $30=100000, so that the pen hardly moves; set $30 to the value with which you"
                       " measured the pen lift (often $30=1000)"),
    ],
)  # fmt: skip
def test_a_pen_lift_that_the_controller_clips_is_refused(settings: dict[int, float], message: str) -> None:
    assert refused(SimulatedPlot(settings=settings)) == message


@pytest.mark.parametrize(
    ("settings", "note"),
    [
        ({11: 0}, "the machine stops at every corner ($11=0), which leaves a dot of ink there; set $11=0.01"),
        ({100: 10}, "a step is longer than 0.05 mm ($100=10); check these steps per mm with a ruler"),
        ({101: 80}, "x and y have different steps per mm ($100=100, $101=80); check with a ruler that a square is"
                    " square"),
        ({100: 400, 101: 400}, "travel needs 40000 steps a second ($100=400), but an Arduino makes 30000; lower $110 to"
                               " 4500 unless the board is faster"),
    ],
)  # fmt: skip
def test_settings_that_may_spoil_a_drawing_are_reported(settings: dict[int, float], note: str) -> None:
    session = SimulatedPlot(settings=settings)
    session.run()
    assert note in session.notes()


# --- what reports contain ---


@pytest.mark.parametrize("mask", [0, 1, 2, 3])
@pytest.mark.parametrize("inches", [0, 1])
@MACHINES
def test_positions_are_read_whatever_reports_contain(machine: Machine, inches: int, mask: int, tmp_path: Path) -> None:
    """$13 and $10: a nudge, a test stroke, parking, a pause at once and a resumed plot."""

    def nudge(x_mm: float) -> Answer:
        def answer(session: SimulatedPlot, prompt: Prompt) -> str:
            session.control.answer(prompt.id, "nudge", x=x_mm)
            return "none yet"

        return answer

    answers: dict[str, list[Answer]] = {"pen": [nudge(0.5), nudge(-0.5), "test", "done"]}
    session = SimulatedPlot(machine=machine, settings={13: inches, 10: mask}, answers=answers)
    stops_at(session, 2, lambda control: control.pause(now=True))
    stops_at(session, 4, lambda control: control.abort())
    assert session.run(tmp_path / "journal").outcome == "aborted"
    assert session.run(tmp_path / "journal", resumes=True).outcome == "done"
    assert len(session.drawn()) == len(session.wanted()) + 1 + sum(mended(session))
    assert all(0.98 < share < 1.02 for share in session.times_drawn())
    assert [prompt.kind for prompt in session.prompts] == [*["pen"] * 4, "pause", "resume", "pen"]
    assert session.bench.controller.machine.position(session.bench.now())[:2] == machine.changes_at_mm


def mended(session: SimulatedPlot) -> list[bool]:
    """Of each note, whether it says that a stroke was continued."""
    return ["continues within" in note for note in session.notes()]


def stops_at(session: SimulatedPlot, strokes: int, act: Callable[[Control], object]) -> None:
    """Act once so many strokes are finished and a line of the next one is being drawn."""
    done: list[bool] = []

    def look(control: Control, event: object) -> None:
        progress = isinstance(event, PlotProgress) and event.stroke >= strokes
        if not done and progress and session.pen_is_down() and session.draws_a_line():
            done.append(True)
            act(control)

    session.watchers.append(look)


# --- after a reset ---


@pytest.mark.parametrize("homing", [False, True])
def test_enter_does_not_say_where_the_machine_is(homing: bool, tmp_path: Path) -> None:
    """No answer is taken for granted: it would shift all that follows. Homing is offered first where it is possible."""

    def presses_enter(session: SimulatedPlot, _: Prompt) -> str:
        if len(session.prompts) < 4:
            assert not on_key(session.control, "\n")
            return "none yet"
        return session.prompts[-1].choices[0].key

    session = SimulatedPlot(
        faults=(InjectedFault(WITHIN["gantry"], "reset"),),
        answers={"origin": [presses_enter] * 3},
        settings={22: 1, 25: 3000} if homing else {},
        options=PlotOptions(homes=True),
    )
    if homing:
        session.bench.controller.machine.systems[0] = (-120.0, -100.0, 0.0)
    else:
        session.options = PlotOptions()
    assert session.run(tmp_path / "journal").outcome == "done"
    origin = [prompt for prompt in session.prompts if prompt.kind == "origin"]
    assert len(origin) == 3
    assert origin[0] == origin[1] == origin[2]
    assert origin[0].default == ""
    assert origin[0].choices[0].key == ("home" if homing else "here")
    holds(session)
    is_safe(session)


@MACHINES
@pytest.mark.parametrize("line", [20, 58, 90])
def test_a_reset_whose_banner_is_lost_is_noticed(machine: Machine, line: int, tmp_path: Path) -> None:
    session = SimulatedPlot(machine=machine, faults=(InjectedFault(line, "unplug", seconds=3, resets=True),))
    session.bench.loses_banner = True
    assert session.run(tmp_path / "journal").outcome == "done"
    assert [prompt.kind for prompt in session.prompts][:2] == ["pen", "origin"]
    assert "the controller has restarted meanwhile: its modes are those after a reset" in session.notes()
    assert session.reported_faults() == ["port"]
    holds(session)


# --- a controller that is not ready ---


def left(session: SimulatedPlot, content: bytes, seconds: float = 0.1) -> None:
    """What an earlier host or a person has left behind, before the plot begins."""
    session.bench.controller.receive(session.bench.now(), content)
    session.bench.wait(seconds)


@pytest.mark.parametrize(
    ("content", "state", "answer", "kinds"),
    [
        (b"!", "Hold", "reset", ["state", "pen", "pen"]),
        (b"!", "Hold", "go-on", ["state", "pen", "pen"]),
        (b"\x84", "Door", "go-on", ["state", "pen", "pen"]),
        (b"\x84", "Door", "reset", ["state", "pen", "pen"]),
        (b"$SLP\n", "Sleep", "reset", ["state", "origin", "pen", "pen"]),
        (b"$C\n", "Check", "reset", ["state", "pen", "pen"]),
    ],
)
def test_a_controller_that_is_not_ready_is_asked_about(
    content: bytes, state: str, answer: str, kinds: list[str], tmp_path: Path
) -> None:
    session = SimulatedPlot(answers={"state": [answer]})
    left(session, content)
    assert session.run(tmp_path / "journal").outcome == "done"
    assert [prompt.kind for prompt in session.prompts] == kinds
    asked = session.prompts[0]
    assert (asked.title, asked.default) == (f"the controller is not ready: {state}", "")
    assert all_drawn_once(session)
    assert session.plot is not None
    assert session.plot.session.greeting.settings[110] == 6000  # known after all
    is_safe(session)


def test_an_open_door_is_asked_about_until_it_is_closed(tmp_path: Path) -> None:
    def closes(session: SimulatedPlot, _: Prompt) -> str:
        session.bench.controller.machine.door_is_open = len(session.prompts) < 3
        return "go-on"

    session = SimulatedPlot(answers={"state": [closes] * 3})
    session.bench.controller.machine.door_is_open = True
    left(session, b"\x84")
    assert session.run(tmp_path / "journal").outcome == "done"
    assert [prompt.kind for prompt in session.prompts] == ["state", "state", "state", "pen", "pen"]
    assert session.notes().count("the controller is still held; is the door open?") == 2
    is_safe(session)


def test_a_machine_that_moves_is_waited_for(tmp_path: Path) -> None:
    session = SimulatedPlot()
    left(session, b"G1 F300 X50\nG1 X0\n")
    assert session.run(tmp_path / "journal").outcome == "done"
    assert session.notes()[0] == "the machine is moving; the plot begins once it has stopped"
    is_safe(session)


def test_a_limit_that_was_hit_before_the_plot_begins(tmp_path: Path) -> None:
    """It answers nothing but a reset (protocol.c, critical events)."""
    session = SimulatedPlot()
    session.bench.controller.alarm(1)
    session.bench.wait(2)
    assert session.run(tmp_path / "journal").outcome == "done"
    assert [prompt.kind for prompt in session.prompts] == ["origin", "pen", "pen"]


# --- other manners ---


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
