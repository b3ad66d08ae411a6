"""Lines of G-code as text: taken apart, cleaned of all that would act by accident, and written."""

import re

REALTIME = "!?~"  # GRBL acts on these wherever they stand, also in comments; and on every byte above 0x7E
_WORD = re.compile(r"([A-Z])\s*([+-]?(?:\d+\.?\d*|\.\d+))")


def clean(text: str) -> str:
    """Without comments, line number, checksum, realtime characters and all that is not printable ASCII."""
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
    """What a line says to people: the text of `M117` or `M0`, of `(MSG, ...)`, or of another comment."""
    for pattern in (
        r"\s*(?:M117|M118|M[01](?=\s+[A-Za-z]))\s+(.*)",
        r".*?\(\s*(?:MSG\s*,)?\s*([^)]*)\)",
        r".*?;\s*(.*)",
    ):
        if found := re.match(pattern, text, re.IGNORECASE):
            return _plain(found[1])
    return ""


def words(text: str) -> list[tuple[str, float]]:
    """Letters and numbers of a clean line, in order."""
    return [(letter, float(number)) for letter, number in _WORD.findall(text)]


def is_only_words(text: str) -> bool:
    """Whether a clean line is made of words and nothing else."""
    return not _WORD.sub("", text).strip()


def packed(text: str) -> str:
    """Without blanks: a sixth fewer bytes, and more lines in the controller's buffer."""
    return text.replace(" ", "")


def number(value: float) -> str:
    """Three decimals at most, none that are zeros."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def axis_words(x: float | None, y: float | None, z: float | None) -> str:
    """`X1.5 Y-2`: the axes that have a value."""
    values = zip("XYZ", (x, y, z), strict=True)
    return " ".join(f"{axis}{number(value)}" for axis, value in values if value is not None)


def _plain(text: str) -> str:
    return "".join(char for char in text if char.isprintable()).strip()
