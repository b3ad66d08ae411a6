"""How much of the picture a drawing shows so far."""

import math

import numpy as np
import pytest
import torch

from renderer.blur import blur
from renderer.fit_log import likeness_to

SIZE = (40, 50)


def picture() -> torch.Tensor:
    y, x = torch.meshgrid(torch.linspace(0, 1, SIZE[0]), torch.linspace(0, 1, SIZE[1]), indexing="ij")
    return torch.stack([x, y, 0.5 * x * y])


def of(drawing: torch.Tensor, target: torch.Tensor | None = None, paper: float = 1.0) -> float:
    return likeness_to(picture() if target is None else target, torch.full((3,), paper), 2.0)(drawing.numpy())


def test_the_target_is_all_and_bare_paper_nothing_of_it() -> None:
    assert of(picture()) == 1
    assert of(torch.ones(3, *SIZE)) == pytest.approx(0, abs=1e-6)
    assert of(torch.zeros(3, *SIZE), paper=0.0) == pytest.approx(0, abs=1e-6)


def test_half_way_is_half() -> None:
    assert of((picture() + 1) / 2) == pytest.approx(0.5, abs=1e-6)


def test_by_hand() -> None:
    drawing = torch.from_numpy(np.random.default_rng(0).random((3, *SIZE))).float()
    rms = [
        ((blur(one, 2.0) - blur(picture(), 2.0)) ** 2).mean().sqrt().item() for one in (drawing, torch.ones(3, *SIZE))
    ]
    assert of(drawing) == pytest.approx(1 - rms[0] / rms[1], abs=1e-5)


def test_a_hatch_has_the_tone_that_it_shows_from_afar() -> None:
    grey = torch.full((3, *SIZE), 0.5)
    hatch = torch.ones(3, *SIZE)
    hatch[:, :, ::2] = 0
    assert of(hatch, grey) > 0.85


def test_worse_than_bare_paper_is_nothing() -> None:
    assert of(1 - picture(), picture() * 0.2 + 0.8) == 0


def test_a_blank_picture_has_no_tones_to_show() -> None:
    assert math.isnan(of(torch.ones(3, *SIZE), torch.ones(3, *SIZE)))
