"""HP-GL as a file: read back by a reader that shares nothing with the writer."""

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from samples import BLACK, RED, curve, line, sheet, two_pens

from hardware.__main__ import main
from hardware.card import card_files
from hardware.drawing import Drawing, PenPass
from hardware.hpgl import files, hpgl
from hardware.machine import Machine, MachineError, load_machine
from hardware.machine_files import files as machine_files
from hardware.pen_lift import RelayLift
from hardware.program import program

PLOTTERS = ("hp_7475a", "hp_7550a", "roland_dxy", "vinyl_cutter_hpgl")


def plotter(**changes: object) -> Machine:
    machine = load_machine("hp_7475a").model_copy(update={"margin_mm": 0.0})
    return machine.model_copy(update=changes)


def read(text: str, unit_mm: float, zero_mm: tuple[float, float]) -> list[tuple[int, list[tuple[float, float]]]]:
    """Each stroke with the pen that draws it, mm on the bed."""
    at, pen, down, made = (0.0, 0.0), 0, False, []
    for name, values in re.findall(r"([A-Z]{2})([-\d,]*);", text):
        numbers = [int(n) for n in values.split(",") if n]
        if name == "SP":
            pen = numbers[0]
        if name in {"PU", "PD"}:
            if name == "PD" and not down:
                made.append((pen, [at]))
            down = name == "PD"
            for u, v in zip(numbers[::2], numbers[1::2], strict=True):
                at = (u * unit_mm + zero_mm[0], v * unit_mm + zero_mm[1])
                if down:
                    made[-1][1].append(at)
    return made


def test_a_drawing_is_read_back_as_it_was() -> None:
    drawing, machine = two_pens(), plotter()
    text = hpgl(program(drawing, machine), machine)
    assert text.startswith("IN;\nPS4;\n")
    assert text.endswith("PU;\nSP0;\n")
    made = read(text, 0.02488, (10, 4))
    wanted = [(n, each) for n, part in enumerate(drawing.passes, 1) for each in part.lines]
    assert [pen for pen, _ in made] == [pen for pen, _ in wanted]
    for (_, drawn), (_, given) in zip(made, wanted, strict=True):
        ends = np.array([drawn[0], drawn[-1]])
        assert np.allclose(ends, [(x, 40 - y) for x, y in given[[0, -1]].tolist()], atol=0.03)


def test_every_instruction_is_short_enough_for_a_small_buffer() -> None:
    machine = plotter()
    long = np.column_stack([np.linspace(5, 55, 400), 20 + 9 * np.sin(np.linspace(0, 60, 400))])
    text = hpgl(program(sheet(PenPass("any", BLACK, (long,))), machine), machine)
    assert max(len(row) for row in text.splitlines()) < 160


def test_arcs_become_chords_within_the_tolerance() -> None:
    machine = plotter(arcs=True)
    drawing = sheet(PenPass("any", BLACK, (curve(),)))
    [(_, drawn)] = read(hpgl(program(drawing, machine), machine), 0.02488, (10, 4))
    on_sheet = np.array([(x, 40 - y) for x, y in drawn])
    off = np.hypot(((on_sheet[:, 0] - 30) / 12), ((on_sheet[:, 1] - 20) / 9)) - 1
    assert np.abs(off).max() * 12 < 0.08


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_an_axis_can_be_turned(turn: int) -> None:
    from hardware.controllers import HpglPlotter

    turned = HpglPlotter(rotate=turn, zero_mm=(30, 20))  # type: ignore[arg-type]
    units = turned.units((31, 22))
    assert units == {0: (40, 80), 90: (80, -40), 180: (-40, -80), 270: (-80, 40)}[turn]
    assert turned.place(units) == pytest.approx((31, 22))


def test_a_pen_sets_its_own_speed() -> None:
    machine = plotter()
    text = hpgl(program(two_pens(), machine), machine)
    assert re.findall(r"(SP\d);\n(VS\d+);", text) == [("SP1", "VS10"), ("SP2", "VS2")]  # 900 mm/min are 1.5 cm/s
    mute = plotter(hpgl=machine.plotter.model_copy(update={"has_speed": False}))
    assert "VS" not in hpgl(program(two_pens(), mute), mute)


def test_there_is_a_file_for_each_pen_too() -> None:
    machine = plotter()
    texts = files(two_pens(), machine)
    assert list(texts) == ["drawing.hpgl", "01-black.hpgl", "02-groe-rouge.hpgl"]
    assert all(text.startswith("IN;") and text.endswith("SP0;\n") for text in texts.values())
    assert machine_files(two_pens(), machine) == texts


def test_more_pens_than_the_carousel_has_begin_again_with_the_first() -> None:
    small = plotter(hpgl=load_machine("hp_7475a").plotter.model_copy(update={"pens": 2}))
    pens = [BLACK.model_copy(update={"name": name}) for name in ("a", "b", "c")]
    drawing = sheet(*(PenPass(pen.name, pen, (line((5, 5), (9, 9)),)) for pen in pens))
    assert re.findall(r"SP\d", hpgl(program(drawing, small), small)) == ["SP1", "SP2", "SP1", "SP0"]


@pytest.mark.parametrize("name", PLOTTERS)
def test_the_starters_write_hpgl(name: str) -> None:
    machine = load_machine(name).model_copy(update={"margin_mm": 0.0})
    assert read(hpgl(program(two_pens(), machine), machine), 0.025, (0, 0))


def test_cards_and_commands_write_hpgl(tmp_path: Path) -> None:
    texts = card_files(load_machine("hp_7475a"), (BLACK, RED), "A4")
    assert {name.rpartition(".")[2] for name in texts} == {"svg", "hpgl"}
    svg = tmp_path / "in.svg"
    svg.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="80mm" viewBox="0 0 100 80">'
        '<path d="M20,20 L60,50" fill="none" stroke="#000" stroke-width="0.5"/></svg>',
        encoding="utf-8",
    )
    made = CliRunner().invoke(main, ["gcode", str(svg), "-m", "hp_7475a"])
    assert made.exit_code == 0, made.output
    assert "PD" in made.output


def test_an_ebb_runs_no_files(tmp_path: Path) -> None:
    svg = tmp_path / "in.svg"
    svg.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="80mm" viewBox="0 0 100 80">'
        '<path d="M20,20 L60,50" fill="none" stroke="#000" stroke-width="0.5"/></svg>',
        encoding="utf-8",
    )
    made = CliRunner().invoke(main, ["gcode", str(svg), "-m", "axidraw_v3"])
    assert made.exit_code == 2
    assert "'AxiDraw V3' runs no files: its board gets each move from `render plot`" in made.output


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("pen_lift: {kind: servo, up: 1, down: 2}", "an HP-GL plotter lifts its pens by itself"),
        ("pen_lift: {kind: relay}\nebb: {}", "ebb: belongs to `dialect: ebb` only"),
        ("pen_lift: {kind: relay}\nhpgl: {pens: 0}", "hpgl.pens: Input should be greater than or equal to 1"),
        ("pen_lift: {kind: relay}\nhpgl: {pen: 3}", "hpgl.pen: no such field; did you mean pens?"),
    ],
)
def test_a_wrong_file_of_a_plotter_is_explained(fields: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"name: plotter\ndialect: hpgl\nwidth_mm: 297\nheight_mm: 210\n{fields}\n", encoding="utf-8")
    with pytest.raises(MachineError) as fault:
        load_machine(path)
    assert message in str(fault.value)


def test_a_drawing_beyond_the_reach_is_refused_with_the_margin() -> None:
    machine = load_machine("hp_7475a")
    drawing = Drawing(297, 210, "#ffffff", (PenPass("any", BLACK, (line((2, 100), (200, 100)),)),))
    with pytest.raises(ValueError, match="margin of 14 mm"):
        program(drawing, machine)


def test_a_relay_is_what_lifts_the_pen() -> None:
    assert isinstance(load_machine("roland_dxy").pen_lift, RelayLift)
