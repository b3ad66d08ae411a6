"""Marks: where strokes start that a classical construction places, before the gradient moves them."""

from renderer.marks.areas import areas
from renderer.marks.contours import contours
from renderer.marks.demand import MarkInput
from renderer.marks.halftone import halftone
from renderer.marks.hatching import flow, hatching
from renderer.marks.one_line import one_line, scribble
from renderer.marks.own_mark import OwnMark, own_mark
from renderer.marks.waves import spiral, waves
from renderer.spec import Areas, Contours, Flow, Halftone, Hatching, Kind, OneLine, Scribble, Spiral, Waves
from renderer.strokes import Strokes

__all__ = ["MarkInput", "OwnMark", "marks", "own_mark"]


def marks(kind: Kind, canvas: MarkInput) -> Strokes:
    """The strokes of a mark where its construction puts them. ValueError for a kind that the search places."""
    match kind:
        case Hatching():
            return hatching(kind, canvas)
        case Flow():
            return flow(kind, canvas)
        case OneLine():
            return one_line(kind, canvas)
        case Scribble():
            return scribble(kind, canvas)
        case Spiral():
            return spiral(kind, canvas)
        case Waves():
            return waves(kind, canvas)
        case Halftone():
            return halftone(kind, canvas)
        case Contours():
            return contours(kind, canvas)
        case Areas():
            return areas(kind, canvas)
    raise ValueError(f"{type(kind).__name__} is not a mark")
