"""A small artwork and a finished render of it, made by hand, for tests of the steps after the fit."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hardware.drawing import Drawing, Pen, PenPass
from renderer.progress import Picture
from renderer.result import Film, Metrics, Result, Step
from renderer.specfile import Work, load
from renderer.target import Frame

SPEC = """
version: 1
title: Red <disc> & friends
target: {image: disc.png}
canvas: {paper: A6, margin_mm: 8, px_per_mm: 1}
pens:
  - {name: black, colour: "#111111", nib_mm: 4}
  - {name: warm grey, colour: "#c0b0a0", nib_mm: 3}
machine:
  name: a gantry
  width_mm: 300
  height_mm: 300
  accel_mm_s2: 500
  pen_lift: {kind: servo, up: 0, down: 500, settle_s: 0.15}
layers:
  - points: 40
    steps: 10
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A spec file with its picture beside it."""
    folder = tmp_path / "specs"
    folder.mkdir()
    y, x = np.mgrid[0:148, 0:105]
    picture = np.full((148, 105, 3), 245, np.uint8)
    picture[(x - 52) ** 2 + (y - 60) ** 2 < 30**2] = (200, 30, 35)
    Image.fromarray(picture).save(folder / "disc.png")
    path = folder / "disc.yaml"
    path.write_text(SPEC.lstrip(), encoding="utf-8")
    return path


@pytest.fixture
def make_result(spec: Path) -> Callable[..., Result]:
    """Finished renders of that spec; `changes` to the spec, and fields of the result that differ."""

    def make(*changes: str, **fields: object) -> Result:
        work, *_ = load(spec, changes)
        return Result(**(_fields(work) | fields))  # type: ignore[arg-type]

    return make


@pytest.fixture
def result(make_result: Callable[..., Result]) -> Result:
    return make_result()


def _fields(work: Work) -> dict[str, object]:
    frame = Frame(8, 8, 89, 132, 1)
    dots = tuple(np.array([[10.0 + 5 * n, 20.0]]) for n in range(10))
    curve = (np.array([[10.0, 40.0], [50.0, 60.0], [90.0, 40.0]]),)
    black, grey = Pen(name="black", colour="#111111", nib_mm=4), Pen(name="warm grey", colour="#c0b0a0", nib_mm=3)
    drawing = Drawing(105, 148, "#ffffff", (PenPass("points", grey, dots), PenPass("curves", black, curve)), "Red disc")
    steps = [(layer, name, step) for layer, name in enumerate(("points", "curves")) for step in range(1, 41)]
    return {
        "work": work,
        "drawing": drawing,
        "frame": frame,
        "target": _ramp(132, 89),
        "preview": _ramp(296, 210),
        "believed": 0.01,
        "metrics": Metrics(psnr=18.25, psnr_blurred=24.5, ssim=0.456, coverage=0.87),
        "history": tuple(_step(*step) for step in steps),
        "film": Film(tuple(_ramp(66, 45) * share for share in (1.0, 0.8, 0.6)), ("points 0/40", "points 40/40", "end")),
        "target_source": "ab" * 32,
        "notes": (),
        "interrupted": False,
        "seconds": 12.3,
        "device": "cpu",
    }


def _ramp(height_px: int, width_px: int) -> Picture:
    across = np.linspace(0, 1, width_px, dtype=np.float32)
    down = np.linspace(0, 1, height_px, dtype=np.float32)[:, None]
    return np.stack([across + 0 * down, 0 * across + down, 0.5 + 0 * across + 0 * down])


def _step(layer: int, name: str, step: int) -> Step:
    mse, blurred = 0.3 / step, 0.1 / step
    return Step(layer, name, step, 0.5 * mse + 0.5 * blurred, (("mse", mse), ("blurred_mse", blurred)), 0.1 * step)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Torch on one thread unless the test says otherwise: there are too few numbers to distribute."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
