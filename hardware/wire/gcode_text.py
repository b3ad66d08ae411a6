"""Lines of G-code as text: parsed, cleaned of everything that could act by accident, and written."""

import re

REALTIME = "!?~"  # GRBL acts on these anywhere in a line, even in comments, and on every byte above 0x7E
_WORD = re.compile(r"([A-Z])\s*([+-]?(?:\d+\.?\d*|\.\d+))")


def clean(text: str) -> str:
    """Return the line without comments, line number, checksum, realtime and non-printable characters, in capitals."""
    kept, comment = [], ""
    for char in text:
        if comment == "(":
            comment = "" if char == ")" else comment
        elif char in ";*":  # a comment to the end of the line; a checksum
            break
        elif char == "(":
            comment = char
        elif " " <= char <= "~" and char not in REALTIME:
            kept.append(char.upper())
    words = re.sub(r"^\s*N\d+", "", "".join(kept))
    return " ".join(re.sub(r"(?<=\d)(?=[A-Z])", " ", words).split())


def message(text: str) -> str:
    """Return the text of a line for people: that of `M117` or `M0`, of `(MSG, ...)`, or of another comment."""
    for pattern in (
        r"\s*(?:M117|M118|M[01](?=\s+[A-Za-z]))\s+(.*)",
        r".*?\(\s*(?:[A-Z]+\s*,)?\s*([^)]*)\)",
        r".*?;\s*(.*)",
    ):
        if found := re.match(pattern, text, re.IGNORECASE):
            return _plain(found[1])
    return ""


def words(text: str) -> list[tuple[str, float]]:
    """Return the letters and numbers of a clean line, in order."""
    return [(letter, float(number)) for letter, number in _WORD.findall(text)]


def is_only_words(text: str) -> bool:
    """Whether a clean line consists of words only."""
    return not _WORD.sub("", text).strip()


def packed(text: str) -> str:
    """Return the line without spaces: a sixth fewer bytes, so more lines fit into the controller's buffer."""
    return text.replace(" ", "")


def number(value: float) -> str:
    """Return a number with at most three decimals, without trailing zeros."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def axis_words(x: float | None, y: float | None, z: float | None) -> str:
    """Return `X1.5 Y-2`: the axes that have a value."""
    values = zip("XYZ", (x, y, z), strict=True)
    return " ".join(f"{axis}{number(value)}" for axis, value in values if value is not None)


def _plain(text: str) -> str:
    return "".join(char for char in text if char.isprintable()).strip()
