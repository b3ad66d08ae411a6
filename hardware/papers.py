"""Paper sizes by name: ISO 216 and JIS, North American sheets, architects' sheets, and common pads."""

import re

_INCH = 25.4
_A0, _B0, _JIS_B0 = (841, 1189), (1000, 1414), (1030, 1456)


def _halved(letter: str, size: tuple[int, int], count: int) -> dict[str, tuple[float, float]]:
    """Return sizes 0 to `count`: each is the one before it, cut in half across its longer side, in whole mm."""
    sizes = {}
    for number in range(count + 1):
        sizes[f"{letter}{number}"] = (float(size[0]), float(size[1]))
        size = (size[1] // 2, size[0])
    return sizes


def _inches(width: float, height: float) -> tuple[float, float]:
    return round(width * _INCH, 1), round(height * _INCH, 1)


# Portrait, mm. ISO 216; JIS P 0138; ANSI Y14.1, whose A and B are letter and tabloid; pads as shops sell them
PAPERS_MM: dict[str, tuple[float, float]] = (
    _halved("A", _A0, 7)
    | _halved("B", _B0, 7)
    | _halved("JIS B", _JIS_B0, 6)
    | {
        "letter": _inches(8.5, 11),
        "legal": _inches(8.5, 14),
        "tabloid": _inches(11, 17),
        "ledger": _inches(11, 17),
        "executive": _inches(7.25, 10.5),
        "half letter": _inches(5.5, 8.5),
        "ANSI C": _inches(17, 22),
        "ANSI D": _inches(22, 34),
        "ANSI E": _inches(34, 44),
        "Arch A": _inches(9, 12),
        "Arch B": _inches(12, 18),
        "Arch C": _inches(18, 24),
        "Arch D": _inches(24, 36),
        "Arch E": _inches(36, 48),
        "pad 6x8": _inches(6, 8),
        "pad 9x12": _inches(9, 12),
        "pad 11x14": _inches(11, 14),
        "pad 12x16": _inches(12, 16),
        "pad 14x17": _inches(14, 17),
        "pad 18x24": _inches(18, 24),
        "pad 24x32 cm": (240.0, 320.0),
        "pad 30x40 cm": (300.0, 400.0),
        "pad 36x48 cm": (360.0, 480.0),
        "postcard": (105.0, 148.0),
    }
)
_BY_KEY = {re.sub(r"[\s_-]", "", name).casefold(): name for name in PAPERS_MM}
_SIZE = re.compile(r"(\d+(?:[.,]\d+)?)\s*[xX*]\s*(\d+(?:[.,]\d+)?)\s*(mm|cm|in|inch|\"|)")
_IN_MM = {"": 1.0, "mm": 1.0, "cm": 10.0, "in": _INCH, "inch": _INCH, '"': _INCH}


def name_of(text: str) -> str | None:
    """Return the name of a paper as the table has it, regardless of case, blanks and hyphens; None if unknown."""
    return _BY_KEY.get(re.sub(r"[\s_-]", "", text).casefold())


def size_of(text: str) -> tuple[float, float] | None:
    """Return the width and height in mm that a text names: `B4`, `arch c`, `200x150`, `9 x 12 in`; None if neither."""
    name = name_of(text)
    if name is not None:
        return PAPERS_MM[name]
    size = _SIZE.fullmatch(text.strip())
    if size is None:
        return None
    unit = _IN_MM[size[3]]
    width_mm, height_mm = (round(float(side.replace(",", ".")) * unit, 2) for side in size.groups()[:2])
    return width_mm, height_mm


def turned(text: str) -> tuple[str, str] | None:
    """Return the paper and the orientation in `A3 landscape` or `landscape a3`; None if the text names no such pair."""
    words = text.split()
    ways = [word.casefold() for word in words if word.casefold() in ("portrait", "landscape")]
    name = name_of(" ".join(word for word in words if word.casefold() not in ("portrait", "landscape")))
    return (name, ways[0]) if name and len(ways) == 1 else None


def listed() -> str:
    """Return the names for a message, shortened to families."""
    return "A0 to A7, B0 to B7, JIS B4, letter, legal, tabloid, ANSI C, Arch C, pad 9x12"
