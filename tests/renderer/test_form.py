"""The direction of a picture's form: stripes of a known angle, and areas without form."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from renderer import form

SIZE = (60, 70)
SLANT = 3 * math.pi / 4  # from lower left to upper right, y down


def directions(picture: Tensor, sigma_px: float) -> np.ndarray:  # [H, W] radians
    """The unit vectors as angles."""
    found = form.directions(picture, sigma_px)
    assert found.shape == (2, *picture.shape[1:])
    assert found.dtype == torch.float32
    torch.testing.assert_close((found**2).sum(0), torch.ones(picture.shape[1:]))
    return torch.atan2(found[1], found[0]).numpy()


def places() -> tuple[Tensor, Tensor]:
    y, x = torch.meshgrid(torch.arange(SIZE[0]).float(), torch.arange(SIZE[1]).float(), indexing="ij")
    return x, y


def stripes(angle: float, period_px: float = 9.0) -> Tensor:
    """Lines that run at an angle (x right, y down)."""
    x, y = places()
    across = -math.sin(angle) * x + math.cos(angle) * y
    return (0.5 + 0.4 * torch.sin(2 * math.pi * across / period_px)).expand(3, *SIZE).contiguous()


def apart(found: np.ndarray, angle: float) -> np.ndarray:
    """Angle between lines, in degrees: modulo half a turn."""
    return np.degrees(np.abs((found - angle + math.pi / 2) % math.pi - math.pi / 2))


@pytest.mark.parametrize("angle", np.radians([0, 20, 45, 90, 110, 135, 170]))
@pytest.mark.parametrize("sigma_px", [2.0, 5.0])
def test_stripes_run_as_they_were_drawn(angle: float, sigma_px: float) -> None:
    found = directions(stripes(angle), sigma_px)
    assert apart(found, angle)[8:-8, 8:-8].max() < 2


def test_a_circle_is_followed_round() -> None:
    x, y = places()
    x, y = x - 35, y - 30
    radius = (x**2 + y**2).sqrt()
    found = directions(torch.sigmoid(radius - 18).expand(3, *SIZE), 2.0)
    along = np.arctan2(x.numpy(), -y.numpy())
    ring = (radius > 14).numpy() & (radius < 22).numpy()
    assert apart(found, 0)[ring].max() > 80  # it turns
    assert np.degrees(np.abs((found - along + np.pi / 2) % np.pi - np.pi / 2))[ring].max() < 5


@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
def test_an_even_picture_has_one_slant(level: float) -> None:
    assert apart(directions(torch.full((3, *SIZE), level), 3.0), SLANT).max() < 0.1


def test_grain_that_is_hardly_there_does_not_turn_the_hatch() -> None:
    grain = torch.from_numpy(np.random.default_rng(0).normal(0, 0.002, (3, *SIZE))).float()
    assert apart(directions(0.5 + grain, 4.0), SLANT).mean() < 20


def test_even_parts_follow_the_edges_round_them() -> None:
    """A wide even band between two edges: its middle has their direction; only further away is it the slant."""
    x, y = places()
    angle = math.radians(15)
    across = -math.sin(angle) * (x - 35) + math.cos(angle) * (y - 30)
    band = (across.abs() < 8).float().expand(3, *SIZE)
    assert apart(directions(band, 2.0), angle)[30, 35] < 5


def test_colour_counts_where_grey_says_nothing() -> None:
    x, _ = places()
    red = (x > 35).float()
    picture = torch.stack([red, 1 - red, torch.full(SIZE, 0.5)])
    assert apart(directions(picture, 2.0), math.pi / 2)[:, 33:38].max() < 1


def test_a_turned_picture_has_its_form_turned() -> None:
    picture = stripes(0.3) * torch.rand(3, *SIZE, generator=torch.Generator().manual_seed(1))
    found, turned = directions(picture, 3.0), directions(picture.transpose(1, 2).contiguous(), 3.0)
    assert apart(turned.T, np.pi / 2 - found).max() < 0.5
