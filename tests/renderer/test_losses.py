from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity
from torch import Tensor

from renderer.blur import blur, taps
from renderer.losses import Blurred, Sources, SquaredError, Sum, build
from renderer.losses.pixels import halved, strength
from renderer.spec import MSE, SSIM, BlurredMSE, Loss

pytestmark = pytest.mark.usefixtures("one_thread")


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random(shape)).float()


# --- blur -------------------------------------------------------------------------------------------------------------


def blurred_and_back(picture: Tensor, sigma_px: float, *, plain: bool) -> tuple[Tensor, Tensor]:
    leaf = picture.clone().requires_grad_()
    result = blur(leaf, sigma_px, plain=plain)
    (result * noise(*picture.shape, seed=1).to(picture)).sum().backward()
    assert leaf.grad is not None
    return result.detach(), leaf.grad


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]), st.floats(0.2, 60), st.integers(0, 1000))
def test_the_kernel_agrees_with_the_matrices_forwards_and_back(
    height: int, width: int, channels: int, sigma_px: float, seed: int
) -> None:
    picture = noise(channels, height, width, seed=seed)
    fast = blurred_and_back(picture, sigma_px, plain=False)
    plain = blurred_and_back(picture.double(), sigma_px, plain=True)
    for mine, right in zip(fast, plain, strict=True):
        torch.testing.assert_close(mine.double(), right, rtol=1e-4, atol=1e-5)


def test_a_picture_longer_than_a_block_of_the_kernel_is_blurred_whole() -> None:
    picture = noise(3, 5, 2000)
    torch.testing.assert_close(blur(picture, 2.5), blur(picture, 2.5, plain=True))


@settings(deadline=None)
@given(st.floats(0, 1, width=32), st.floats(0.2, 60))
def test_an_even_picture_stays_as_it_is(value: float, sigma_px: float) -> None:
    picture = torch.full((3, 9, 14), value)
    torch.testing.assert_close(blur(picture, sigma_px), picture, rtol=1e-4, atol=1e-6)


@given(st.floats(0.8, 20))
def test_the_weights_are_a_gaussian_that_adds_up_to_one(sigma_px: float) -> None:
    weights = taps(sigma_px).astype(np.float64)
    offsets = np.arange(len(weights)) - len(weights) // 2
    assert weights.sum() == pytest.approx(1, abs=1e-5)
    assert (weights * offsets).sum() == pytest.approx(0, abs=1e-4)
    # cut off at 3.5 sigma, the variance is within 2 % of that of the complete bell
    assert (weights * offsets**2).sum() == pytest.approx(sigma_px**2, rel=0.02)


def test_pixels_beyond_the_edge_repeat_the_edge() -> None:
    picture = noise(1, 6, 8)
    padded = torch.nn.functional.pad(picture[None], (20, 20, 20, 20), mode="replicate")[0]
    torch.testing.assert_close(blur(picture, 3.0), blur(padded, 3.0)[:, 20:-20, 20:-20])


def test_the_layout_in_memory_does_not_matter() -> None:
    picture = noise(3, 11, 7)
    turned = picture.permute(1, 2, 0).contiguous().permute(2, 0, 1)
    assert torch.equal(blur(picture, 1.3), blur(turned, 1.3))


# --- losses on structure ----------------------------------------------------------------------------------------------


def only(target: Tensor, px_per_mm: float = 1.0, **term: Any) -> Sum:
    return build((Loss.model_validate(term),), target, px_per_mm)


def test_a_pyramid_is_the_mean_over_halved_pictures() -> None:
    target, picture = noise(3, 21, 14), noise(3, 21, 14, seed=1)
    errors = []
    for _ in range(3):
        errors.append(((picture - target) ** 2).mean())
        picture, target = halved(picture), halved(target)
    found = only(noise(3, 21, 14), pyramid_mse={"levels": 3})(noise(3, 21, 14, seed=1))
    torch.testing.assert_close(found, torch.stack(errors).mean())
    assert halved(torch.ones(3, 5, 3)).shape == (3, 3, 2)
    assert (halved(torch.ones(3, 5, 3)) == 1).all()


def test_a_pyramid_ends_where_there_is_one_row_left() -> None:
    assert len(only(noise(3, 5, 9), pyramid_mse={"levels": 12}).terms["pyramid_mse"][1].levels) == 4  # type: ignore[attr-defined]


def test_bands_of_detail_do_not_see_even_tones() -> None:
    target = noise(3, 40, 40)
    loss = only(target, dog_mse={"octaves": 2})
    assert loss(target + 0.2).item() == pytest.approx(0, abs=1e-9)
    assert loss(blur(target, 1.0)).item() > 1e-4
    picture = noise(3, 40, 40, seed=1)
    fine = blur(picture, 2.0) - blur(picture, 4.0) - blur(target, 2.0) + blur(target, 4.0)
    assert only(target, 2.0, dog_mse={"octaves": 1, "sigma_mm": 1})(picture).item() == pytest.approx(
        (fine**2).mean().item(), rel=1e-4
    )


def test_structure_is_one_less_ssim() -> None:
    target, picture = noise(3, 60, 50), blur(noise(3, 60, 50), 1.0)
    right = structural_similarity(
        *(x.permute(1, 2, 0).double().numpy() for x in (target, picture)),
        channel_axis=2, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True,
    )[1][8:-8, 8:-8].mean()  # fmt: skip  # away from the edge, which the two repeat differently
    region = torch.zeros(60, 50)
    region[8:-8, 8:-8] = 1
    loss = build((Loss(ssim=SSIM(region="middle.png")),), target, 1.0, Sources(regions={"middle.png": region}))
    assert loss(picture).item() == pytest.approx(1 - right, abs=2e-3)
    assert only(target, ssim={})(target).item() == pytest.approx(0, abs=1e-5)


def test_edges_are_seen_whatever_the_tone() -> None:
    target = torch.zeros(3, 30, 30)
    target[:, :, 15:] = 1
    loss = only(target, edges={})
    assert loss(1 - target).item() == pytest.approx(0, abs=1e-9)
    assert loss(torch.full((3, 30, 30), 0.5)).item() > 0.01
    assert 0.3 < strength(target, 0.5).max() < 1.1


@pytest.mark.parametrize("term", [{"pyramid_mse": {}}, {"dog_mse": {"octaves": 1}}, {"ssim": {}}, {"edges": {}}])
def test_the_gradient_of_each_is_that_of_finite_differences(term: dict[str, Any]) -> None:
    picture = noise(3, 7, 6, seed=1).double().requires_grad_()
    assert torch.autograd.gradcheck(only(noise(3, 7, 6).double(), **term), [picture])


# --- losses -----------------------------------------------------------------------------------------------------------


def test_the_squared_error_is_a_mean_over_pixels_and_channels() -> None:
    target, picture = noise(3, 5, 4), noise(3, 5, 4, seed=1)
    assert SquaredError(target)(picture).item() == pytest.approx(((picture - target) ** 2).sum().item() / 60)
    assert SquaredError(target)(target) == 0


def test_a_blurred_error_sees_means_and_not_grain() -> None:
    chequered = (torch.arange(32)[:, None] + torch.arange(32)).remainder(2).float().expand(3, -1, -1)
    grey = torch.full((3, 32, 32), 0.5)
    [loss] = build((Loss(blurred_mse=BlurredMSE(sigma_mm=1.0)),), grey, 2.0).terms.values()
    assert isinstance(loss[1], Blurred)
    assert SquaredError(grey)(chequered) == 0.25
    assert loss[1](chequered) < 0.25 / 1000


def test_sigma_is_in_millimetres_and_the_target_is_blurred_alike() -> None:
    target, picture = noise(3, 30, 20), noise(3, 30, 20, seed=1)
    loss = build((Loss(blurred_mse=BlurredMSE(sigma_mm=0.8)),), target, 2.5)
    expected = ((blur(picture, 2.0) - blur(target, 2.0)) ** 2).mean()
    torch.testing.assert_close(loss(picture), expected)
    assert loss(target) == 0


def test_terms_are_weighted_and_summed_and_told_by_name() -> None:
    target, picture = noise(3, 12, 10), noise(3, 12, 10, seed=1)
    loss = build(
        (
            Loss(mse=MSE(weight=0.25)),
            Loss(blurred_mse=BlurredMSE(weight=3.0, sigma_mm=2.0)),
            Loss(mse=MSE(weight=10.0)),
        ),
        target,
        1.0,
    )
    each = loss.each(picture)
    assert list(each) == ["mse", "blurred_mse", "mse 3"]
    assert each["mse"] == each["mse 3"]
    expected = 10.25 * each["mse"] + 3 * each["blurred_mse"]
    torch.testing.assert_close(loss(picture), expected)
    torch.testing.assert_close(loss.total(each), expected)


def test_the_gradient_of_a_sum_is_that_of_finite_differences() -> None:
    target = noise(3, 4, 5).double()
    loss = build((Loss(mse=MSE(weight=0.5)), Loss(blurred_mse=BlurredMSE(weight=2.0, sigma_mm=1.0))), target, 1.0)
    assert torch.autograd.gradcheck(loss, [noise(3, 4, 5, seed=1).double().requires_grad_()])


def test_losses_do_not_depend_on_the_number_of_threads() -> None:
    target = noise(3, 200, 150)
    picture = noise(200, 150, 3, seed=1).permute(2, 0, 1)  # as the rasteriser lays them out
    loss = build((Loss(mse=MSE()), Loss(blurred_mse=BlurredMSE())), target, 1.5)

    def way_and_back(threads: int) -> tuple[float, bytes]:
        torch.set_num_threads(threads)
        leaf = picture.clone().requires_grad_()
        total = loss(leaf)
        total.backward()
        assert leaf.grad is not None
        return total.item(), leaf.grad.contiguous().numpy().tobytes()

    assert way_and_back(1) == way_and_back(2) == way_and_back(3)


def test_a_sum_of_one_term_is_that_term() -> None:
    loss = Sum({"only": (2.0, SquaredError(torch.zeros(3, 2, 2)))}, torch.device("cpu"))
    assert loss(torch.ones(3, 2, 2)) == 2.0
