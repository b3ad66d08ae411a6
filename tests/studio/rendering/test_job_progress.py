"""What a running render reports: its progress, its loss curve, its picture."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from renderer.progress import Progress
from renderer.studio.queue import previews
from renderer.studio.rendering.job_progress import JobProgress


def record(step: int, steps: int = 1000, layer: int = 0, stage: str = "fitting", loss: float = 1.0) -> Progress:
    picture = np.full((3, 300, 600), 0.5, np.float32)
    return Progress(stage, layer, 2, f"layer {layer}", step, steps, loss, {}, 1.0, lambda: picture)  # type: ignore[arg-type]


def test_a_word_says_how_far_it_is() -> None:
    teller = JobProgress(2, refines=False)
    word = teller.row(record(500, layer=1))
    assert word == {
        "text": "fitting layer 1 500/1000", "share": 0.75, "loss": 1.0, "seconds": 1.0, "layer": 2, "layers": 2,
        "curve": [],
    }  # fmt: skip


def test_the_share_never_falls_from_the_first_layer_to_the_last_step_of_all() -> None:
    teller = JobProgress(2, refines=True)
    way = [record(0, layer=0, stage="placing"), *(record(n, 10, layer=0) for n in range(11))]
    way += [record(3, layer=1, stage="placing"), *(record(n, 10, layer=1) for n in range(11))]
    way += [record(n, 10, layer=1, stage="settling") for n in range(11)] + [record(0, stage="drawing")]
    shares = [teller.share(each) for each in way]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_the_curve_has_at_most_120_points_evenly_and_ends_where_the_loss_is() -> None:
    teller = JobProgress(2, refines=False)
    for layer in (0, 1):
        for step in range(1001):
            teller.follow(record(step, layer=layer, loss=1 / (1 + step)))
    curve = teller.row(record(1000, layer=1))["curve"]
    assert 100 <= len(curve) <= 120
    shares = np.array([share for share, _ in curve])
    assert np.diff(shares).max() < 0.02
    assert curve[-1] == (1.0, float(f"{1 / 1001:.6g}"))


def test_a_stage_without_a_loss_leaves_no_point() -> None:
    teller = JobProgress(2, refines=False)
    teller.follow(record(1, loss=float("nan")))
    teller.follow(record(1, stage="placing"))
    word = teller.row(record(1, loss=float("nan")))
    assert (word["curve"], word["loss"]) == ([], None)


def test_pictures_are_small_and_come_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [10.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    teller = JobProgress(2, refines=False)
    assert teller.picture(record(0)) is None, "nothing is to be seen yet"
    first = teller.picture(record(1))
    assert first is not None
    with Image.open(io.BytesIO(first)) as image:
        assert (image.format, image.size) == ("WEBP", (480, 240))
    now[0] += 1.9
    assert teller.picture(record(2)) is None
    now[0] += 0.2
    assert teller.picture(record(3)) is not None


def test_a_picture_that_takes_long_comes_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [10.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    teller = JobProgress(2, refines=False)

    def slow() -> np.ndarray:
        now[0] += 0.6
        return np.ones((3, 20, 20), np.float32)

    assert teller.picture(replace(record(1), picture=slow)) is not None
    now[0] += 19.0
    assert teller.picture(record(2)) is None, "three hundredths of the time, at most"
    now[0] += 1.5
    assert teller.picture(record(3)) is not None


def test_a_picture_that_cannot_be_made_small_is_made_coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(1).random((3, 1200, 1200), np.float32)
    assert len(previews.webp_of(noise, 1000)) <= previews.MOST_BYTES
    monkeypatch.setattr(previews, "MOST_BYTES", 300_000)
    assert len(previews.webp_of(noise, 1000)) <= 300_000
