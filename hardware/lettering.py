"""Text -> lines that a pen draws: plain capitals of a single stroke width."""

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
_WIDTHS = {"I": 0, ".": 0, ":": 0, "'": 0, "!": 0, ",": 0, "1": 2, "(": 2, ")": 2, "-": 3, " ": 2}
_GAP = 1.6


def lettered(text: str, x_mm: float, y_mm: float, height_mm: float) -> list[Line]:
    """Return the lines, each [S, 2] in mm, of a text with its top left corner at x, y. Unknown letters stay blank."""
    scale, pen = height_mm / 6, 0.0
    lines = []
    for letter in _plain(text):
        for stroke in _GLYPHS.get(letter, "").split(","):
            corners = [(float(pair[0]), float(pair[1])) for pair in stroke.split()]
            if corners:
                lines.append(np.array([x_mm, y_mm]) + scale * (np.array(corners) + np.array([pen, 0.0])))
        pen += _WIDTHS.get(letter, 4) + _GAP
    return lines


def length_of(text: str, height_mm: float) -> float:
    """Return the length of a text in mm."""
    return height_mm / 6 * max(sum(_WIDTHS.get(letter, 4) + _GAP for letter in _plain(text)) - _GAP, 0.0)


def can_write(letter: str) -> bool:
    """Whether a letter has lines, or is a space."""
    return letter == " " or _plain(letter).strip() != ""


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().upper()
    return "".join(letter if letter in _GLYPHS else " " for letter in folded)
