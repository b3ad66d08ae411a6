"""Whatever comes in: a message, or G-code that keeps to the bed. Never a crash without a word."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redraw import redrawn
from samples import BLACK, RED, ROUTER, SERVO, polylines, sheet, two_pens

from hardware.dialect import DIALECTS
from hardware.drawing import Drawing, Line, PenPass
from hardware.estimate import estimate
from hardware.gcode import files
from hardware.machine import Machine
from hardware.pen_lift import RelayLift
from hardware.picture import plan_svg
from hardware.program import ProgramError, program
from hardware.svg_intake import prepared
from hardware.svgfile import Options, SvgError, reading, to_svg

FOREIGN = sorted((Path(__file__).parent / "foreign").glob("*.svg"))
TEXTS = [to_svg(two_pens()), *(path.read_text(encoding="utf-8") for path in FOREIGN)]
SNIPPETS = ["", "<", ">", '"', "-", "e9", "M", "A", "z", "&", "nan", "\x00", "%", "1e30", "inf", "T", "s", "#", "url(#"]
SNIPPETS += ['transform="scale(0)"', 'fill="red"', 'stroke-dasharray="0 1"', '<use href="#a"/>', "L 1 1 ", "mm", "px"]

machines = st.builds(
    lambda base, rotate, centre, margin_mm, arcs, dialect, relay: base.model_copy(
        update={
            "rotate": rotate,
            "centre": centre,
            "origin_mm": (0.0, 0.0) if centre else base.origin_mm,
            "margin_mm": margin_mm,
            "arcs": arcs,
            "dialect": dialect,
            "pen_lift": RelayLift(kind="relay") if relay else base.pen_lift,
        }
    ),
    st.sampled_from([SERVO, ROUTER]),
    st.sampled_from([0, 90, 180, 270]),
    st.booleans(),
    st.sampled_from([0.0, 3.0, 30.0]),
    st.booleans(),
    st.sampled_from(sorted(DIALECTS)),
    st.booleans(),
)
options = st.builds(
    Options,
    hatch_mm=st.sampled_from([None, 0.4, 3.0]),
    pens=st.sampled_from([None, (BLACK,), (BLACK, RED)]),
    by=st.sampled_from([None, "name", "number", "colour"]),
    keep_order=st.booleans(),
)
far = st.floats(-30, 90).map(lambda value: round(value, 4))
wild = st.lists(st.tuples(far, far), min_size=1, max_size=12).map(lambda points: np.array(points, dtype=np.float64))


def plotted(drawing: Drawing, machine: Machine) -> None:
    """All stages. What is written is read by the strict reader, which fails on what leaves the bed."""
    made, _ = prepared(drawing, machine)
    try:
        steps = program(made, machine)
    except ProgramError as fault:
        if not re.match(r"pen \d+ \(.+\): ", str(fault)):
            raise AssertionError(f"names no pen: {fault}") from fault
        return
    took = estimate(steps, machine)
    assert np.isfinite(took.total_s) and took.total_s >= 0
    texts = files(made, machine)
    redrawn(texts["drawing.gcode"], made, machine)
    assert plan_svg(made, steps, machine).endswith("</svg>\n")


def mangled(data: st.DataObject) -> str:
    text = list(data.draw(st.sampled_from(TEXTS)))
    for _ in range(data.draw(st.integers(1, 8))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.sampled_from(SNIPPETS))
    return "<" + "".join(text)[1:]


def read_and_plot(data: st.DataObject) -> None:
    text, machine = mangled(data), data.draw(machines)
    try:
        read = reading(text, data.draw(options))
    except SvgError as fault:
        if not str(fault).startswith("the SVG text: "):
            raise AssertionError(f"names no file: {fault}") from fault
        return
    assert all(np.isfinite(line).all() and len(line) for p in read.drawing.passes for line in p.lines)
    if not read.drawing.is_free:
        plotted(read.drawing, machine)


def draw_and_plot(lines: list[Line], more: list[Line], machine: Machine) -> None:
    plotted(sheet(PenPass("a", BLACK, tuple(lines)), PenPass("b", RED, tuple(more))), machine)


quiet = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}


@settings(max_examples=60, **quiet)
@given(st.data())
def test_a_mangled_file_is_refused_with_a_word_or_plotted_on_the_bed(data: st.DataObject) -> None:
    read_and_plot(data)


@settings(max_examples=60, **quiet)
@given(st.lists(st.one_of(wild, polylines()), max_size=15), st.lists(wild, max_size=5), machines)
def test_any_lines_are_refused_with_a_word_or_plotted_on_the_bed(
    lines: list[Line], more: list[Line], machine: Machine
) -> None:
    draw_and_plot(lines, more, machine)


@pytest.mark.slow
@settings(max_examples=1000, **quiet)
@given(st.data())
def test_a_thousand_mangled_files(data: st.DataObject) -> None:
    read_and_plot(data)


@pytest.mark.slow
@settings(max_examples=1000, **quiet)
@given(st.lists(st.one_of(wild, polylines()), max_size=15), st.lists(wild, max_size=5), machines)
def test_a_thousand_drawings(lines: list[Line], more: list[Line], machine: Machine) -> None:
    draw_and_plot(lines, more, machine)
