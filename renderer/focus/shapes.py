"""Faces and spots -> weights: soft shapes on a picture. Distances are in shorter sides of the picture."""

import math
from collections.abc import Iterable

import numpy as np

from renderer.focus.faces import Face
from renderer.focus.size import Map, places
from renderer.spec import Spot

# The parts of a face's weight: the face itself, what surrounds it (hair, a hand, a hat), and eyes, nose and mouth.
OVAL, HALO, MARKS = 0.4, 0.15, 0.45
PEAK = 1.3  # weight of a face as large as the picture; smaller ones get more, as their mouths have fewer pixels
LEAST_PEAK, MOST_PEAK = 1.5, 9.0
# Confidence at which a face begins to count, and the further confidence at which it counts in full. A small face may be
# only sketched; a large one would have been found with confidence.
UNSURE, UNSURE_IF_LARGE, TO_SURE = 0.15, 0.35, 0.3
SMALL, LARGE = 0.15, 0.4
EXACT, VAGUE = (
    0.12,
    0.18,
)  # standard deviation of eyes, nose and mouth, in sizes of the face: in an unsure one, their place is a guess
SOFT_RIM = 0.6  # of a spot's radius, on which it fades out


def face_weight(faces: Iterable[Face], aspect: float, size_px: tuple[int, int]) -> Map:
    """What faces add to the weight of each place, `[H, W]`; where several overlap, the largest counts."""
    result = np.zeros(size_px, np.float32)
    for face in faces:
        result = np.maximum(result, _one_face(face, aspect, size_px))
    return result


def _one_face(face: Face, aspect: float, size_px: tuple[int, int]) -> Map:
    width, height = face.width * max(aspect, 1), face.height * max(1 / aspect, 1)
    across, down = _from(face.x, face.y, aspect, size_px)
    squared = (across / width) ** 2 + (down / height) ** 2  # 1/4 at the rim of the box
    oval = 0.5 - 0.5 * np.tanh((np.sqrt(squared) - 0.55) / 0.18)  # from 1 to 0 without a rim
    halo = np.exp(-squared / (2 * 0.6**2))
    size = math.sqrt(width * height)
    sure = _sure(face.confidence, size)
    marks = _marks(face, size * (EXACT * sure + VAGUE * (1 - sure)), aspect, size_px) * oval
    peak = min(max(PEAK / size, LEAST_PEAK), MOST_PEAK) * sure
    weight: Map = (peak * (OVAL * oval + HALO * halo + MARKS * marks)).astype(np.float32)
    return weight


def _marks(face: Face, reach: float, aspect: float, size_px: tuple[int, int]) -> Map:
    """Eyes, nose and mouth, 1 at each. Where they are close together, as in profile, they still add up to at most 1."""
    left = np.ones(size_px, np.float32)
    *_, (right_x, right_y), (left_x, left_y) = face.points
    mouth = (right_x + left_x) / 2, (right_y + left_y) / 2  # between its corners
    for x, y in (*face.points, mouth):
        across, down = _from(x, y, aspect, size_px)
        left *= 1 - np.exp(-(across**2 + down**2) / np.float32(2 * reach**2))
    return 1 - left


def _sure(confidence: float, size: float) -> float:
    large = min(max((size - SMALL) / (LARGE - SMALL), 0.0), 1.0)
    least = UNSURE + (UNSURE_IF_LARGE - UNSURE) * large
    share = min(max((confidence - least) / TO_SURE, 0.0), 1.0)
    return share**2 * (3 - 2 * share)


def spots_weight(spots: Iterable[Spot], aspect: float, size_px: tuple[int, int]) -> Map:
    """1, and at spots their weight, `[H, W]`; where several overlap, the largest and the smallest weight both count."""
    raised, lowered = np.zeros(size_px, np.float32), np.zeros(size_px, np.float32)
    for spot in spots:
        across, down = _from(spot.x, spot.y, aspect, size_px)
        added = np.float32(spot.weight - 1) * _disc(np.sqrt(across**2 + down**2) / np.float32(spot.radius))
        raised, lowered = np.maximum(raised, added), np.minimum(lowered, added)
    return (1 + raised) * (1 + lowered)


def _disc(distance: Map) -> Map:
    """1 in the middle, one half at distance 1, and 0 a little beyond: a smoothstep over the rim."""
    share = ((1 + SOFT_RIM - distance) / (2 * SOFT_RIM)).clip(0, 1).astype(np.float32)
    return share**2 * (3 - 2 * share)


def _from(x: float, y: float, aspect: float, size_px: tuple[int, int]) -> tuple[Map, Map]:  # [1, W], [H, 1]
    """The distance of each place from a point, across and down."""
    columns, rows = places(size_px)
    width, height = np.float32(max(aspect, 1)), np.float32(max(1 / aspect, 1))
    return (columns - np.float32(x)) * width, (rows - np.float32(y)) * height
