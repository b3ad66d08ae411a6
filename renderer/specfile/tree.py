"""A file's content as a tree that remembers the place of each key and value."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from renderer.specfile.faults import Path, Place


@dataclass(frozen=True)
class Scalar:
    """A single value, and how it was written."""

    value: str | int | float | bool | None
    text: str
    place: Place


@dataclass(frozen=True)
class Items:
    """A list."""

    items: tuple["Node", ...]
    place: Place


@dataclass(frozen=True)
class Entry:
    """A key, its place and its value."""

    key: str
    place: Place
    value: "Node"


@dataclass(frozen=True)
class Fields:
    """A mapping with distinct keys."""

    entries: tuple[Entry, ...]
    place: Place

    @cached_property
    def _index(self) -> dict[str, Entry]:
        return {entry.key: entry for entry in self.entries}

    def __contains__(self, key: object) -> bool:
        return key in self._index

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(entry.key for entry in self.entries)

    def entry(self, key: str) -> Entry | None:
        return self._index.get(key)

    def get(self, key: str) -> "Node | None":
        entry = self._index.get(key)
        return entry.value if entry else None

    def put(self, key: str, value: "Node") -> "Fields":
        """The same mapping with another value for a key; a new key is added at the end."""
        if key not in self:
            return replace(self, entries=(*self.entries, Entry(key, value.place, value)))
        return replace(self, entries=tuple(replace(e, value=value) if e.key == key else e for e in self.entries))

    def without(self, key: str) -> "Fields":
        return replace(self, entries=tuple(entry for entry in self.entries if entry.key != key))


Node = Scalar | Items | Fields


def plain(node: Node) -> Any:
    """The value without places: dicts, lists, strings, numbers, booleans and None."""
    match node:
        case Scalar(value=value):
            # 2e3 is the whole number 2000 wherever a whole number is needed
            return int(value) if isinstance(value, float) and value.is_integer() else value
        case Items(items=items):
            return [plain(item) for item in items]
        case Fields():
            return {entry.key: plain(entry.value) for entry in node}


def child(node: Node | None, step: str | int) -> Node | None:
    """The value below a key or an index, if there is one."""
    match node:
        case Fields() if isinstance(step, str):
            return node.get(step)
        case Items(items=items) if isinstance(step, int) and step < len(items):
            return items[step]
    return None


def below(node: Node | None, *path: str | int) -> Node | None:
    """The value at a path, if there is one."""
    for step in path:
        node = child(node, step)
    return node


def removed(node: Node, path: Path) -> Node:
    """The tree without the key at the end of a path of pydantic's, which also names the branches of unions."""
    step, rest = path[0], path[1:]
    value = child(node, step)
    if value is None:
        return removed(node, rest) if rest else node
    match node:
        case Fields() if isinstance(step, str):
            return node.put(step, removed(value, rest)) if rest else node.without(step)
        case Items(items=items) if isinstance(step, int) and rest:
            return replace(node, items=(*items[:step], removed(value, rest), *items[step + 1 :]))
    return node


def located(root: Node, path: Path) -> tuple[Node, Path]:
    """The value at a path, or the last one on the way there, and its path within its own file."""
    node, inner = root, Path()
    for step in path:
        value = child(node, step)
        if value is None:  # a branch of a union, which pydantic names in its path
            continue
        inner = (*inner, step) if value.place.file == node.place.file else ()
        node = value
    return node, inner


def shown(node: Node) -> str:
    """A value as messages show it."""
    match node:
        case Scalar(value=None):
            return "no value"
        case Scalar(value=str() as value):
            return repr(value if len(value) <= 60 else value[:57] + "...")
        case Scalar(text=text):
            return text[:60]
        case Items():
            return "a list"
        case Fields():
            return "a mapping"
