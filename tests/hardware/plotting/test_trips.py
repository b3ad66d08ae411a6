"""Brushes that are dipped: trips to the wells before the strokes that need them, also after a resume."""

import itertools
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from ebb_plot import AXIDRAW, EbbPlot
from samples import ROUTER, SERVO, sheet
from simulated_plot import SimulatedPlot, wave

from hardware import toolpath
from hardware.__main__ import main
from hardware.drawing import Drawing, Pen, PenPass, length_mm
from hardware.job.prepare import from_drawing, trips_of
from hardware.job.variants import in_the_air
from hardware.machine import Machine, MachineError, load_machine
from hardware.program import ProgramError
from hardware.rack import RackError, load_rack
from hardware.reloading import divided, for_brushes, trips, way_mm
from hardware.sheet_placement import sheet_placement
from hardware.stations import PaintWell, Reload
from hardware.svgfile import read_svg, to_svg

RED = Pen(name="red", colour="#c03020", nib_mm=4.0)
BLUE = Pen(name="blue", colour="#2040a0", nib_mm=4.0)
OCHRE = Pen(name="ochre", colour="#c09030", nib_mm=4.0)
NEAR_MM = 0.1


def with_wells(machine: Machine) -> Machine:
    """The machine with three wells of paint and one of water above the sheet."""
    left, _, _, top = machine.bed_mm
    places = {"red": 6, "blue": 16, "ochre": 26, "water": 36}
    stations = tuple(PaintWell(name=name, x_mm=left + at, y_mm=top - 6, radius_mm=4) for name, at in places.items())
    return machine.model_copy(update={"stations": stations})


def dipped(pen: Pen, **how: object) -> Pen:
    return pen.model_copy(update={"reload": Reload.model_validate(how)})


def watercolour(**how: object) -> Drawing:
    """Three brushes, each with four waves of 36 mm and two touches."""

    def lines(left_mm: float) -> tuple[np.ndarray, ...]:
        touches = [np.array([[left_mm + 8 * n, 60.0]]) for n in range(2)]
        waves = [wave(left_mm, 12 + 11 * n) for n in range(4)]
        return (waves[0], touches[0], waves[1], waves[2], touches[1], waves[3])

    passes = tuple(
        PenPass(pen.name, dipped(pen, **how), lines(8.0 + 22 * at)) for at, pen in enumerate((RED, BLUE, OCHRE))
    )
    return Drawing(100, 80, "#ffffff", passes, "watercolour")


LOW = SERVO.model_copy(update={"origin_mm": (10.0, 5.0)})
MACHINES = {
    "EBB": lambda **how: EbbPlot(machine=with_wells(AXIDRAW), drawing=watercolour(**how)),
    "GRBL": lambda **how: SimulatedPlot(machine=with_wells(LOW), drawing=watercolour(**how)),
    "Z axis": lambda **how: SimulatedPlot(machine=with_wells(ROUTER), drawing=watercolour(**how)),
}


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
    machine, red = with_wells(AXIDRAW), dipped(RED, every_m=0.05)
    long = np.column_stack([np.linspace(5, 95, 200), np.full(200, 20.0)])
    drawing = sheet(PenPass("red", red, (long, wave(5, 30))), width_mm=100, height_mm=80)
    parts = divided(drawing).passes[0].lines
    assert [round(length_mm(line)) for line in parts] == [45, 45, 38]
    assert np.allclose(parts[0][-1], parts[1][0])
    assert trips(drawing) == {1: 3}
    session = EbbPlot(machine=machine, drawing=drawing)
    session.run()
    assert visits(session) == ["red", "stroke"] * 3


def test_the_plan_counts_the_trips_and_their_time(tmp_path: Path) -> None:
    machine = with_wells(AXIDRAW)
    count, seconds = trips_of(watercolour(strokes=2), machine)
    assert count == 9
    assert seconds > count * 1.0
    plain = replace(watercolour(), passes=(PenPass("red", RED, (wave(5, 20),)),))
    assert trips_of(plain, AXIDRAW) == (0, 0.0)
    (tmp_path / "work.svg").write_text(to_svg(watercolour(strokes=2), "key"), encoding="utf-8")
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
    job = in_the_air(from_drawing(watercolour(strokes=2), with_wells(AXIDRAW), "watercolour"))
    assert not any(line.is_trip for line in job.lines)


def test_marlin_gets_its_feeds_and_waits_as_it_reads_them() -> None:
    machine = with_wells(SERVO.model_copy(update={"dialect": "marlin", "name": "printer"}))
    job = from_drawing(watercolour(strokes=2, stir=True), machine, "watercolour")
    trip = [line.text for line in job.lines if line.is_trip]
    assert any(text.startswith("M280") for text in trip)
    assert "G4 P500" in trip
    assert all(" F" in text for text in trip if text.startswith(("G0", "G1")))


def test_other_pens_are_not_dipped() -> None:
    machine = with_wells(AXIDRAW)
    plain = replace(
        watercolour(), passes=(PenPass("pen", Pen(name="pen", colour="#000000", nib_mm=0.5), (wave(5, 20),)),)
    )
    assert trips(plain) == {}
    assert not any(line.is_trip for line in from_drawing(plain, machine, "plain").lines)


FAULTS: dict[str, tuple[str, str]] = {
    "off the bed": ("stations: [{name: red, x_mm: 900, y_mm: -5}]", "stations: 'red' at [900, -5] is off"),
    "twice": (
        "stations: [{name: red, x_mm: 9, y_mm: -90}, {name: red, x_mm: 9, y_mm: -50}]", "two are named 'red'",
    ),
    "a wrong field": ("stations: [{name: red, x_mm: 9, y_mm: -90, radius: 3}]", "did you mean radius_mm?"),
    "in the wrong file": ("reload: [{pen: red, station: red}]", "reload: is a field of a pen: write it in the rack"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_the_machine_file_is_explained(name: str, tmp_path: Path) -> None:
    text, message = FAULTS[name]
    path = tmp_path / "m.yaml"
    whole = "name: m\ndialect: ebb\nwidth_mm: 300\nheight_mm: 200\nbed_min_mm: [0, -200]\n"
    whole += "pen_lift: {kind: servo, up: 20000, down: 15000}\n"
    path.write_text(whole + text + "\n", encoding="utf-8")
    with pytest.raises(MachineError) as fault:
        load_machine(path)
    assert message in str(fault.value)


def test_a_well_that_the_machine_does_not_have_is_named() -> None:
    with pytest.raises(ProgramError) as fault:
        from_drawing(watercolour(station="rde", wash="sea"), with_wells(AXIDRAW), "watercolour")
    first = "red 4: 'AxiDraw' has no station 'rde' for its `reload`; there are 'red', 'blue', 'ochre', 'water'"
    assert str(fault.value).splitlines()[:2] == [first, first.replace("rde", "sea")]
    with pytest.raises(ProgramError, match="no station 'red' for its `reload`; its file has no `stations`"):
        trips_of(watercolour(), AXIDRAW)


def test_a_well_on_the_sheet_is_noticed() -> None:
    machine = with_wells(AXIDRAW)
    red = machine.stations[0].model_copy(update={"x_mm": 8.0, "y_mm": -130.0})
    touching = machine.model_copy(update={"stations": (red, *machine.stations[1:])})
    text = (
        "red 4: its station 'red' at [8, -130], radius 4 mm, lies on the sheet, which reaches from [10, -200]"
        " to [110, -120]; move the station or the sheet (origin_mm)"
    )
    with pytest.raises(ProgramError) as fault:
        from_drawing(watercolour(), touching, "watercolour")
    assert str(fault.value) == text
    beside = machine.model_copy(update={"stations": (red.model_copy(update={"x_mm": 5.9}), *machine.stations[1:])})
    assert from_drawing(watercolour(), beside, "watercolour").lines


def test_a_brush_keeps_its_dips_in_the_file_of_a_drawing(tmp_path: Path) -> None:
    drawing = watercolour(every_m=0.6, strokes=20, stir=True, wipe="edge", wash="water")
    (tmp_path / "work.svg").write_text(to_svg(drawing, "key"), encoding="utf-8")
    assert [part.pen for part in read_svg(tmp_path / "work.svg").passes] == [part.pen for part in drawing.passes]


def test_a_rack_says_how_a_brush_is_dipped(tmp_path: Path) -> None:
    row = "{name: red, colour: '#c03020', nib_mm: 4, reload: {every_m: 0.6, wipe: edge, wash: water}}"
    (tmp_path / "brushes.yaml").write_text(f"pens:\n  - {row}\n", encoding="utf-8")
    [pen] = load_rack(tmp_path / "brushes.yaml")
    assert pen.brush == Reload(station="red", every_m=0.6, wipe="edge", wash="water")
    (tmp_path / "brushes.yaml").write_text(f"pens:\n  - {row.replace('every_m', 'every')}\n", encoding="utf-8")
    with pytest.raises(RackError, match=r"pens\.0\.reload\.every"):
        load_rack(tmp_path / "brushes.yaml")


# --- the order of strokes ---


def scattered(count: int, **how: object) -> Drawing:
    rng = np.random.default_rng(5)
    touches = tuple(rng.uniform(5, 95, 2) + np.array([[0.0, 0.0], [2.0, 1.0]]) for _ in range(count))
    return sheet(PenPass("red", dipped(RED, **how), touches), width_mm=100, height_mm=100)


@pytest.mark.parametrize("how", [{"strokes": 8}, {"every_m": 0.02}], ids=str)
def test_the_strokes_of_a_dip_are_in_a_short_order_from_the_well_and_back(how: dict[str, object]) -> None:
    beside = PaintWell(name="red", x_mm=125, y_mm=-150)
    machine = AXIDRAW.model_copy(update={"stations": (beside,)})
    drawing = toolpath.order(scattered(120, **how))
    made = for_brushes(drawing, machine)
    at = sheet_placement(100, 100, machine).on_sheet(beside.x_mm, beside.y_mm)
    before, after = way_mm(drawing.passes[0], at), way_mm(made.passes[0], at)
    assert after < 0.95 * before
    assert trips(made) == trips(drawing)

    def key(drawing: Drawing) -> list[tuple[float, ...]]:
        return sorted(tuple(sorted(map(tuple, line.round(6).tolist()))) for line in drawing.passes[0].lines)  # type: ignore[misc]

    assert key(made) == key(drawing), "each stroke once"


def test_an_order_that_is_better_already_stays() -> None:
    machine, drawing = with_wells(AXIDRAW), watercolour(strokes=100)
    made = for_brushes(drawing, machine)
    for a, b in zip(drawing.passes, made.passes, strict=True):
        well = next(station for station in machine.stations if station.name == a.pen.name)
        at = sheet_placement(100, 80, machine).on_sheet(well.x_mm, well.y_mm)
        assert way_mm(b, at) <= way_mm(a, at)


def test_without_brushes_the_drawing_is_the_same() -> None:
    drawing = Drawing(100, 80, "#ffffff", (PenPass("pen", RED, (wave(5, 20), wave(5, 40))),))
    assert for_brushes(drawing, with_wells(AXIDRAW)) is drawing
