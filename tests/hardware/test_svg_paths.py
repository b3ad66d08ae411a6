"""Path data and transforms: what svgelements reads, where SVG 2 says otherwise, and the fast paths beside it."""

import numpy as np
import pytest
import svgelements
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.svgfile.flatten import polylines
from hardware.svgfile.path_curves import curve_points, ellipse, end_directions, rounded_rectangle
from hardware.svgfile.path_data import subpaths_of, subpaths_of_any
from hardware.svgfile.svg_values import matrix_of, times

NUMBERS = st.floats(-1e4, 1e4).map(lambda value: round(value, 3))
POINTS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=8)


@settings(deadline=None)
@given(points=POINTS, comma=st.sampled_from([",", " ", " , "]), space=st.sampled_from(["", " ", "\n"]))
def test_the_fast_path_of_plain_lines_gives_what_svgelements_gives(
    points: list[tuple[float, float]], comma: str, space: str
) -> None:
    text = "M" + "L".join(f"{space}{x!r}{comma}{y!r}{space}" for x, y in points)
    assert subpaths_of(text) == subpaths_of_any(text)
    (only,), is_whole = subpaths_of(text)
    assert is_whole and [only.start, *only.segments] == [complex(x, y) for x, y in points]


def ends(text: str) -> list[list[complex]]:
    """Return the start and the ends of the segments of each subpath; curves become their ends."""
    found, _ = subpaths_of(text)
    ends_of = [[s if isinstance(s, complex) else complex(s.end) for s in part.segments] for part in found]
    return [[part.start, *each] for part, each in zip(found, ends_of, strict=True)]


SOUND = {
    "relative lines": ("m1 1l2 0 0 2h-2v-1z", [[1 + 1j, 3 + 1j, 3 + 3j, 1 + 3j, 1 + 2j]]),
    "numbers without spaces": ("M1-2.5.5L+1e1-.5", None),
    "numbers that touch": ("M1-2.5L.5.5", [[1 - 2.5j, 0.5 + 0.5j]]),
    "points after numbers": ("M1. 2.L3.e1 4.", [[1 + 2j, 30 + 4j]]),
    "two points": ("M1..5L2 2", [[1 + 0.5j, 2 + 2j]]),
    "lines after a closed part": ("M1 1H5V5z l1 1", [[1 + 1j, 5 + 1j, 5 + 5j], [1 + 1j, 2 + 2j]]),
    "a relative move after a closed part": ("M1 1H5z m1 1h1", [[1 + 1j, 5 + 1j], [2 + 2j, 3 + 2j]]),
    "flags without spaces": ("M0 0a1 1 0 01 5 5 1 1 0 1010 0", [[0, 5 + 5j, 15 + 5j]]),
    "an arc without a radius": ("M0 0A0 5 0 0 1 9 9", [[0, 9 + 9j]]),
}


@pytest.mark.parametrize(("text", "right"), SOUND.values(), ids=SOUND)
def test_path_data_is_read_as_the_grammar_says(text: str, right: list[list[complex]] | None) -> None:
    _, is_whole = subpaths_of(text)
    assert is_whole == (right is not None)
    if right is not None:
        assert ends(text) == right


DAMAGED = {
    "a letter": ("M0 0L5 5x9 9L1 1", [[0, 5 + 5j]]),
    "half a point": ("M0 0L5 5 7", [[0, 5 + 5j]]),
    "half a curve": ("M0 0H5C1 1 2 2 3", [[0, 5]]),
    "a flag that is neither": ("M0 0H5A1 1 0 2 1 3 3", [[0, 5]]),
    "no move": ("L5 5", []),
    "a number first": ("5 5L1 1", []),
    "a command without numbers": ("M0 0L", [[0]]),
}


@pytest.mark.parametrize(("text", "right"), DAMAGED.values(), ids=DAMAGED)
def test_damaged_path_data_is_read_up_to_the_damage(text: str, right: list[list[complex]]) -> None:
    assert ends(text) == right
    assert not subpaths_of(text)[1]


@pytest.mark.parametrize("text", ["", " ", "none"])
def test_no_path_data_is_not_damaged(text: str) -> None:
    assert subpaths_of(text) == ([], True)


@pytest.mark.parametrize(
    ("smooth", "written_out"),
    [
        ("M0 0C1 1 2 2 3 0S5 5 6 0", "M0 0C1 1 2 2 3 0C4-2 5 5 6 0"),
        ("M0 0Q1 1 2 0T4 0T6 0", "M0 0Q1 1 2 0Q3-1 4 0Q5 1 6 0"),
        ("M0 0Q1 1 2 0S5 5 6 0", "M0 0Q1 1 2 0C2 0 5 5 6 0"),  # S continues no Q
        ("M0 0C1 1 2 2 3 0T6 0", "M0 0C1 1 2 2 3 0Q3 0 6 0"),
        ("M3 0s1 1 2 0t2 2", "M3 0C3 0 4 1 5 0Q5 0 7 2"),
    ],
)
def test_a_smooth_curve_continues_only_a_curve_of_its_kind(smooth: str, written_out: str) -> None:
    lines, right = (polylines(subpaths_of(text)[0], 0.01) for text in (smooth, written_out))
    np.testing.assert_allclose(lines[0], right[0], atol=1e-12)


def test_points_lie_on_their_curves_within_the_tolerance() -> None:
    (path,), _ = subpaths_of("M10 0A10 10 0 0 1-10 0")
    points = np.abs(np.array(curve_points(path.segments[0], 0.01)))
    assert len(points) > 20 and np.abs(points - 10).max() < 1e-9
    chords = np.abs(
        (np.array(curve_points(path.segments[0], 0.01))[1:] + np.array(curve_points(path.segments[0], 0.01))[:-1]) / 2
    )
    assert 10 - chords.min() <= 0.01


def test_radii_that_are_negative_or_too_small_are_corrected() -> None:
    for text in ("M0 0A-5 5 0 0 1 10 0", "M0 0A1 1 0 0 1 10 0"):
        line = polylines(subpaths_of(text)[0], 0.001)[0]
        np.testing.assert_allclose(np.hypot(line[:, 0] - 5, line[:, 1]), 5, atol=1e-9)
        assert line[:, 1].min() == pytest.approx(-5, abs=0.01)


def test_round_shapes_begin_where_svg_says() -> None:
    (round_one,) = ellipse(5 + 4j, 3, 2)
    assert round_one.start == 8 + 4j and round_one.closed and round_one.segments[0].end == 5 + 6j
    (rounded,) = rounded_rectangle(1 + 1j, 10 + 8j, 2, 3)
    assert rounded.start == 3 + 1j and rounded.closed and rounded.segments[0] == 9 + 1j
    low, high = (side(polylines([rounded], 0.01)[0], axis=0) for side in (np.min, np.max))
    assert low.tolist() == [1, 1] and high.tolist() == [11, 9]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("M0 0C0 5 5 5 5 0", 1j, -1j),
        ("M0 0C0 0 5 5 5 0", 5 + 5j, -1j),
        ("M0 0Q5 0 5 5", 1, 1j),
        ("M0 0A5 5 0 0 1 5 5", 1, 1j),
        ("M0 0A5 5 0 0 0 5 5", 1j, 1),
    ],
)
def test_directions_at_the_ends_of_curves(text: str, first: complex, last: complex) -> None:
    found = end_directions(subpaths_of(text)[0][0].segments[0])
    assert [way / abs(way) for way in found] == pytest.approx([way / abs(way) for way in (first, last)])


# Transforms

WAYS = "translate(3 4) rotate(30) scale(2 -1) skewX(10)"


def test_the_product_of_matrices_is_that_of_svgelements() -> None:
    parts = [matrix_of(part + ")") for part in WAYS.split(")")[:-1]]
    product = parts[0]
    for part in parts[1:]:
        product = times(product, part)  # type: ignore[arg-type]
    theirs = svgelements.Matrix(WAYS)
    assert product == pytest.approx((theirs.a, theirs.b, theirs.c, theirs.d, theirs.e, theirs.f))
    assert matrix_of(WAYS) == pytest.approx(product)


TRANSFORMS = {
    "rotate(90)": (0, 1, -1, 0, 0, 0),
    "rotate(0.25turn)": (0, 1, -1, 0, 0, 0),
    "rotate(100grad)": (0, 1, -1, 0, 0, 0),
    "rotate(90 10 20)": (0, 1, -1, 0, 30, 10),
    "translate(10%, 1in)": (1, 0, 0, 1, 20, 96),
    "translateY(2em)": (1, 0, 0, 1, 0, 20),
    "scale(2)": (2, 0, 0, 2, 0, 0),
    "scale(50%)": (0.5, 0, 0, 0.5, 0, 0),
    "scaleX(3)": (3, 0, 0, 1, 0, 0),
    "skewX(45)": (1, 0, 1, 1, 0, 0),
    "skew(45deg)": (1, 0, 1, 1, 0, 0),
    "skew(0, 45deg)": (1, 1, 0, 1, 0, 0),
    "matrix(1,2,3,4,5,6)": (1, 2, 3, 4, 5, 6),
    "translate(1e-7) , scale(1)": (1, 0, 0, 1, 1e-7, 0),
}


@pytest.mark.parametrize(("text", "right"), TRANSFORMS.items(), ids=TRANSFORMS)
def test_transforms_of_svg_and_css(text: str, right: tuple[float, ...]) -> None:
    assert matrix_of(text, (200, 100), em=10) == pytest.approx(right, abs=1e-12)


@pytest.mark.parametrize(
    "text", ["rotate(90", "turn(5)", "scale(1 2 3)", "matrix(1 2 3)", "scale(2) oops", "rotate(x)", ";"]
)
def test_a_transform_that_is_not_valid_is_none(text: str) -> None:
    assert matrix_of(text) is None
