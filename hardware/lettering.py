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
    ";": "02,06 07",
    '"': "00 01,10 11",
    "%": "06 40,10 20 21 11 10,25 35 36 26 25",
    "*": "11 33,13 31,20 24",
    "_": "07 47",
    "Æ": "06 20 40,20 26 46,23 33,14 24",
    "Œ": "20 10 01 05 16 26,40 20 26 46,23 33",
    "Ø": "10 30 41 45 36 16 05 01 10,06 40",
    "Ł": "10 16 46,04 23",
    "Đ": "16 10 30 42 44 36 16,03 23",
    "Ð": "16 10 30 42 44 36 16,03 23",
    "Þ": "00 06,01 31 42 43 34 04",
    "Ħ": "00 06,40 46,03 43,01 41",
    "°": "00 10 11 01 00",
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
    "ß": "06 01 20 40 51 52 33 64 65 56 36",
    "æ": "62 66,63 42 22 03 05 26 46 65,64 94 93 82 72 63,65 76 86 95",
    "œ": "22 42 63 65 46 26 05 03 22,64 94 93 82 72 63,65 76 86 95",
    "ø": "22 42 63 65 46 26 05 03 22,06 62",
    "ł": "10 15 26,04 23",
    "đ": "60 66,63 42 22 03 05 26 46 65,31 71",
    "ð": "10 30 63 65 46 26 05 03 22 42 63,21 50",
    "þ": "00 08,03 22 42 63 65 46 26 05",
    "ħ": "00 06,03 22 42 63 66,01 31",
    "\u0131": "02 06",
    "ȷ": "22 27 08",
}
# Diacritics by their combining character, as x y from the middle of their letter; those above stand on 0, those below
# hang from 0. In units of the grid, y down
_ABOVE: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "\u0300": (((-0.8, -1.2), (0.4, 0)),),  # grave
    "\u0301": (((0.8, -1.2), (-0.4, 0)),),  # acute
    "\u0302": (((-1, 0), (0, -1.1), (1, 0)),),  # circumflex
    "\u0303": (((-1.2, -0.2), (-0.6, -0.8), (0.6, -0.3), (1.2, -0.9)),),  # tilde
    "\u0304": (((-1, -0.5), (1, -0.5)),),  # macron
    "\u0306": (((-1, -1.1), (-0.5, -0.2), (0.5, -0.2), (1, -1.1)),),  # breve
    "\u0307": (((0, -0.4),),),  # dot
    "\u0308": (((-0.8, -0.4),), ((0.8, -0.4),)),  # diaeresis
    "\u030a": (
        ((-0.3, -1.3), (0.3, -1.3), (0.6, -0.7), (0.3, -0.1), (-0.3, -0.1), (-0.6, -0.7), (-0.3, -1.3)),
    ),  # ring
    "\u030b": (((0, -1.2), (-0.8, 0)), ((1.2, -1.2), (0.4, 0))),  # double acute
    "\u030c": (((-1, -1.1), (0, 0), (1, -1.1)),),  # caron
    "\u0312": (((0.2, -1), (-0.2, -0.2)),),  # turned comma
}
_BELOW: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "\u0323": (((0, 1),),),  # dot
    "\u0326": (((0.2, 0.6), (-0.2, 1.4)),),  # comma
    "\u0327": (((0, 0), (0, 0.6), (0.6, 1), (0.3, 1.6), (-0.5, 1.6)),),  # cedilla
    "\u0328": (((0.4, 0), (-0.1, 0.7), (0.1, 1.4), (0.8, 1.4)),),  # ogonek
}
_CLEAR = 0.7  # between a letter and what is above it
_NARROWEST = 1.6  # room for a diacritic
_STACKED = 1.5  # how much higher the second of two stands
_CEDILLA, _TURNED = "\u0327", "\u0312"  # below a g, which has a tail, it is a comma above
_TALL = set("bdfhkltßđðþħł")  # small letters as high as capitals, or nearly
_FOLDED = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "\u2013": "-",
        "—": "-",
        "\u2212": "-",
        "\u2044": "/",
        "ẞ": "SS",
    }
)
_WIDTHS: dict[str, float] = {"I": 0, ".": 0, ":": 0, "'": 0, "!": 0, ",": 0, "1": 2, "(": 2, ")": 2, "-": 3, " ": 2}
_WIDTHS |= dict.fromkeys(_SMALL, 3) | {"f": 2, "i": 0, "j": 1, "l": 0.5, "m": 4, "r": 2, "t": 2, "w": 4}
_WIDTHS |= {";": 0, '"': 1, "°": 1, "æ": 4.5, "œ": 4.5, "ł": 1, "đ": 3.5, "\u0131": 0, "ȷ": 1}
_GAP = 1.6


def lettered(text: str, x_mm: float, y_mm: float, height_mm: float) -> list[Line]:
    """Return the lines, each [S, 2] in mm, of a text with its top left corner at x, y.

    The height is that of a capital. Tails of small letters reach a third of it further down, and diacritics of capitals
    a third further up. Unknown letters stay blank.
    """
    scale, pen = height_mm / 6, 0.0
    lines = []
    for letter, marks in _letters(text):
        middle = pen + _room(letter, marks) / 2
        parts = [(stroke, middle - _width(letter) / 2) for stroke in _strokes(letter)]
        parts += [(stroke, middle) for stroke in _diacritics(letter, marks)]
        lines += [np.array([x_mm, y_mm]) + scale * (stroke + np.array([at, 0.0])) for stroke, at in parts]
        pen += _room(letter, marks) + _GAP
    return lines


def _strokes(letter: str) -> list[Line]:
    """Return the strokes of a letter, [S, 2] on the grid."""
    glyph, unit = (_SMALL[letter], 0.5) if letter in _SMALL else (_GLYPHS.get(letter, ""), 1.0)
    strokes = [[(unit * int(pair[0]), float(pair[1])) for pair in stroke.split()] for stroke in glyph.split(",")]
    return [np.array(corners) for corners in strokes if corners]


def _diacritics(letter: str, marks: str) -> list[Line]:
    """Return the strokes above and below a letter, [S, 2] on the grid from its middle."""
    top, standing = 2.0 if letter in _SMALL and letter not in _TALL else 0.0, 0
    strokes: list[Line] = []
    for mark in marks:
        if mark in _BELOW:
            places, y = _BELOW[mark], 6.0
        else:
            places, y = _ABOVE.get(mark, ()), top - _CLEAR - _STACKED * standing
            standing += 1
        strokes += [np.array(place, float) + np.array([0.0, y]) for place in places]
    return strokes


def _width(letter: str) -> float:
    return _WIDTHS.get(letter, 4)


def _room(letter: str, marks: str) -> float:
    """Return the width of a letter; a narrow one has room for what is above it."""
    return max(_width(letter), _NARROWEST if any(mark in _ABOVE for mark in marks) else 0.0)


def length_of(text: str, height_mm: float) -> float:
    """Return the length of a text in mm."""
    return height_mm / 6 * max(sum(_room(*one) + _GAP for one in _letters(text)) - _GAP, 0.0)


def can_write(letter: str) -> bool:
    """Whether a letter has lines, with all its diacritics, or is a space."""
    known = _ABOVE.keys() | _BELOW.keys()
    bases = [(base, set(marks)) for base, marks in _letters(letter)]
    return letter == " " or (bool(bases) and all(base != " " and marks <= known for base, marks in bases))


def _letters(text: str) -> list[tuple[str, str]]:
    """Return each letter, a space where it is unknown, with its combining characters."""
    found: list[tuple[str, str]] = []
    for character in unicodedata.normalize("NFKD", text.translate(_FOLDED)):
        if unicodedata.combining(character) and found:
            letter, marks = found[-1]
            mark = _TURNED if (letter, character) == ("g", _CEDILLA) else character
            dotless = {"i": "\u0131", "j": "ȷ"}.get(letter, letter) if mark in _ABOVE else letter
            found[-1] = dotless, marks + mark
        else:
            found.append((character if character in _GLYPHS or character in _SMALL else " ", ""))
    return found
