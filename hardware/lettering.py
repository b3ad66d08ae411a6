"""Text -> lines that a pen draws: plain letters of a single stroke width."""

import unicodedata

import numpy as np

from hardware.drawing import Line

# Corners on a grid 4 wide and 6 high, as pairs of digits x y from the top left; commas separate strokes
_GLYPHS = {
    "A": "06 20 46,14 34",
    "B": "06 00 30 41 42 33 03,33 44 45 36 06",
    "C": "41 30 10 01 05 16 36 45",
    "D": "06 00 20 42 44 26 06",
    "E": "40 00 06 46,03 33",
    "F": "40 00 06,03 33",
    "G": "41 30 10 01 05 16 36 45 43 23",
    "H": "00 06,40 46,03 43",
    "I": "00 06",
    "J": "40 45 36 16 05",
    "K": "00 06,40 03 46",
    "L": "00 06 46",
    "M": "06 00 23 40 46",
    "N": "06 00 46 40",
    "O": "10 30 41 45 36 16 05 01 10",
    "P": "06 00 30 41 42 33 03",
    "Q": "10 30 41 45 36 16 05 01 10,24 46",
    "R": "06 00 30 41 42 33 03,23 46",
    "S": "41 30 10 01 02 13 33 44 45 36 16 05",
    "T": "00 40,20 26",
    "U": "00 05 16 36 45 40",
    "V": "00 26 40",
    "W": "00 16 23 36 40",
    "X": "00 46,40 06",
    "Y": "00 23 40,23 26",
    "Z": "00 40 06 46",
    "0": "10 30 41 45 36 16 05 01 10",
    "1": "02 20 26",
    "2": "01 10 30 41 42 06 46",
    "3": "01 10 30 41 42 33 13,33 44 45 36 16 05",
    "4": "36 30 04 44",
    "5": "40 00 02 32 43 45 36 16 05",
    "6": "30 10 01 05 16 36 45 44 33 03",
    "7": "00 40 16",
    "8": "10 30 41 42 33 13 02 01 10,13 04 05 16 36 45 44 33",
    "9": "43 13 02 01 10 30 41 45 36 16",
    ".": "06",
    ",": "06 07",
    ":": "02,06",
    "-": "03 33",
    "+": "03 43,21 25",
    "/": "06 40",
    "(": "20 02 04 26",
    ")": "00 22 24 06",
    "=": "02 42,04 44",
    "#": "11 15,31 35,02 42,04 44",
    "&": "46 11 10 20 21 03 05 16 26 44",
    "'": "00 01",
    "!": "00 04,06",
    "?": "01 10 30 41 42 23 24,26",
}
# The same for small letters, with x in halves: they are 4 high, and tails reach 2 below the line on which letters stand
_SMALL = {
    "a": "62 66,63 42 22 03 05 26 46 65",
    "b": "00 06,03 22 42 63 65 46 26 05",
    "c": "63 42 22 03 05 26 46 65",
    "d": "60 66,63 42 22 03 05 26 46 65",
    "e": "04 64 63 42 22 03 05 26 46 65",
    "f": "40 30 21 26,02 42",
    "g": "62 67 48 28 07,63 42 22 03 05 26 46 65",
    "h": "00 06,03 22 42 63 66",
    "i": "02 06,00",
    "j": "22 27 08,20",
    "k": "00 06,62 04 66",
    "l": "00 05 16",
    "m": "02 06,03 22 32 43 46,43 62 72 83 86",
    "n": "02 06,03 22 42 63 66",
    "o": "22 42 63 65 46 26 05 03 22",
    "p": "02 08,03 22 42 63 65 46 26 05",
    "q": "62 68,63 42 22 03 05 26 46 65",
    "r": "02 06,03 22 42",
    "s": "63 52 12 03 14 54 65 56 16 05",
    "t": "20 25 46,02 42",
    "u": "02 05 26 46 65,62 66",
    "v": "02 36 62",
    "w": "02 26 43 66 82",
    "x": "02 66,62 06",
    "y": "02 36,62 36 18",
    "z": "02 62 06 66",
}
_WIDTHS: dict[str, float] = {"I": 0, ".": 0, ":": 0, "'": 0, "!": 0, ",": 0, "1": 2, "(": 2, ")": 2, "-": 3, " ": 2}
_WIDTHS |= dict.fromkeys(_SMALL, 3) | {"f": 2, "i": 0, "j": 1, "l": 0.5, "m": 4, "r": 2, "t": 2, "w": 4}
_GAP = 1.6


def lettered(text: str, x_mm: float, y_mm: float, height_mm: float) -> list[Line]:
    """Return the lines, each [S, 2] in mm, of a text with its top left corner at x, y.

    The height is that of a capital; tails of small letters reach a third of it further down. Unknown letters stay
    blank.
    """
    scale, pen = height_mm / 6, 0.0
    lines = []
    for letter in _plain(text):
        lines += [np.array([x_mm, y_mm]) + scale * (stroke + np.array([pen, 0.0])) for stroke in _strokes(letter)]
        pen += _WIDTHS.get(letter, 4) + _GAP
    return lines


def _strokes(letter: str) -> list[Line]:
    """Return the strokes of a letter, [S, 2] on the grid."""
    glyph, unit = (_SMALL[letter], 0.5) if letter in _SMALL else (_GLYPHS.get(letter, ""), 1.0)
    strokes = [[(unit * int(pair[0]), float(pair[1])) for pair in stroke.split()] for stroke in glyph.split(",")]
    return [np.array(corners) for corners in strokes if corners]


def length_of(text: str, height_mm: float) -> float:
    """Return the length of a text in mm."""
    return height_mm / 6 * max(sum(_WIDTHS.get(letter, 4) + _GAP for letter in _plain(text)) - _GAP, 0.0)


def can_write(letter: str) -> bool:
    """Whether a letter has lines, or is a space."""
    return letter == " " or _plain(letter).strip() != ""


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(letter if letter in _GLYPHS or letter in _SMALL else " " for letter in folded)
