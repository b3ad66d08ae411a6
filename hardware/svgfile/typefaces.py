"""The typeface of a text -> the outlines of its letters, by fontTools; fontconfig finds the file."""

import io
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from hardware.svgfile.cascade import Style
from hardware.svgfile.path_data import subpaths_of_any
from hardware.svgfile.subpath import Subpath
from hardware.svgfile.xml import SvgError

_BOLD = {"bold": 700, "bolder": 700, "normal": 400, "lighter": 300}
_FROM_BOLD = 600  # weights from here on are drawn in bold
_NEEDS = "--text outline needs {}; --text line draws single-line letters"


@dataclass
class Typeface:
    """A typeface: widths in em, and outlines in units of which there are `units` an em, y up."""

    family: str
    units: float
    _font: Any
    _glyphs: Any
    _names: dict[int, str]
    _made: dict[str, list[Subpath]] = field(default_factory=dict)

    def has(self, letter: str) -> bool:
        """Whether it has a letter."""
        return ord(letter) in self._names

    def advance(self, letter: str) -> float:
        """Return the width of a letter, in em."""
        name = self._names.get(ord(letter))
        return 0.0 if name is None else float(self._glyphs[name].width) / self.units

    def outline(self, letter: str) -> list[Subpath]:
        """Return the outline of a letter."""
        if letter not in self._made:
            from fontTools.pens.svgPathPen import SVGPathPen

            pen = SVGPathPen(self._glyphs)
            self._glyphs[self._names[ord(letter)]].draw(pen)
            self._made[letter] = subpaths_of_any(pen.getCommands())[0]
        return self._made[letter]


def typeface_of(style: Style) -> Typeface:
    """Return the installed typeface that is closest to that of a style. Raises SvgError if none can be found."""
    weight = style["font-weight"].strip().lower()
    value = _BOLD.get(weight, int(weight) if weight.isdecimal() else 400)
    slanted = style["font-style"].strip().lower().startswith(("italic", "oblique"))
    return _found(family_of(style), value >= _FROM_BOLD, slanted)


def family_of(style: Style) -> str:
    """Return the first family that a style names."""
    return style["font-family"].split(",")[0].strip(" \"'\t\r\n") or "sans-serif"


@lru_cache(maxsize=64)
def _found(family: str, bold: bool, slanted: bool) -> Typeface:
    tool = shutil.which("fc-match")
    if tool is None:
        raise SvgError(_NEEDS.format("fontconfig's fc-match, which finds typefaces"))
    plain = "".join(f"\\{one}" if one in "\\-:,=" else one for one in family if one.isprintable())
    pattern = f"{plain}:weight={200 if bold else 80}:slant={100 if slanted else 0}"
    said = subprocess.run(
        [tool, "-f", "%{file}\n%{index}\n%{family[0]}", "--", pattern], capture_output=True, text=True, check=False
    )
    file, index, name = [*said.stdout.split("\n"), "", "", ""][:3]
    if said.returncode or not file:
        raise SvgError(_NEEDS.format("an installed typeface, and fc-match finds none"))
    return _opened(file, int(index) if index.isdecimal() else 0, name)


def _opened(file: str, index: int, family: str) -> Typeface:
    try:
        from fontTools.ttLib import TTFont, TTLibError
    except ModuleNotFoundError:
        raise SvgError(_NEEDS.format("fontTools: pip install 'artwork-renderer[text]'")) from None
    try:
        font = TTFont(io.BytesIO(Path(file).read_bytes()), fontNumber=index & 0xFFFF)
        return Typeface(family, font["head"].unitsPerEm, font, font.getGlyphSet(), font.getBestCmap() or {})
    except (TTLibError, OSError, KeyError) as fault:
        raise SvgError(f"the typeface {file} cannot be read: {fault}; choose another, or --text line") from None
