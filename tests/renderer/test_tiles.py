"""Fitting a frame tile by tile."""

import numpy as np
import pytest
import torch
from test_optimise import FRAME, SIZE, fitted, free, ground, layer, loss_of, pens, scattered

from renderer import losses
from renderer.optimise import State, draw, fit
from renderer.optimise.tiles import window
from renderer.spec import Curves, Layer, Lines

pytestmark = pytest.mark.usefixtures("one_thread")


def test_windows_see_the_whole_page_and_nothing_beyond() -> None:
    generator = np.random.default_rng(0)
    seen = np.zeros(SIZE)
    for _ in range(400):
        rows, columns = window(FRAME, 9.0, generator)
        assert rows.stop - rows.start == columns.stop - columns.start == round(9 * FRAME.px_per_mm)
        assert rows.start >= 0 and rows.stop <= SIZE[0] and columns.start >= 0 and columns.stop <= SIZE[1]
        seen[rows, columns] += 1
    assert seen.min() > 0.2 * seen.mean()  # the very corners too
    assert seen.max() < 2.5 * seen.mean()


def test_a_window_larger_than_the_page_is_the_page() -> None:
    assert window(FRAME, 1000, np.random.default_rng(0)) == (slice(0, SIZE[0]), slice(0, SIZE[1]))


@pytest.mark.parametrize("palette", [pens(), free()], ids=["pens", "free"])
def test_through_a_window_the_same_strokes_are_seen(palette: object) -> None:
    wanted, on = layer(Curves(count=12)), ground(palette)  # type: ignore[arg-type]
    strokes = scattered(wanted, on)
    rows, columns = slice(7, 30), slice(11, 26)
    torch.testing.assert_close(
        draw(wanted, strokes, on.tile(rows, columns)), draw(wanted, strokes, on)[:, rows, columns], rtol=0, atol=1e-5
    )


def tiled(wanted: Layer) -> list[tuple[float, State]]:
    on = ground(pens())

    def loss_at(rows: slice, columns: slice) -> losses.Sum:
        return losses.build(wanted.terms, on.target[:, rows, columns], FRAME.px_per_mm)

    states = fit(wanted, scattered(wanted, on), on, loss_of(on, wanted), np.random.default_rng(2), loss_at)
    return [(state.loss, state) for state in states]


def test_windows_that_are_the_page_fit_as_without_them() -> None:
    whole = [loss for loss, _ in fitted(layer(Lines(count=30)), ground(pens()))]
    through = [loss for loss, _ in tiled(layer(Lines(count=30), tile_mm=1000))]
    assert through[:2] == pytest.approx(whole[:2], rel=1e-6)  # then strokes are moved, by other chances
    assert through[-1] == pytest.approx(whole[-1], rel=0.2)


def test_a_fit_window_by_window_makes_the_whole_page_better() -> None:
    wanted, on = layer(Lines(count=30), tile_mm=12.0, steps=120), ground(pens())
    _, last = tiled(wanted)[-1]
    assert last.step == 120  # a window's loss says nothing of rest
    loss = loss_of(on, wanted)
    with torch.no_grad():
        before = loss(draw(wanted, scattered(wanted, on), on)).item()
        assert loss(draw(wanted, last.strokes, last.ground)).item() < 0.75 * before
