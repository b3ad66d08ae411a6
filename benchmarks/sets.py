"""Strokes to be ordered: random sets on A4 with a margin of 10 mm, the same for the same seed on any computer."""

import numpy as np

from hardware.drawing import Drawing, Line, Pen, PenPass

PEN = Pen(name="black", colour="#000000", nib_mm=0.3)
WIDTH_MM, HEIGHT_MM, MARGIN_MM = 210.0, 297.0, 10.0
NAMES = {
    "A": "1000 lines",
    "B": "2000 dots",
    "C": "500 curves",
    "D": "5000 mixed",
    "E": "20000 lines",
}


def drawing(name: str) -> Drawing:
    """The set of a letter, with its strokes in random order."""
    rng = np.random.default_rng("ABCDE".index(name) + 1)
    match name:
        case "A":
            strokes = lines(1000, rng)
        case "B":
            strokes = dots(2000, rng)
        case "C":
            strokes = curves(500, rng)
        case "D":
            strokes = lines(2000, rng) + dots(2000, rng) + curves(1000, rng)
        case _:
            strokes = lines(20000, rng)
    return sheet([strokes[at] for at in rng.permutation(len(strokes))])


def sheet(strokes: list[Line]) -> Drawing:
    """A drawing of these strokes, [S, 2] mm each, in one pass."""
    return Drawing(WIDTH_MM, HEIGHT_MM, "#ffffff", (PenPass("strokes", PEN, tuple(strokes)),))


def lines(count: int, rng: np.random.Generator) -> list[Line]:
    """Lines [2, 2] mm of 5 to 25 mm, in any direction."""
    found: list[Line] = []
    while len(found) < count:
        begin, length, angle = _place(rng), rng.uniform(5, 25), rng.uniform(0, 2 * np.pi)
        end = begin + length * np.array([np.cos(angle), np.sin(angle)])
        if _fits(end[None]):
            found.append(np.array([begin, end]))
    return found


def dots(count: int, rng: np.random.Generator) -> list[Line]:
    """Dots [1, 2] mm at random places."""
    return [_place(rng)[None] for _ in range(count)]


def curves(count: int, rng: np.random.Generator) -> list[Line]:
    """Curves [40, 2] mm of 12 to 47 mm, whose direction changes at random."""
    found: list[Line] = []
    while len(found) < count:
        angle = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.15, 40))
        steps = rng.uniform(0.3, 1.2) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        path = _place(rng) + np.cumsum(steps, axis=0)
        if _fits(path):
            found.append(path)
    return found


def pieces(count: int, each: int, rng: np.random.Generator) -> list[Line]:
    """Curves cut into `each` pieces [5, 2] mm, some of them reversed, all shuffled."""
    cut = []
    for path in curves(count, rng):
        whole = np.stack(
            [np.interp(np.linspace(0, 39, 4 * each + 1), np.arange(40), path[:, axis]) for axis in (0, 1)], 1
        )
        cut += [whole[4 * at : 4 * at + 5][:: rng.choice([1, -1])] for at in range(each)]
    return [cut[at] for at in rng.permutation(len(cut))]


def _place(rng: np.random.Generator) -> Line:  # [2] mm
    return rng.uniform((MARGIN_MM, MARGIN_MM), (WIDTH_MM - MARGIN_MM, HEIGHT_MM - MARGIN_MM))


def _fits(points: Line) -> bool:
    low, high = MARGIN_MM, np.array([WIDTH_MM - MARGIN_MM, HEIGHT_MM - MARGIN_MM])
    return bool(((points >= low) & (points <= high)).all())
