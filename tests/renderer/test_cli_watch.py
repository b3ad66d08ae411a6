"""What is said while a render runs."""

import io
import itertools
import time
from typing import Any

import pytest
from rich.console import Console

from renderer.cli import show, watch
from renderer.cli.watch import Bars, Lines
from renderer.progress import Progress


def at(step: int, stage: Any = "fitting", layer: int = 0, steps: int = 300) -> Progress:
    return Progress(stage, layer, 2, ("points", "curves")[layer], step, steps, 0.5 / (step + 1), {}, 0.0, lambda: None)  # type: ignore[arg-type,return-value]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second passes each time that somebody looks at the clock."""
    monkeypatch.setattr(time, "monotonic", itertools.count(100).__next__)
    show.console.cache_clear()


@pytest.mark.usefixtures("clock")
def test_lines_say_each_stage_and_then_one_every_few_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines("scream")
    lines.starts()
    for progress in [at(0, "placing"), *(at(step) for step in range(15)), at(300), at(0, "placing", 1), at(0, layer=1)]:
        lines.report(progress)
    assert capsys.readouterr().err.splitlines() == [
        "scream: starting",
        "scream: placing points (1 of 2), loss 0.50000",
        "scream: points (1 of 2) 0/300, loss 0.50000",
        "scream: points (1 of 2) 5/300, loss 0.08333, 4:55 left",
        "scream: points (1 of 2) 10/300, loss 0.04545, 4:50 left",
        "scream: points (1 of 2) 300/300, loss 0.00166",
        "scream: placing curves (2 of 2), loss 0.50000",
        "scream: curves (2 of 2) 0/300, loss 0.50000",
    ]


@pytest.mark.usefixtures("clock")
def test_a_loss_that_is_none_is_not_said(capsys: pytest.CaptureFixture[str]) -> None:
    nan = Progress("placing", 0, 1, "points", 0, 300, float("nan"), {}, 0.0, lambda: None)  # type: ignore[arg-type,return-value]
    Lines("scream").report(nan)
    assert capsys.readouterr().err == "scream: placing points (1 of 1)\n"


@pytest.mark.usefixtures("clock")
def test_a_download_is_said_with_how_much_has_come(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines("scream")
    for done in range(10):
        lines.fetched("scream.jpg", done * 100_000, 900_000)
    lines.fetched("vgg.safetensors", 1_500_000_000, None)
    assert capsys.readouterr().err.splitlines() == [
        "scream: fetching scream.jpg, 0 bytes of 900 kB",
        "scream: fetching scream.jpg, 500 kB of 900 kB",
        "scream: fetching vgg.safetensors, 1.5 GB",
    ]


def test_bars_leave_one_line_a_fitted_layer() -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=80, color_system=None, legacy_windows=False)
    with Bars("scream", console) as bars:
        bars.starts()
        bars.fetched("scream.jpg", 1000, 2000)
        for layer in (0, 1):
            bars.report(at(0, "placing", layer))
            for step in (0, 1, 150, 300):
                bars.report(at(step, layer=layer))
        bars.report(at(0, "drawing", 1))
    last = [line.split() for line in shown.getvalue().rpartition("\x1b[2K")[2].splitlines() if "scream" in line]
    assert [" ".join(word for word in words if "━" not in word) for words in last] == [
        "scream: points (1 of 2) 300/300 loss 0.00166",
        "scream: curves (2 of 2) 300/300 loss 0.00166",
        "scream: drawing loss 0.50000",
    ]


def test_the_watch_depends_on_where_people_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for terminal, kind in ((True, Bars), (False, Lines)):
        console = Console(file=io.StringIO(), force_terminal=terminal, legacy_windows=False)
        monkeypatch.setattr(watch, "console", lambda console=console: console)
        with watch.watching("scream") as chosen:
            assert isinstance(chosen, kind)
