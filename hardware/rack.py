"""The pens of a rack, from a YAML file, and how a name or a colour selects one."""

from pathlib import Path

from pydantic import ValidationError

from hardware import starters
from hardware.pen import Pen
from hardware.yamlfile import values_in


class RackError(ValueError):
    """A rack that cannot be used; the message has one line per fault."""


def load_rack(path: str | Path) -> tuple[Pen, ...]:
    """Return the pens of a rack file or a starter. Raises RackError with all faults, each as `path: field: what`."""
    path = starters.chosen("pens", path, RackError)
    fields = values_in(path, RackError)
    listed = fields.get("pens") if isinstance(fields, dict) else fields
    if not isinstance(listed, list) or not listed:
        raise RackError(f"{path}: a rack has a list `pens`, each pen with name, colour and nib_mm")
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
    """Return the pen of this name or label, regardless of case; None if the rack has no such pen."""
    wanted = " ".join(name.split()).casefold()
    return next((pen for pen in pens if wanted in (pen.name.casefold(), pen.label.casefold())), None)


def by_colour(pens: tuple[Pen, ...], colour: str) -> Pen:
    """Return the pen whose ink is closest to a colour #rrggbb, with red, green and blue weighted as the eye does."""

    def distance(pen: Pen) -> float:
        (r, g, b), (s, h, c) = _rgb(colour), _rgb(pen.colour)
        red = (r + s) / 2
        return (2 + red / 256) * (r - s) ** 2 + 4 * (g - h) ** 2 + (2 + (255 - red) / 256) * (b - c) ** 2

    return min(pens, key=distance)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
