"""The text of a colour or of a paint, as CSS and SVG write it -> what is drawn."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from hardware.svgfile.svg_values import share

_HEX = re.compile("#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_URL = re.compile(r"\s*url\(\s*[\"']?([^\"')]*)[\"']?\s*\)\s*(.*)", re.DOTALL)
_LINEAR_SRGB = np.array(  # CSS Color 4: XYZ with white D65 -> linear sRGB
    [
        [12831 / 3959, -329 / 214, -1974 / 3959],
        [-851781 / 878810, 1648619 / 878810, 36519 / 878810],
        [705 / 12673, -2585 / 12673, 705 / 667],
    ]
)
_D50_TO_D65 = np.array(  # CSS Color 4: the Bradford adaptation
    [
        [0.955473421488075, -0.02309845494876471, 0.06325924320057072],
        [-0.0283697093338637, 1.0099953980813041, 0.021041441191917323],
        [0.012314014864481998, -0.020507649298898964, 1.330365926242124],
    ]
)
_XYZ_SPACES = {"lab": "xyz-d50", "lch": "xyz-d50", "oklab": "xyz-d65", "oklch": "xyz-d65"}


@dataclass(frozen=True)
class Paint:
    """A colour, a reference, or a word for the colour of something else. Nothing is drawn if all are None."""

    colour: str | None = None  # #rrggbb
    alpha: float = 1.0
    reference: str | None = None  # the id of a gradient or pattern
    fallback: "Paint | None" = None  # for a reference to nothing
    word: str | None = None  # currentcolor, context-fill, context-stroke

    @property
    def is_seen(self) -> bool:
        """Whether something is drawn with it."""
        return self.reference is not None or (self.colour is not None and self.alpha > 0)


NO_PAINT = Paint()


@lru_cache(maxsize=65536)
def paint(text: str) -> Paint | None:
    """Return the paint of a `fill` or `stroke`; None if the text is not valid."""
    word = text.strip().lower()
    if word == "none":
        return NO_PAINT
    if word in ("currentcolor", "context-fill", "context-stroke"):
        return Paint(word=word)
    if found := _URL.fullmatch(text):
        return Paint(reference=found[1].removeprefix("#"), fallback=paint(found[2]) if found[2].strip() else None)
    return _colour(re.sub(r"\s*icc-color\(.*", "", word))


def _colour(word: str) -> Paint | None:
    if _HEX.fullmatch(word):
        return Paint(word if len(word) == 7 else "#" + "".join(2 * digit for digit in word[1:]))
    from tinycss2 import color4

    try:
        found = color4.parse_color(word)
    except (ValueError, TypeError, AttributeError, IndexError):  # tinycss2 on a colour without values
        return None
    rgb = None if found is None else _srgb(found)
    return None if rgb is None else Paint("#" + "".join(f"{round(255 * value):02x}" for value in rgb), found.alpha)


def _srgb(colour: Any) -> list[float] | None:
    """Return red, green and blue from 0 to 1; None for a colour space that is not known here."""
    space = colour.space
    if space in ("srgb", "hsl", "hwb"):
        return _limited(np.array(colour.to("srgb").coordinates, dtype=np.float64))
    if space in _XYZ_SPACES:
        colour = colour.to(_XYZ_SPACES[space])
    if colour.space not in ("xyz-d50", "xyz-d65", "srgb-linear"):
        return None
    values = np.array([value or 0.0 for value in colour.coordinates])
    if colour.space == "xyz-d50":
        values = _D50_TO_D65 @ values
    linear = values if space == "srgb-linear" else _LINEAR_SRGB @ values
    size = np.abs(linear)
    return _limited(np.where(size <= 0.0031308, 12.92 * linear, np.sign(linear) * (1.055 * size ** (1 / 2.4) - 0.055)))


def _limited(values: "np.ndarray[Any, np.dtype[np.float64]]") -> list[float]:
    limited: list[float] = np.clip(np.nan_to_num(values), 0.0, 1.0).tolist()
    return limited


def is_shown(opacity: str) -> bool:
    """Whether something of this opacity can be seen."""
    return share(opacity) > 0
