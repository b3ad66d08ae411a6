"""Brushes that are dipped: trips to the wells before the strokes that need them, also after a resume."""

import itertools
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from ebb_plot import AXIDRAW, EbbPlot
from samples import ROUTER, SERVO, sheet
from simulated_plot import SimulatedPlot, wave

from hardware.__main__ import main
from hardware.drawing import Drawing, Pen, PenPass, length_mm
from hardware.job.prepare import from_drawing, trips_of
from hardware.job.variants import in_the_air
from hardware.machine import Machine, MachineError, load_machine
from hardware.reloading import divided, trips
from hardware.stations import PaintWell, Reload
from hardware.svgfile import to_svg

RED = Pen(name="red", colour="#c03020", nib_mm=4.0)
BLUE = Pen(name="blue", colour="#2040a0", nib_mm=4.0)
OCHRE = Pen(name="ochre", colour="#c09030", nib_mm=4.0)
NEAR_MM = 0.1


def with_wells(machine: Machine, **how: object) -> Machine:
    """The machine with three wells of paint and one of water above the sheet."""
    left, _, _, top = machine.bed_mm
    places = {"red": 6, "blue": 16, "ochre": 26, "water": 36}
    stations = tuple(PaintWell(name=name, x_mm=left + at, y_mm=top - 6, radius_mm=4) for name, at in places.items())
    plan = tuple(Reload.model_validate({"pen": name, "station": name, **how}) for name in ("red", "blue", "ochre"))
    return machine.model_copy(update={"stations": stations, "reload": plan})


def watercolour() -> Drawing:
    """Three brushes, each with four waves of 36 mm and two touches."""

    def lines(left_mm: float) -> tuple[np.ndarray, ...]:
        touches = [np.array([[left_mm + 8 * n, 60.0]]) for n in range(2)]
        waves = [wave(left_mm, 12 + 11 * n) for n in range(4)]
        return (waves[0], touches[0], waves[1], waves[2], touches[1], waves[3])

    passes = tuple(PenPass(pen.name, pen, lines(8.0 + 22 * at)) for at, pen in enumerate((RED, BLUE, OCHRE)))
    return Drawing(100, 80, "#ffffff", passes, "watercolour")


MACHINES = {
    "EBB": lambda **how: EbbPlot(machine=with_wells(AXIDRAW, **how), drawing=watercolour()),
    "GRBL": lambda **how: SimulatedPlot(machine=with_wells(SERVO.model_copy(update={"origin_mm": (10.0, 5.0)}), **how),
                                        drawing=watercolour()),
    "Z axis": lambda **how: SimulatedPlot(machine=with_wells(ROUTER, **how), drawing=watercolour()),
}  # fmt: skip


def visits(session: SimulatedPlot) -> list[str]:
    """What was drawn or visited, in order: `stroke`, or the name of a well."""
    made = []
    for stroke in session.drawn():
        well = next(
            (s.name for s in session.machine.stations if math.dist(stroke[0], (s.x_mm, s.y_mm)) < NEAR_MM), "stroke"
        )
        made.append(well)
    return made


def without_wells(session: SimulatedPlot) -> SimulatedPlot:
    drawn = session.drawn()
    kept = [stroke for stroke, what in zip(drawn, visits(session), strict=True) if what == "stroke"]
    session.drawn = lambda: kept  # type: ignore[method-assign]
    return session


@pytest.mark.parametrize("kind", MACHINES)
def test_each_well_is_visited_before_the_strokes_that_need_it(kind: str) -> None:
    session = MACHINES[kind](strokes=3)
    assert session.run().outcome == "done"
    per_pen = [["dip", "stroke", "stroke", "stroke"] * 2] * 3
    wanted = [name if what == "dip" else what for name, each in zip(("red", "blue", "ochre"), per_pen, strict=True)
              for what in each]  # fmt: skip
    assert visits(session) == wanted
    assert session.pen_down_at_prompts == []
    times = without_wells(session).times_drawn()
    assert times == pytest.approx([1] * 18, abs=0.03)


@pytest.mark.parametrize("kind", MACHINES)
def test_it_stirs_washes_and_wipes_where_that_is_asked_for(kind: str) -> None:
    session = MACHINES[kind](strokes=100, stir=True, wipe="edge", wash="water", dip_s=1.0)
    session.run()
    assert [what for what in visits(session) if what != "stroke"] == ["water", "red", "water", "blue", "water", "ochre"]
    dips = [stroke for stroke, what in zip(session.drawn(), visits(session), strict=True) if what != "stroke"]
    for dip in dips:
        ways = np.hypot(*(np.array(dip) - dip[0]).T)
        assert ways.max() == pytest.approx(4, abs=0.05), "it leaves over the edge"
        assert sum(math.dist(a, b) for a, b in itertools.pairwise(dip)) > 2 * 2 * math.pi * 2 * 0.9


def test_a_dip_lasts_for_so_many_metres_and_long_strokes_are_divided() -> None:
    machine = with_wells(AXIDRAW, every_m=0.05)
    long = np.column_stack([np.linspace(5, 95, 200), np.full(200, 20.0)])
    drawing = sheet(PenPass("red", RED, (long, wave(5, 30))), width_mm=100, height_mm=80)
    parts = divided(drawing, machine).passes[0].lines
    assert [round(length_mm(line)) for line in parts] == [45, 45, 38]
    assert np.allclose(parts[0][-1], parts[1][0])
    assert trips(drawing, machine) == {1: 3}
    session = EbbPlot(machine=machine, drawing=drawing)
    session.run()
    assert visits(session) == ["red", "stroke"] * 3


def test_the_plan_counts_the_trips_and_their_time(tmp_path: Path) -> None:
    machine = with_wells(AXIDRAW, strokes=2)
    count, seconds = trips_of(watercolour(), machine)
    assert count == 9
    assert seconds > count * 1.0
    assert trips_of(watercolour(), AXIDRAW) == (0, 0.0)
    (tmp_path / "work.svg").write_text(to_svg(watercolour(), "key"), encoding="utf-8")
    text = json.dumps(machine.model_dump(mode="json"))
    (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
    made = CliRunner().invoke(main, ["plan", str(tmp_path / "work.svg"), "-m", str(tmp_path / "m.yaml")])
    assert made.exit_code == 0, made.output
    assert "and 9 trips of the brushes to their wells, " in made.output


def test_the_trips_are_part_of_the_planned_time() -> None:
    for how in ({"strokes": 2, "stir": True}, {"strokes": 1, "dip_s": 0.2}):
        session = MACHINES["EBB"](**how)
        took_s = session.run().elapsed_s
        assert session.job.seconds == pytest.approx(took_s, rel=0.02)


@pytest.mark.parametrize("kind", ["EBB", "GRBL"])
@pytest.mark.parametrize("after", range(60, 600, 67))
def test_killed_anywhere_the_brush_is_dipped_before_it_draws_on(kind: str, after: int, tmp_path: Path) -> None:
    session = MACHINES[kind](strokes=3)
    session.killed(tmp_path / "journal", after)
    before = len(session.drawn())
    session.prompts.clear()
    session.events.clear()
    assert session.run(tmp_path / "journal", resumes=True).outcome == "done"
    later = visits(session)[before:]
    assert not later or later[0] != "stroke" or "again" in " ".join(session.notes()), later
    drawn = without_wells(session)
    assert all(share > 0.97 for share in drawn.times_drawn())
    assert drawn.strays() == []


def test_after_a_pause_the_brush_is_dipped_again(tmp_path: Path) -> None:
    session = MACHINES["EBB"](strokes=100)

    def press(control: object, event: object) -> None:
        if len(session.drawn()) == 3 and "pause" not in [prompt.kind for prompt in session.prompts]:
            session.control.pause()

    session.watchers.append(press)
    session.run(tmp_path / "journal")
    assert visits(session).count("red") == 2
    assert "the brush is dipped again" in session.notes()


def test_a_plot_in_the_air_stays_out_of_the_wells() -> None:
    machine = with_wells(AXIDRAW, strokes=2)
    job = in_the_air(from_drawing(watercolour(), machine, "watercolour"))
    assert not any(line.is_trip for line in job.lines)


def test_marlin_gets_its_feeds_and_waits_as_it_reads_them() -> None:
    machine = with_wells(SERVO.model_copy(update={"dialect": "marlin", "name": "printer"}), strokes=2, stir=True)
    job = from_drawing(watercolour(), machine, "watercolour")
    trip = [line.text for line in job.lines if line.is_trip]
    assert any(text.startswith("M280") for text in trip)
    assert "G4 P500" in trip
    assert all(" F" in text for text in trip if text.startswith(("G0", "G1")))


def test_other_pens_are_not_dipped() -> None:
    machine = with_wells(AXIDRAW, strokes=1)
    plain = replace(
        watercolour(), passes=(PenPass("pen", Pen(name="pen", colour="#000000", nib_mm=0.5), (wave(5, 20),)),)
    )
    assert trips(plain, machine) == {}
    assert not any(line.is_trip for line in from_drawing(plain, machine, "plain").lines)


FAULTS: dict[str, Callable[[], tuple[str, str]]] = {
    "no such station": lambda: ("reload: [{pen: red, station: rde}]", "'red' has no station 'rde'; there are 'red'"),
    "off the bed": lambda: ("stations: [{name: red, x_mm: 900, y_mm: -5}]", "stations: 'red' at [900, -5] is off"),
    "twice": lambda: (
        "stations: [{name: red, x_mm: 9, y_mm: -90}, {name: red, x_mm: 9, y_mm: -50}]", "two are named 'red'",
    ),
    "a wrong field": lambda: ("reload: [{pen: red, station: red, every: 1}]", "did you mean every_m?"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_the_machine_file_is_explained(name: str, tmp_path: Path) -> None:
    text, message = FAULTS[name]()
    path = tmp_path / "m.yaml"
    whole = "name: m\ndialect: ebb\nwidth_mm: 300\nheight_mm: 200\nbed_min_mm: [0, -200]\n"
    whole += "pen_lift: {kind: servo, up: 20000, down: 15000}\n"
    if "stations" not in text:
        whole += "stations: [{name: red, x_mm: 20, y_mm: -50}]\n"
    path.write_text(whole + text + "\n", encoding="utf-8")
    with pytest.raises(MachineError) as fault:
        load_machine(path)
    assert message in str(fault.value)
