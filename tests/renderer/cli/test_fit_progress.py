"""What is said while a render runs."""

import io
import itertools
import time
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from renderer.cli import fit_progress, printing
from renderer.cli.fit_progress import FitBars, FitLines
from renderer.progress import Progress, unknown


def at(step: int, stage: Any = "fitting", layer: int = 0, steps: int = 300) -> Progress:
    name, loss = ("points", "curves")[layer], 0.5 / (step + 1)
    likeness = unknown if stage == "placing" else lambda: 1 - loss
    return Progress(stage, layer, 2, name, step, steps, loss, {}, 0.0, lambda: None, likeness)  # type: ignore[arg-type,return-value]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second passes each time that somebody looks at the clock."""
    monkeypatch.setattr(time, "monotonic", itertools.count(100).__next__)
    printing.console.cache_clear()


@pytest.mark.usefixtures("clock")
def test_lines_say_each_stage_and_then_one_every_few_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    lines = FitLines("scream")
    lines.starts()
    for progress in [at(0, "placing"), *(at(step) for step in range(15)), at(300), at(0, "placing", 1), at(0, layer=1)]:
        lines.report(progress)
    assert capsys.readouterr().err.splitlines() == [
        "scream: starting",
        "scream: placing points (1 of 2)",
        "scream: points (1 of 2) 0/300, 50% of the picture's tones",
        "scream: points (1 of 2) 5/300, 92% of the picture's tones, 4:55 left",
        "scream: points (1 of 2) 10/300, 95% of the picture's tones, 4:50 left",
        "scream: points (1 of 2) 300/300, 100% of the picture's tones",
        "scream: placing curves (2 of 2)",
        "scream: curves (2 of 2) 0/300, 50% of the picture's tones",
    ]


@pytest.mark.usefixtures("clock")
def test_a_likeness_that_is_unknown_is_not_said(capsys: pytest.CaptureFixture[str]) -> None:
    nan = Progress("placing", 0, 1, "points", 0, 300, float("nan"), {}, 0.0, lambda: None)  # type: ignore[arg-type,return-value]
    FitLines("scream").report(nan)
    assert capsys.readouterr().err == "scream: placing points (1 of 1)\n"


@pytest.mark.usefixtures("clock")
def test_a_download_is_said_with_how_much_has_come(capsys: pytest.CaptureFixture[str]) -> None:
    lines = FitLines("scream")
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
    with FitBars("scream", console) as bars:
        bars.starts()
        bars.fetched("scream.jpg", 1000, 2000)
        for layer in (0, 1):
            bars.report(at(0, "placing", layer))
            for step in (0, 1, 150, 300):
                bars.report(at(step, layer=layer))
        bars.report(at(0, "drawing", 1))
    last = [line.split() for line in shown.getvalue().rpartition("\x1b[2K")[2].splitlines() if "scream" in line]
    assert [" ".join(word for word in words if "━" not in word) for words in last] == [
        "scream: points (1 of 2) 300/300 100% of the picture's tones",
        "scream: curves (2 of 2) 300/300 100% of the picture's tones",
        "scream: drawing 50% of the picture's tones",
    ]


def test_bars_measure_the_likeness_once_a_second_and_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a picture, and there are hundreds of steps a second."""
    monkeypatch.setattr(time, "monotonic", (100 + 0.02 * n for n in itertools.count()).__next__)
    measured: list[int] = []
    console = Console(file=io.StringIO(), force_terminal=True, width=80, legacy_windows=False)

    def seen(step: int) -> Progress:
        return replace(at(step), likeness=lambda: measured.append(step) or 0.5)  # type: ignore[func-returns-value]

    with FitBars("scream", console) as bars:
        for step in range(1, 301):
            bars.report(seen(step))
    assert measured[0] == 1 and measured[-1] == 300
    assert 5 <= len(measured) <= 8


def test_the_watch_depends_on_where_people_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for terminal, kind in ((True, FitBars), (False, FitLines)):
        console = Console(file=io.StringIO(), force_terminal=terminal, legacy_windows=False)
        monkeypatch.setattr(fit_progress, "console", lambda console=console: console)
        with fit_progress.watching("scream") as chosen:
            assert isinstance(chosen, kind)
