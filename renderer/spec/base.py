"""The base class of every part of a spec, and the messages for faults that involve several fields."""

import difflib
from collections.abc import Iterable
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Discriminator

AUTO: Final[Literal["auto"]] = "auto"  # the program works it out
Path = tuple[str | int, ...]  # of a field below a part: ("layers", 0, "steps")


class SpecModel(BaseModel):
    """A part of a spec. It is immutable and refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class MisfitError(ValueError):
    """Values that are valid one by one but not together. `faults`: a path below the part, and what is wrong there."""

    def __init__(self, *faults: tuple[Path, str]) -> None:
        super().__init__("; ".join(text for _, text in faults))
        self.faults = faults


def either(mapping: str, other: str) -> Discriminator:
    """Choose a branch of a union by the type of the value, so that only that branch reports a fault."""
    return Discriminator(lambda value: mapping if isinstance(value, dict | BaseModel) else other)


def auto_or(other: str) -> Discriminator:
    """The word `auto`, or the other branch, which then reports any fault."""
    return Discriminator(lambda value: AUTO if value == AUTO else other)


def not_exactly_one(given: list[str], names: Iterable[str]) -> str | None:
    """What is wrong with the keys that were given, where exactly one of `names` is needed."""
    if len(given) == 1:
        return None
    return f"needs exactly one of {', '.join(names)}; found {' and '.join(given) if given else 'none'}"


def unknown_pens(names: Iterable[str], owned: list[str] | None) -> Iterable[tuple[tuple[int, ...], str]]:
    """The pens of a layer that the rack does not have: index and message. `owned` is None where colours are free."""
    if owned is None:
        yield (), "names pens, but the artwork's colours are free; give the artwork a rack, or leave this out"
        return
    for index, name in enumerate(names):
        if name not in owned:
            near = difflib.get_close_matches(name, owned, n=1)
            would_do = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(owned)}"
            yield (index,), f"the rack has no pen named {name!r}; {would_do}"


def exactly_one_of(part: BaseModel, names: tuple[str, ...]) -> None:
    """Check that exactly one of these fields is set. MisfitError."""
    fault = not_exactly_one([name for name in names if getattr(part, name) is not None], names)
    if fault:
        raise MisfitError(((), fault))
