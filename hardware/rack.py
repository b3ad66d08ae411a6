"""The pens that somebody owns, from a YAML file, and which of them is meant."""

from pathlib import Path

from pydantic import ValidationError

from hardware import starters
from hardware.pen import Pen
from hardware.yamlfile import values_in


class RackError(ValueError):
    """A rack that cannot be used; the message has a line for every fault."""


def load_rack(path: str | Path) -> tuple[Pen, ...]:
    """The pens in a rack file, or in a starter. Raises RackError with every fault, each as `path: field: what`."""
    path = starters.chosen("pens", path, RackError)
    fields = values_in(path, RackError)
    listed = fields.get("pens") if isinstance(fields, dict) else fields
    if not isinstance(listed, list) or not listed:
        raise RackError(f"{path}: a rack has a list `pens`, each with name, colour and nib_mm")
    pens, faults = [], []
    for number, entry in enumerate(listed):
        try:
            pens.append(Pen.model_validate(entry))
        except ValidationError as error:
            for found in error.errors():
                where = ".".join(str(part) for part in ("pens", number, *found["loc"]))
                faults.append(f"{path}: {where}: {found['msg'].removeprefix('Value error, ')}")
    names = [pen.name for pen in pens]
    faults += [f"{path}: two pens are called {name!r}" for name in dict.fromkeys(names) if names.count(name) > 1]
    if faults:
        raise RackError("\n".join(faults))
    return tuple(pens)


def by_name(pens: tuple[Pen, ...], name: str) -> Pen | None:
    """The pen of this name, however it is spelt in capitals; with its nib behind it too, as labels have it."""
    wanted = " ".join(name.split()).casefold()
    return next((pen for pen in pens if wanted in (pen.name.casefold(), pen.label.casefold())), None)


def by_colour(pens: tuple[Pen, ...], colour: str) -> Pen:
    """The pen whose ink looks most like a colour #rrggbb, by a weighting of red, green and blue near to the eye's."""

    def distance(pen: Pen) -> float:
        (r, g, b), (s, h, c) = _rgb(colour), _rgb(pen.colour)
        red = (r + s) / 2
        return (2 + red / 256) * (r - s) ** 2 + 4 * (g - h) ** 2 + (2 + (255 - red) / 256) * (b - c) ** 2

    return min(pens, key=distance)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
