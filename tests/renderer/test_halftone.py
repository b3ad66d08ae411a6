"""Halftone: whole dots that keep the tone, and screens that suit their budget."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from hardware.pen import Ink, Pen
from renderer import pipeline
from renderer.marks.halftone import whole_dots
from renderer.optimise import Ground
from renderer.optimise.descent import project
from renderer.palette import Palette
from renderer.planning.cost import Sketch
from renderer.planning.ink import COARSEST_NIBS, Wish
from renderer.spec import Halftone, Layer
from renderer.spec.kinds import PITCH_NIBS
from renderer.specfile import load
from renderer.strokes import Strokes
from renderer.target import Frame

BLACK = Pen(name="black", colour="#000000", nib_mm=0.4)
SCREEN = Sketch(Halftone(), (BLACK,), 1, 5000, 0.0, 1.2, 0.5)


@pytest.mark.parametrize("tone", [0.02, 0.1, 0.3])
def test_an_even_tone_lighter_than_a_touch_for_each_dot_is_kept_by_fewer_dots(tone: float) -> None:
    covered, touch = np.full((60, 60), tone), 0.25
    dots = whole_dots(covered, touch)
    assert dots.sum() == pytest.approx(covered.sum(), rel=0.1)
    assert dots[dots > 0].min() >= touch
    quarters = [part.sum() for half in np.split(dots, 2) for part in np.split(half, 2, 1)]
    assert max(quarters) < 1.15 * min(quarters)


def test_what_is_blank_stays_blank() -> None:
    covered = np.full((20, 20), 0.2)
    covered[:, 10:] = 0.0
    assert not whole_dots(covered, 0.25)[:, 10:].any()


def scaled(scale: float) -> Sketch:
    return Wish((SCREEN,), (True,), (0.0,), (200_000,)).scaled(scale)[0]


def test_less_time_makes_a_coarser_screen_with_as_much_ink() -> None:
    coarser = scaled(0.6)
    assert coarser.count == 3000
    assert coarser.spot_mm is not None
    assert coarser.spot_mm > 1.2
    assert coarser.ink_mm2 == pytest.approx(SCREEN.ink_mm2, rel=0.02)


def test_a_screen_that_would_be_too_coarse_is_lighter_instead() -> None:
    coarsest = (PITCH_NIBS / COARSEST_NIBS) ** 2
    least = scaled(coarsest / 2)
    assert least.count == scaled(coarsest).count
    assert least.ink_mm2 == pytest.approx(SCREEN.ink_mm2 / 2, rel=0.02)


def test_more_time_makes_a_finer_screen_with_no_dot_below_the_nib() -> None:
    fine = scaled(2.0)
    assert fine.count == 10_000
    assert fine.spot_mm is not None
    assert fine.spot_mm < 1.2
    light = Wish((replace(SCREEN, spot_mm=0.42),), (True,), (0.0,), (200_000,)).scaled(2.5)[0]
    assert light.spot_mm == pytest.approx(0.4)
    assert light.strokes < 0.5 * light.count  # where a touch is too dark, there are fewer dots


SPEC = """\
version: 1
title: Screens
target: {image: ramp.png, tone: none}
canvas: {paper: A6, px_per_mm: 3}
pens: [{name: red, colour: "#d03030", nib_mm: 0.4}, {name: black, colour: "#000000", nib_mm: 0.4}]
machine: gantry_grbl_servo
layers: [{halftone: {}, steps: 0}]
"""


@pytest.fixture(scope="module")
def ramp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("screens")
    tones = np.linspace(0.1, 1, 150)[None, :, None] * np.ones((100, 1, 3))
    tones[:50, :, 1:] *= 0.7
    Image.fromarray((tones * 255).astype(np.uint8)).save(folder / "ramp.png")
    (folder / "spec.yaml").write_text(SPEC)
    return folder


def test_a_screen_in_two_pens_is_fine_and_hardly_any_dot_is_left_out(ramp: Path) -> None:
    result = pipeline.render(load(ramp / "spec.yaml")[0])
    dots = sum(len(part.lines) for part in result.drawing.passes)
    assert dots > 1500  # 928 before, as each pen was planned to fill the sheet with dots
    assert not [note for note in result.notes if "least useful" in note and int(note.split()[0]) > dots / 4]


def test_metres_of_dots_are_counted(ramp: Path) -> None:
    text = SPEC.replace("layers:", "budget: {metres: 2}\nlayers:")
    (ramp / "metres.yaml").write_text(text)
    drawing = pipeline.render(load(ramp / "metres.yaml")[0]).drawing
    drawn = sum(np.hypot(*np.diff(line, axis=0).T).sum() for part in drawing.passes for line in part.lines)
    assert drawn <= 2000 * 1.02


def test_no_dot_grows_beyond_the_one_that_covers_its_place() -> None:
    frame, layer = Frame(0, 0, 60, 45, 3.0), Layer(halftone=Halftone(count=300))  # a pitch of 3 mm
    palette = Palette((BLACK,), False, Ink.OPAQUE, (0.4, 0.4), has_sizes=True)
    ground = Ground(frame, torch.ones(3, 135, 180), torch.ones(3, 135, 180), palette)
    dots = Strokes(torch.full((3, 1, 2), 20.0), torch.tensor([0.1, 2.0, 9.0]), torch.ones(3, 1))
    project(layer, dots, ground)
    assert dots.width_mm.tolist() == pytest.approx([0.4, 2.0, 3 * 2**0.5])
