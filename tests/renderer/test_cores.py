import numpy as np
import pytest
import torch

from renderer.cores import WORTH_WAKING, interleaved, picture, pixels, share


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("three_threads")
def test_each_thread_gets_its_share() -> None:
    asked: list[tuple[int, int, str]] = []
    share(lambda thread, threads, what: asked.append((thread, threads, what)), "bands")
    assert sorted(asked) == [(0, 3, "bands"), (1, 3, "bands"), (2, 3, "bands")]


@pytest.mark.usefixtures("three_threads")
def test_little_work_wakes_nobody() -> None:
    asked: list[tuple[int, int]] = []
    share(lambda thread, threads: asked.append((thread, threads)), work=WORTH_WAKING - 1)
    assert asked == [(0, 1)]


@pytest.mark.usefixtures("three_threads")
def test_what_goes_wrong_in_a_thread_is_told() -> None:
    def fails(thread: int, threads: int) -> None:
        if thread == 2:
            raise ValueError(f"{thread} of {threads}")

    with pytest.raises(ValueError, match="2 of 3"):
        share(fails)


def test_pixels_and_back() -> None:
    planar = torch.arange(24.0).view(3, 2, 4)
    numbers = pixels(planar)
    assert numbers.shape == (2, 4, 3) and numbers.flags.c_contiguous
    assert torch.equal(picture(numbers), planar)
    assert np.shares_memory(pixels(picture(numbers)), numbers)  # no copy where none is needed
    assert torch.equal(interleaved(planar), planar)
    assert np.shares_memory(pixels(layered := interleaved(planar)), layered.numpy())
