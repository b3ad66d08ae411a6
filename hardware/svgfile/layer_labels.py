"""The names of layers as programs for plotters write them: a number, a mark, codes of AxiDraw's software, a title."""

import re
from dataclasses import dataclass

_LABEL = re.compile(r"\s*(?P<mark>[!%]?)\s*(?P<number>\d+)?[\s_:.-]*(?P<codes>(?:\+[SHDshd]\d+\s*)*)")
_WORDS = re.compile(r"(?i)^\s*!?\s*(layer|ebene|calque)?[\s\d_:.-]*")
_UNUSED = {"H": "pen height", "D": "delay"}


@dataclass(frozen=True)
class LayerLabel:
    """What the name of a layer says."""

    number: int | None  # that it begins with
    pauses: bool  # `!`: stop before it
    codes: dict[str, int]  # S: speed in percent, H: height of the pen in percent, D: delay in ms
    title: str  # without number, codes, and the words that programs put before it


def parsed(label: str) -> LayerLabel:
    """Return what a layer's name says."""
    found = _LABEL.match(label)
    codes = found["codes"] if found else ""
    said = {code.upper(): int(value) for code, value in re.findall(r"\+([SHDshd])(\d+)", codes)}
    plain = label if not codes or found is None else label[: found.start("codes")] + " " + label[found.end("codes") :]
    number = found["number"] if found else None
    return LayerLabel(
        None if number is None else int(number),
        bool(found and found["mark"] == "!"),
        said,
        _WORDS.sub("", plain).strip(),
    )


def unused(label: LayerLabel) -> str:
    """Return the codes that a machine here cannot honour, with their meaning; nothing if there are none."""
    return ", ".join(f"+{code}{label.codes[code]} ({_UNUSED[code]})" for code in _UNUSED if code in label.codes)
