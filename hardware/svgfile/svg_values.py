"""Numbers, lengths, transforms and view boxes: the text of SVG and CSS -> values in user units."""

import math
import re

import numpy as np

from hardware.drawing import Line

MM_PER_PX = 25.4 / 96  # CSS: 96 px an inch
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_PX = {
    "": 1.0,
    "px": 1.0,
    "mm": 96 / 25.4,
    "cm": 96 / 2.54,
    "q": 96 / 101.6,
    "in": 96.0,
    "pt": 96 / 72,
    "pc": 16.0,
    "rem": 16.0,
}
_EM = {"em": 1.0, "ex": 0.5, "ch": 0.5}  # shares of the font's size
_TURN = {"": 1.0, "deg": 1.0, "grad": 0.9, "rad": 180 / math.pi, "turn": 360.0}  # degrees
_LENGTH = re.compile(rf"\s*({NUMBER})\s*(%|[a-zA-Z]*)\s*")
_FUNCTION = re.compile(r"[\s,]*([a-zA-Z]+)\s*\(([^()]*)\)")

Matrix = tuple[float, float, float, float, float, float]  # x' = a x + c y + e, y' = b x + d y + f
Size = tuple[float, float]
ViewBox = tuple[float, float, float, float]  # left, top, width, height
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def numbers(text: str) -> list[float]:
    """Return all numbers in a text."""
    return [float(number) for number in re.findall(NUMBER, text)]


def length(text: str, full: float = math.nan, em: float = 16.0) -> float | None:
    """Return a length in user units; None if it is not one. `full` is what 100 % means, `em` the size of the font."""
    given = _LENGTH.fullmatch(text)
    if given is None:
        return None
    value, unit = float(given[1]), given[2].lower()
    factor = full / 100 if unit == "%" else _EM[unit] * em if unit in _EM else _PX.get(unit, math.nan)
    return value * factor if math.isfinite(value * factor) else None


def is_length(text: str) -> bool:
    """Whether a text is a length, a percentage or a plain number."""
    return length(text, full=1.0) is not None


def share(text: str, default: float = 1.0) -> float:
    """Return an opacity such as `0.5` or `50%`, from 0 to 1; the default if it is not one."""
    value = length(text, full=1.0)
    return default if value is None else min(max(value, 0.0), 1.0)


# --- transforms -------------------------------------------------------------------------------------------------------


def times(m: Matrix, n: Matrix) -> Matrix:
    """Return the matrix that applies n and then m: the product of svgelements, whose matrices cannot be keys."""
    return (
        m[0] * n[0] + m[2] * n[1],
        m[1] * n[0] + m[3] * n[1],
        m[0] * n[2] + m[2] * n[3],
        m[1] * n[2] + m[3] * n[3],
        m[0] * n[4] + m[2] * n[5] + m[4],
        m[1] * n[4] + m[3] * n[5] + m[5],
    )


def translation(x: float, y: float) -> Matrix:
    """Return the matrix that moves by x and y."""
    return (1.0, 0.0, 0.0, 1.0, x, y)


def scaling(x: float, y: float) -> Matrix:
    """Return the matrix that scales by x and y."""
    return (x, 0.0, 0.0, y, 0.0, 0.0)


def rotation(degrees: float) -> Matrix:
    """Return the matrix that turns clockwise, as y points down."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return (cos, sin, -sin, cos, 0.0, 0.0)


def about(m: Matrix, x: float, y: float) -> Matrix:
    """Return the matrix that applies m with x, y as its origin."""
    return times(times(translation(x, y), m), translation(-x, -y))


def stretch(m: Matrix) -> float:
    """Return by how much a matrix scales lengths: the root of how much it scales areas."""
    return float(abs(m[0] * m[3] - m[1] * m[2]) ** 0.5)


def largest_stretch(m: Matrix) -> float:
    """Return by how much a matrix scales the direction that it scales most."""
    half, turn = math.hypot(m[0] + m[3], m[1] - m[2]), math.hypot(m[0] - m[3], m[1] + m[2])
    return (half + turn) / 2


def on_sheet(points: Line, m: Matrix) -> Line:
    """Return points, [S, 2] in an element's own units, as [S, 2] on the sheet."""
    placed: Line = points @ np.array([[m[0], m[1]], [m[2], m[3]]]) + np.array([m[4], m[5]])
    return placed


def matrix_of(text: str, full: Size = (math.nan, math.nan), em: float = 16.0) -> Matrix | None:
    """Return the matrix of a `transform`, as an attribute or as CSS writes it; None if it is not valid.

    `full` is what 100 % means along x and y. svgelements computes the matrix; it skips what it cannot read, so lengths
    and angles become plain numbers here first.
    """
    plain, end = [], 0
    if text.strip().lower() in ("", "none"):
        return IDENTITY
    while found := _FUNCTION.match(text, end):
        one = _plain_function(found[1].lower(), re.split(r"[\s,]+", found[2].strip()), full, em)
        if one is None:
            return None
        plain.append(one)
        end = found.end()
    if not plain or text[end:].strip(" \t\r\n,;"):
        return None
    from svgelements import Matrix as Product

    m = Product(" ".join(plain))
    return (m.a, m.b, m.c, m.d, float(m.e), float(m.f))


def _plain_function(name: str, given: list[str], full: Size, em: float) -> str | None:
    """Return a function of a transform with its lengths in user units and its angles in degrees; None if not valid."""
    if name not in _FUNCTIONS or len(given) not in _FUNCTIONS[name]:
        return None
    whole = (1.0, 1.0) if name.startswith("scale") else full
    angles = len(given) if name.startswith("skew") else 1 if name == "rotate" else 0
    values = [_degrees(text) if at < angles else length(text, whole[min(at, 1)], em) for at, text in enumerate(given)]
    known = [repr(value) for value in values if value is not None]
    if len(known) != len(given):
        return None
    known += ["0.0"] * (name == "skew" and len(given) == 1)
    return f"{name}({' '.join(known)})"


def _degrees(text: str) -> float | None:
    given = _LENGTH.fullmatch(text)
    factor = None if given is None else _TURN.get(given[2].lower())
    degrees = math.nan if given is None or factor is None else float(given[1]) * factor
    return degrees if math.isfinite(degrees) else None


_FUNCTIONS = {  # how many arguments each takes
    "matrix": (6,),
    "translate": (1, 2),
    "translatex": (1,),
    "translatey": (1,),
    "scale": (1, 2),
    "scalex": (1,),
    "scaley": (1,),
    "rotate": (1, 3),
    "skewx": (1,),
    "skewy": (1,),
    "skew": (1, 2),
}


# --- viewports --------------------------------------------------------------------------------------------------------


def view_box(text: str | None) -> ViewBox | None:
    """Return a `viewBox`; None if there is none or it is not valid."""
    given = numbers(text or "")
    if len(given) != 4 or not all(map(math.isfinite, given)) or given[2] <= 0 or given[3] <= 0:
        return None
    return given[0], given[1], given[2], given[3]


def view_matrix(box: ViewBox, aspect: str, size: Size) -> Matrix:
    """Return the matrix that lays a view box into a viewport of this size, by `preserveAspectRatio`."""
    scale_x, scale_y = size[0] / box[2], size[1] / box[3]
    words = aspect.split()
    align = next((word for word in words if word.startswith("x")), "xMidYMid")
    if "none" not in words:
        scale_x = scale_y = max(scale_x, scale_y) if "slice" in words else min(scale_x, scale_y)
    free_x, free_y = size[0] - box[2] * scale_x, size[1] - box[3] * scale_y
    share_x = 0.0 if "xMin" in align else 1.0 if "xMax" in align else 0.5
    share_y = 0.0 if "YMin" in align else 1.0 if "YMax" in align else 0.5
    return (
        scale_x,
        0.0,
        0.0,
        scale_y,
        free_x * share_x - box[0] * scale_x,
        free_y * share_y - box[1] * scale_y,
    )


def diagonal(size: Size) -> float:
    """Return what 100 % means for lengths that are neither along x nor along y."""
    return math.hypot(*size) / math.sqrt(2)
