"""What every part of a spec has in common, and what is said of faults that lie between fields."""

import difflib
from collections.abc import Iterable
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Discriminator

AUTO: Final[Literal["auto"]] = "auto"  # the program works it out
Path = tuple[str | int, ...]  # of a field below a part: ("layers", 0, "steps")


class SpecModel(BaseModel):
    """Every part of a spec: read once, never changed, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class MisfitError(ValueError):
    """Values that are right one by one and wrong together. `faults`: a path below the part, and what is wrong there."""

    def __init__(self, *faults: tuple[Path, str]) -> None:
        super().__init__("; ".join(text for _, text in faults))
        self.faults = faults


def either(mapping: str, other: str) -> Discriminator:
    """Chooses a branch of a union by the look of the value, so that a fault is told of that branch alone."""
    return Discriminator(lambda value: mapping if isinstance(value, dict | BaseModel) else other)


def auto_or(other: str) -> Discriminator:
    """The word `auto`, or another branch, of which a fault is told."""
    return Discriminator(lambda value: AUTO if value == AUTO else other)


def not_exactly_one(given: list[str], names: Iterable[str]) -> str | None:
    """What is wrong with the keys that were given, where exactly one of `names` is needed."""
    if len(given) == 1:
        return None
    return f"needs exactly one of {', '.join(names)}; found {' and '.join(given) if given else 'none'}"


def unknown_pens(names: Iterable[str], owned: list[str] | None) -> Iterable[tuple[tuple[int, ...], str]]:
    """Which of a layer's pens nobody owns: index, and what would do. `owned` is None where colours are free."""
    if owned is None:
        yield (), "names pens, but the artwork's colours are free; give the artwork a rack, or leave this out"
        return
    for index, name in enumerate(names):
        if name not in owned:
            near = difflib.get_close_matches(name, owned, n=1)
            would_do = f"did you mean {near[0]!r}?" if near else f"the rack has {', '.join(owned)}"
            yield (index,), f"nobody owns a pen {name!r}; {would_do}"


def exactly_one_of(part: BaseModel, names: tuple[str, ...]) -> None:
    fault = not_exactly_one([name for name in names if getattr(part, name) is not None], names)
    if fault:
        raise MisfitError(((), fault))
