"""Small drawings and machines that the tests share."""

import numpy as np
from hypothesis import strategies as st

from hardware.drawing import Drawing, Ink, Line, Pen, PenPass
from hardware.machine import Machine
from hardware.pen_lift import RelayLift, ServoLift, ZLift

BLACK = Pen(name="black", colour="#101418", nib_mm=0.5)
RED = Pen(name="Größe (rouge)!", colour="#d02030", nib_mm=1.2, ink=Ink.TRANSPARENT, feed_mm_min=900, dwell_s=0.3)
SERVO = Machine(
    name="gantry",
    width_mm=120,
    height_mm=100,
    origin_mm=(10, 5),
    travel_mm_min=6000,
    feed_mm_min=1800,
    pen_lift=ServoLift(kind="servo", up=600, down=300, settle_s=0.15),
)
ROUTER = SERVO.model_copy(
    update={
        "name": "router",
        "park_mm": (1.0, 2.0),
        "pen_lift": ZLift(kind="z", up_mm=3, down_mm=-0.5, feed_mm_min=480),
    }
)
RELAY = SERVO.model_copy(update={"name": "drawbot", "pen_lift": RelayLift(kind="relay", settle_s=0.1)})
RAMPED = SERVO.model_copy(
    update={"name": "ramped", "pen_lift": SERVO.pen_lift.model_copy(update={"settle_s": 0.15, "ramp_s": 0.2})}
)


def line(*points: tuple[float, float]) -> Line:
    return np.array(points, dtype=np.float64)


def sheet(*passes: PenPass, width_mm: float = 60, height_mm: float = 40, title: str = "") -> Drawing:
    return Drawing(width_mm, height_mm, "#fdfbf5", passes, title)


def curve(turns: float = 0.5, points: int = 25) -> Line:
    angle = np.linspace(0, turns * 2 * np.pi, points)
    return np.column_stack([30 + 12 * np.cos(angle), 20 + 9 * np.sin(angle)])


def two_pens() -> Drawing:
    """Dots, lines and a curve for two pens, small enough to read its golden files."""
    lines = (line((5, 5)), line((50, 30), (10, 35.5), (12.34567, 8)), line((60, 40)), line((0, 0), (60, 0)))
    return sheet(
        PenPass("lines & dots", BLACK, lines),
        PenPass("curves", RED, (curve(), line((3, 3)), line((12, 10), (20, 10.0004)))),
        title='A "small" <test> & more',
    )


def polylines(most: int = 8, width_mm: float = 60, height_mm: float = 40) -> st.SearchStrategy[Line]:
    """Dots and lines on the sheet, on a coarse grid, so that ends meet and points coincide now and then."""
    point = st.tuples(st.integers(0, int(width_mm * 2)), st.integers(0, int(height_mm * 2)))
    return st.lists(point, min_size=1, max_size=most).map(lambda points: np.array(points, dtype=np.float64) / 2)


def passes(pen: Pen = BLACK, most: int = 30) -> st.SearchStrategy[PenPass]:
    return st.lists(polylines(), max_size=most).map(lambda lines: PenPass("any", pen, tuple(lines)))


def segments(drawing: Drawing) -> list[list[tuple[tuple[float, ...], ...]]]:
    """Of each pass, all segments and dots without order and direction: what is seen of it."""
    return [
        sorted(
            tuple(sorted(map(tuple, piece.tolist())))
            for each in pen_pass.lines
            for piece in ([each] if len(each) == 1 else [each[at : at + 2] for at in range(len(each) - 1)])
        )
        for pen_pass in drawing.passes
    ]
