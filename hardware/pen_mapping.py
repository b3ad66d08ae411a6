"""Which pen draws which layer of an SVG, from a YAML file: a rack, or a rack and the pens of some layers by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hardware import starters
from hardware.pen import Pen
from hardware.rack import RackError, by_name, load_rack
from hardware.yamlfile import values_in

_KEYS = {"pens", "rack", "layers"}


@dataclass(frozen=True)
class PenMapping:
    """The pens at hand, and those of some layers by the layer's name or number."""

    pens: tuple[Pen, ...]
    layers: Mapping[str, Pen] = field(default_factory=dict)


def load_mapping(path: str | Path) -> PenMapping:
    """Return the pens of a file or a starter: a rack, or `layers` with the `rack` whose pens they name.

    A rack can have `layers` too. Raises RackError with all faults, each as `path: field: what`.
    """
    path = starters.chosen("pens", path, RackError)
    fields = values_in(path, RackError)
    if not isinstance(fields, dict) or "layers" not in fields:
        return PenMapping(load_rack(path))
    if unknown := [str(key) for key in fields if key not in _KEYS]:
        raise RackError(f"{path}: unknown key {unknown[0]!r}; a file that maps layers has layers, and rack or pens")
    if ("pens" in fields) == ("rack" in fields):
        raise RackError(f"{path}: a file that maps layers has either `rack`, such as fineliners, or a list `pens`")
    pens = load_rack(path if "pens" in fields else _rack(path, fields["rack"]))
    return PenMapping(pens, _layers(path, fields["layers"], pens))


def _rack(path: Path, named: Any) -> Path:
    """Return the rack that a mapping names: a starter, or a file beside the mapping."""
    text = str(named)
    return Path(text) if starters.is_name(text) else path.parent / text


def _layers(path: Path, given: Any, pens: tuple[Pen, ...]) -> dict[str, Pen]:
    if not isinstance(given, dict) or not given:
        raise RackError(f"{path}: layers: write the name or number of each layer and its pen, such as `1: black`")
    found = {str(layer): by_name(pens, str(name)) for layer, name in given.items()}
    known = ", ".join(pen.name for pen in pens)
    faults = [
        f"{path}: layers.{layer}: the rack has no pen named {str(given_name)!r}; it has {known}"
        for (layer, pen), given_name in zip(found.items(), given.values(), strict=True)
        if pen is None
    ]
    if faults:
        raise RackError("\n".join(faults))
    return {layer: pen for layer, pen in found.items() if pen is not None}
