"""The mean squared difference: the kernel and plain torch, value and gradient, and what they do not change."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from renderer.cores import interleaved
from renderer.difference import mean_square


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random(shape)).float()


def value_and_slope(
    picture: Tensor, target: Tensor, *, plain: bool, weight: float, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    leaf = picture.clone().requires_grad_()
    value = mean_square(leaf, target, mask, plain=plain)
    (weight * value).backward()
    assert leaf.grad is not None
    return value.detach(), leaf.grad


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.floats(0.1, 10), st.booleans(), st.integers(0, 1000))
def test_the_kernel_agrees_with_plain_torch(height: int, width: int, weight: float, mixed: bool, seed: int) -> None:
    picture, target = noise(3, height, width, seed=seed), noise(3, height, width, seed=seed + 1)
    fast = value_and_slope(interleaved(picture) if mixed else picture, target, plain=False, weight=weight)
    plain = value_and_slope(picture.double(), target.double(), plain=True, weight=weight)
    for mine, right in zip(fast, plain, strict=True):
        torch.testing.assert_close(mine.double(), right, rtol=1e-5, atol=1e-8)


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.floats(0.1, 10), st.booleans(), st.integers(0, 1000))
def test_with_a_mask_the_kernel_agrees_too(height: int, width: int, weight: float, mixed: bool, seed: int) -> None:
    picture, target = noise(3, height, width, seed=seed), noise(3, height, width, seed=seed + 1)
    mask = 3 * noise(height, width, seed=seed + 2)
    mine = interleaved(picture) if mixed else picture
    fast = value_and_slope(mine, target, plain=False, weight=weight, mask=mask)
    plain = value_and_slope(picture.double(), target.double(), plain=True, weight=weight, mask=mask.double())
    for found, right in zip(fast, plain, strict=True):
        torch.testing.assert_close(found.double(), right, rtol=1e-5, atol=1e-8)


def test_a_mask_of_ones_is_none_and_where_it_is_zero_nothing_counts() -> None:
    picture, target, ones = noise(3, 9, 7), noise(3, 9, 7, seed=1), torch.ones(9, 7)
    for mask in (None, ones):
        assert mean_square(picture, target, mask).item() == pytest.approx(((picture - target) ** 2).mean().item())
    half = ones.clone()
    half[:, 3:] = 0
    value, slope = value_and_slope(picture, target, plain=False, weight=1.0, mask=half)
    assert value.item() == pytest.approx(((picture - target) ** 2)[:, :, :3].sum().item() / picture.numel())
    assert (slope[:, :, 3:] == 0).all()
    assert (slope[:, :, :3] != 0).all()


def test_by_hand() -> None:
    picture = torch.tensor([0.5, 0.0, 1.0]).view(3, 1, 1)
    assert mean_square(picture, torch.zeros(3, 1, 1)).item() == pytest.approx((0.25 + 1) / 3)
    assert mean_square(picture, torch.zeros(3, 1, 1), torch.full((1, 1), 4.0)).item() == pytest.approx(5 / 3)


def test_without_a_gradient_asked_for_none_is_kept() -> None:
    picture, target = noise(3, 5, 4), noise(3, 5, 4, seed=1)
    value = mean_square(picture, target)
    assert not value.requires_grad
    torch.testing.assert_close(value, mean_square(picture, target, plain=True))


def test_threads_change_no_digit() -> None:
    picture, target = interleaved(noise(3, 700, 600)), interleaved(noise(3, 700, 600, seed=1))
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(value_and_slope(picture, target, plain=False, weight=1.0))
    finally:
        torch.set_num_threads(before)
    for value, slope in found[1:]:
        assert torch.equal(value, found[0][0]) and torch.equal(slope, found[0][1])
