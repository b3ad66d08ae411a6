"""The kernels of the structural similarity against their plain twin."""

import pytest
import torch
from torch import Tensor

from renderer.similarity import Model


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("shape", "sigma_px"), [((3, 40, 31), 1.5), ((1, 9, 60), 2.5), ((3, 5, 4), 3.0)])
def test_the_kernels_compute_what_the_plain_version_does(
    shape: tuple[int, int, int], sigma_px: float, masked: bool
) -> None:
    mask = noise(*shape[1:], seed=2) if masked else None
    model = Model(noise(*shape), sigma_px, mask)
    pictures = [noise(*shape, seed=1).requires_grad_() for _ in range(2)]
    fast, plain = model.mean(pictures[0]), model.mean(pictures[1], plain=True)
    assert fast.item() == pytest.approx(plain.item(), abs=1e-6)
    assert model.mean(pictures[0].detach()).item() == pytest.approx(fast.item(), abs=1e-7)
    for mean in (fast, plain):
        (3 * mean).backward()
    slopes = [picture.grad for picture in pictures]
    assert slopes[0] is not None
    assert slopes[1] is not None
    assert torch.allclose(slopes[0], slopes[1], atol=2e-4 * float(slopes[1].abs().max()))


def test_equal_pictures_are_fully_similar_and_have_no_slope() -> None:
    picture = noise(3, 20, 20).requires_grad_()
    model = Model(picture.detach(), 1.5)
    assert torch.allclose(model.similarity(picture), torch.ones(3, 20, 20), atol=1e-5)
    model.mean(picture).backward()
    assert picture.grad is not None
    assert picture.grad.abs().max() < 1e-6


def test_one_thread_or_two_give_the_same_numbers() -> None:
    model, threads = Model(noise(3, 700, 300), 1.5), torch.get_num_threads()
    found = []
    for count in (1, 2):
        torch.set_num_threads(count)
        picture = noise(3, 700, 300, seed=1).requires_grad_()
        mean = model.mean(picture)
        mean.backward()
        assert picture.grad is not None
        found.append((mean.detach(), picture.grad))
    torch.set_num_threads(threads)
    assert all(torch.equal(one, two) for one, two in zip(*found, strict=True))
