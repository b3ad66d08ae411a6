"""`~` in the names of files: the user's home folder."""

from collections.abc import Callable
from pathlib import Path

from renderer.specfile.tree import Fields, Items, Node, Scalar

_FILES = {"image", "fallback", "focus", "rack", "machine", "region", "style", "weights"}  # keys of names of files


def with_homes(tree: Fields) -> Fields:
    """The tree with the user's home folder in place of the `~` with which a file's name begins."""
    return _changed(tree, "")


def _changed(node: Fields, key: str) -> Fields:
    for entry in node:
        node = node.put(entry.key, _KINDS[type(entry.value)](entry.value, entry.key))
    return node


def _items(node: Items, key: str) -> Items:
    return Items(tuple(_KINDS[type(item)](item, key) for item in node.items), node.place)


def _scalar(node: Scalar, key: str) -> Scalar:
    if key not in _FILES or not isinstance(node.value, str) or not node.value.startswith("~"):
        return node
    try:
        return Scalar(str(Path(node.value).expanduser()), node.text, node.place)
    except RuntimeError:  # an unknown user, or no home
        return node


_KINDS: dict[type[Node], Callable[..., Node]] = {Fields: _changed, Items: _items, Scalar: _scalar}
