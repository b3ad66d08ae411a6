"""A fit on another device: no operation mixes devices, nothing waits longer than it must, the drawing is the same."""

from functools import partial, partialmethod
from pathlib import Path

import numpy as np
import pytest
import torch
from elsewhere import DEVICE, device
from PIL import Image
from torch import Tensor

from hardware.drawing import Ink
from renderer import fitting, losses, pipeline, similarity
from renderer.blur import blur
from renderer.difference import mean_square
from renderer.optimise import Ground, fit, layer_drawing
from renderer.palette import Palette
from renderer.placement import scatter
from renderer.raster import EdgeRamp, Shapes, Workspace, reference
from renderer.result import Result
from renderer.specfile import load
from renderer.target import Frame

SPEC = """
version: 1
title: a fit elsewhere
target: {image: ramp.png}
canvas: {paper: {width_mm: 20, height_mm: 16}, margin_mm: 1, px_per_mm: 1}
seed: 3
pens: [{name: black, colour: "#101010", nib_mm: 1.5}, {name: red, colour: "#d02020", nib_mm: 2.0}]
layers:
  - points: 14
    steps: 16
  - curves: {count: 6, max_length_mm: 12}
    steps: 16
    stages: 2
    cost: {length: 0.01, curvature: 0.001, most_per_pen: 5}
refine: {steps: 3}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    y, x = np.mgrid[0:32, 0:40]
    picture = np.stack([6 * x, 7 * y, 255 - 6 * x], -1).clip(0, 255).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "ramp.png")
    (tmp_path / "elsewhere.yaml").write_text(SPEC, encoding="utf-8")
    return tmp_path / "elsewhere.yaml"


@pytest.fixture
def plain_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference versions, instead of kernels for one device, on both devices: then no digit may differ."""

    def plain(
        shapes: Shapes,
        background: Tensor,
        *,
        px_per_mm: float,
        ink: Ink,
        edges: EdgeRamp = EdgeRamp(),  # noqa: B008
        workspace: Workspace | None = None,
    ) -> Tensor:
        assert shapes.order.device == shapes.polylines.device == background.device
        return reference.rasterise(
            shapes.polylines * px_per_mm, shapes.width_mm * (px_per_mm / 2), shapes.colours, shapes.order, background,
            softness_px=edges.softness_px, gaussian=edges.gaussian, transparent=ink is Ink.TRANSPARENT,
        )  # fmt: skip

    monkeypatch.setattr(layer_drawing, "rasterise", plain)
    monkeypatch.setattr(losses.pixels, "mean_square", partial(mean_square, plain=True))
    for module in (losses.pixels, similarity):
        monkeypatch.setattr(module, "blur", partial(blur, plain=True))
    monkeypatch.setattr(similarity.Model, "mean", partialmethod(similarity.Model.mean, plain=True))
    for module in (pipeline, fitting):
        monkeypatch.setattr(module, "placed", lambda picture, device: picture.to(device).contiguous())


def drawn(spec: Path, where: str, *changes: str) -> Result:
    return pipeline.render(load(spec, changes)[0], device=where)


@pytest.mark.usefixtures("one_thread", "plain_kernels")
@pytest.mark.parametrize(
    "changes", [(), ("pens={colours: free, nib_mm: 1.5}", "layers.1.cost={}")], ids=["pens", "free"]
)
def test_a_fit_elsewhere_mixes_no_devices_and_draws_the_same(spec: Path, changes: tuple[str, ...]) -> None:
    here = drawn(spec, "cpu", *changes)
    with device():
        there = drawn(spec, DEVICE.type, *changes)
    assert [step.loss for step in there.history] == [step.loss for step in here.history]
    assert len(here.history) == 16 + 16 + 3
    for mine, right in zip(there.drawing.passes, here.drawing.passes, strict=True):
        assert mine.pen == right.pen
        assert all(np.array_equal(line, other) for line, other in zip(mine.lines, right.lines, strict=True))


@pytest.mark.usefixtures("one_thread", "plain_kernels")
def test_a_step_waits_for_its_device_once_and_sends_nothing(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = torch.full((3, 16, 20), 0.5)
    # The reference version reads the order of the strokes, and the kernels for a GPU the room that their lists need.
    monkeypatch.setattr(
        layer_drawing, "rasterise", lambda shapes, background, **_: background + shapes.polylines.mean()
    )
    layer = load(spec)[0].artwork.layers[0].model_copy(update={"steps": 1000})
    with device() as other:
        area = Frame(0, 0, 20, 16, 1.0)
        pens = Palette(load(spec)[0].artwork.pens.pens, False, Ink.OPAQUE, (1.5, 2.0))
        ground = Ground(area, picture.to(DEVICE), torch.ones(3, 16, 20).to(DEVICE), pens)
        start = scatter(layer.kind, 14, pens, area, picture, picture, np.random.default_rng(0)).to(DEVICE)
        loss = losses.build(layer.terms, ground.target, 1.0)
        steps = fit(layer, start, ground, loss, np.random.default_rng(0))
        for _ in range(3):
            next(steps)
        waits, sent = other.waits, other.sent
        for _ in range(5):
            next(steps)
        assert (other.waits - waits, other.sent - sent) == (5, 0)


def test_mixing_is_noticed() -> None:
    with (
        device(),
        pytest.raises(AssertionError, match=r"aten.add.Tensor mixes devices: \[\(3,\)\] is on the processor"),
    ):
        torch.ones(3).to(DEVICE) + torch.ones(3)
