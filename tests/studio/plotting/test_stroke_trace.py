"""The strokes that a browser draws as they are made: those of the job, in its order, in few bytes."""

import gzip
import json

import numpy as np
from samples import BLACK, SERVO
from simulated_plot import small_card

from hardware.drawing import Drawing, PenPass
from hardware.job.gcode_job import GcodeJob, pairs
from hardware.job.prepare import from_drawing
from renderer.studio.plotting.stroke_trace import MOST_POINTS, stroke_trace

MOST_BYTES = 1_000_000


def unpacked(content: bytes) -> tuple[dict[str, object], list[np.ndarray]]:
    """The head and the strokes, mm on the bed, as plot_trace.js reads them."""
    text, _, numbers = gzip.decompress(content).partition(b"\n")
    head = json.loads(text)
    assert (len(text) + 1) % 2 == 0
    values = np.frombuffer(numbers, "<u2").astype(np.int64)
    counts, steps = values[: head["strokes"]], values[head["strokes"] :].reshape(-1, 2).cumsum(axis=0) % 65536
    points = steps * head["step_mm"] + np.array(head["area_mm"][:2])
    return head, np.split(points, counts.cumsum()[:-1])


def ends_of(job: GcodeJob, stroke: int) -> tuple[float, float]:
    """Where the pen is at the end of a stroke, by its lines."""
    own = [(line, before) for line, before in pairs(job.lines) if line.stroke == stroke and line.part >= 0]
    drawn = [line for line, _ in own if line.is_draw]
    if drawn:
        return drawn[-1].x_mm, drawn[-1].y_mm
    return next(before for line, before in own if line.is_lowering and before is not None)


def test_it_has_every_stroke_of_the_job_in_its_order() -> None:
    job = from_drawing(small_card(), SERVO, "card")
    content = stroke_trace(job, MOST_BYTES)
    assert content is not None
    head, strokes = unpacked(content)
    assert len(strokes) == job.strokes == head["strokes"]
    assert [pen["strokes"] for pen in head["pens"]] == [part.strokes for part in job.parts]  # type: ignore[attr-defined]
    assert [pen["nib_mm"] for pen in head["pens"]] == [0.5, 1.2]  # type: ignore[attr-defined]
    for number, points in enumerate(strokes):
        assert np.allclose(points[-1], ends_of(job, number), atol=0.03)
    assert sorted({len(points) == 1 for points in strokes}) == [False, True]  # waves, and dots


def test_an_arc_stays_round() -> None:
    angle = np.linspace(0, 1.9 * np.pi, 200)
    circle = np.column_stack([50 + 20 * np.cos(angle), 40 + 20 * np.sin(angle)])
    curved = SERVO.model_copy(update={"arcs": True})
    job = from_drawing(Drawing(100, 80, "#ffffff", (PenPass("one", BLACK, (circle,)),), "arc"), curved, "arc")
    assert any(line.centre_mm for line in job.lines)
    content = stroke_trace(job, MOST_BYTES)
    assert content is not None
    _, (points,) = unpacked(content)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    assert np.allclose(np.hypot(*(points - middle).T), 20, atol=0.3)
    assert len(points) > 40


def test_a_plot_of_many_strokes_is_thinned_until_it_fits() -> None:
    ways = np.random.default_rng(1).uniform(5, 70, (2000, 2))
    lines = tuple(way + np.column_stack([np.linspace(0, 20, 60), np.sin(np.linspace(0, 9, 60))]) for way in ways)
    job = from_drawing(Drawing(100, 80, "#ffffff", (PenPass("one", BLACK, lines),), "many"), SERVO, "many")
    whole = stroke_trace(job, MOST_BYTES)
    assert whole is not None
    less = stroke_trace(job, len(whole) - 1)
    assert less is not None
    assert len(less) < len(whole)
    assert len(unpacked(less)[1]) == 2000
    assert stroke_trace(job, 1000) is None


def test_one_line_through_many_points_has_no_more_than_can_be_counted() -> None:
    along = np.linspace(0, 400 * np.pi, 200_000)
    line = np.column_stack([50 + along / 35 * np.cos(along), 40 + along / 35 * np.sin(along)])
    job = from_drawing(Drawing(100, 80, "#ffffff", (PenPass("one", BLACK, (line,)),), "spiral"), SERVO, "spiral")
    content = stroke_trace(job, 2 * MOST_BYTES)
    assert content is not None
    _, (points,) = unpacked(content)
    assert len(points) <= MOST_POINTS + 2
