"""Curves as straight moves and as arcs: commands, bytes of G-code and deviation, for 500 curves.

    python -m benchmarks.arcs

The curves are cubic Beziers of about 10 to 60 mm, 400 points each, from a seed. The deviation is measured on the
G-code's own numbers, including rounding, both ways: from the curve's points to the drawn path, and back.
"""

import re
import time

import numpy as np

from benchmarks import sets
from hardware.arcs import arc_points
from hardware.drawing import Line
from hardware.gcode import gcode
from hardware.machine import Machine
from hardware.pen_lift import ServoLift
from hardware.program import program

COUNT, POINTS = 500, 400
TOLERANCES_MM = (0.01, 0.02, 0.05, 0.1)
MACHINE = Machine(
    name="any", width_mm=210, height_mm=297, pen_lift=ServoLift(kind="servo", up=600, down=300, settle_s=0.15)
)


def beziers() -> list[Line]:
    """`COUNT` random curves inside the sheet, `[POINTS, 2]` mm each."""
    rng = np.random.default_rng(7)
    t = np.linspace(0, 1, POINTS)[:, None]
    found: list[Line] = []
    while len(found) < COUNT:
        p = rng.uniform((10, 10), (200, 287)) + np.cumsum(rng.normal(0, 12, (4, 2)), axis=0)
        curve = (1 - t) ** 3 * p[0] + 3 * t * (1 - t) ** 2 * p[1] + 3 * t**2 * (1 - t) * p[2] + t**3 * p[3]
        if ((curve > 0) & (curve < (210, 297))).all():
            found.append(curve)
    return found


def strays_mm(curves: list[Line], text: str) -> float:
    """The largest distance between a curve and the path of its G-code, either way, mm."""
    drawn = [np.array(points) * (1, -1) + (0, 297) for points in _drawn(text)]
    return max(max(_off(a, b), _off(b, a)) for a, b in zip(curves, drawn, strict=True))


def _drawn(text: str) -> list[list[tuple[float, float]]]:
    lines: list[list[tuple[float, float]]] = []
    at = (0.0, 0.0)
    for row in text.splitlines():
        words = {word[0]: float(word[1:]) for word in re.findall(r"[A-Z]-?[\d.]+", row)}
        if "X" not in words or "(" in row:
            continue
        end = (words["X"], words["Y"])
        if words["G"] == 0:
            lines.append([end])
        elif words["G"] == 1:
            lines[-1].append(end)
        else:
            centre = (at[0] + words["I"], at[1] + words["J"])
            lines[-1] += [(x, y) for x, y in arc_points(at, end, centre, words["G"] == 2, 1e-4)[1:].tolist()]
        at = end
    return [line for line in lines if len(line) > 1]


def _off(points: Line, path: Line) -> float:
    begin, step = path[:-1], np.diff(path, axis=0)
    squared = np.maximum((step**2).sum(axis=1), 1e-300)
    worst = 0.0
    for part in np.array_split(points, max(1, len(points) // 200)):
        along = np.clip(((part[:, None] - begin) * step).sum(axis=2) / squared, 0, 1)
        worst = max(worst, float(np.hypot(*(part[:, None] - begin - along[..., None] * step).T).min(axis=0).max()))
    return worst


def main() -> None:
    """Print a row for each tolerance, with and without arcs."""
    curves = beziers()
    drawing = sets.sheet(curves)
    print(f"{'tolerance':>9} {'moves':<6} {'commands':>9} {'a curve':>8} {'bytes':>9} {'strays':>9} {'CPU s':>6}")
    for tolerance_mm in TOLERANCES_MM:
        for arcs in (False, True):
            machine = MACHINE.model_copy(update={"tolerance_mm": tolerance_mm, "arcs": arcs})
            begun = time.process_time()
            text = gcode(program(drawing, machine), machine)
            cpu_s = time.process_time() - begun
            commands = len(re.findall(r"^G[123] ", text, re.MULTILINE))
            row = f"{tolerance_mm:>6} mm {'arcs' if arcs else 'lines':<6} {commands:>9} {commands / COUNT:>8.1f}"
            print(f"{row} {len(text):>9} {strays_mm(curves, text):>6.4f} mm {cpu_s:>6.2f}", flush=True)


if __name__ == "__main__":
    main()
