"""A spec as people write it -> the same spec, with short forms spelt out and the content of the files that it names."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hardware import starters
from renderer.spec import KINDS
from renderer.specfile.faults import Fault, Place
from renderer.specfile.faults import Path as FieldPath
from renderer.specfile.files import PICTURE_SUFFIXES, YAML_SUFFIXES, beside, missing, names_starter, read_tree, starter
from renderer.specfile.pictures import picture_fault
from renderer.specfile.tree import Fields, Items, Node, Scalar


def spelt_out(tree: Fields) -> Fields:
    """The tree with every short form in its long form. All else stays as it is, for validation to judge."""
    tree = _each(tree, "pens", _pens)
    return _each(tree, "layers", lambda layers: _mapped(layers, _layer))


def _each(fields: Fields, key: str, change: Callable[[Node], Node]) -> Fields:
    value = fields.get(key)
    return fields if value is None else fields.put(key, change(value))


def _mapped(node: Node, change: Callable[[Node], Node]) -> Node:
    return Items(tuple(map(change, node.items)), node.place) if isinstance(node, Items) else node


def _wrapped(node: Node, key: str) -> Fields:
    return Fields((), node.place).put(key, node)


def _pens(node: Node) -> Node:
    """`[{name: ...}]` is a rack, and so is `rack: [{name: ...}]`."""
    if isinstance(node, Items):
        return _wrapped(_wrapped(node, "pens"), "rack")
    return _each(node, "rack", _rack) if isinstance(node, Fields) else node


def _rack(node: Node) -> Node:
    return _wrapped(node, "pens") if isinstance(node, Items) else node


def _layer(node: Node) -> Node:
    """`- curves` is `- curves: {}`."""
    if isinstance(node, Scalar) and node.value in KINDS:
        return Fields((), node.place).put(str(node.value), Fields((), node.place))
    if not isinstance(node, Fields):
        return node
    for kind in KINDS:
        node = _each(node, kind, _primitive)
    node = _each(node, "loss", _losses)
    return _each(node, "pens", _layer_pens)


def _primitive(node: Node) -> Node:
    """`points: 2000` is `points: {count: 2000}`, and `points:` with nothing after it is `points: {}`."""
    match node:
        case Scalar(value=None, place=place):
            return Fields((), place)
        case Scalar():
            return _wrapped(node, "count")
    return node


def _losses(node: Node) -> Node:
    """`loss: mse` and `loss: {mse: ...}` are lists of one."""
    several = node if isinstance(node, Items) else Items((node,), node.place)
    return _mapped(several, _loss)


def _loss(node: Node) -> Node:
    """`mse` is `{mse: {}}`, and so is `mse:` with nothing after it."""
    match node:
        case Scalar(value=str() as name, place=place):
            return Fields((), place).put(name, Fields((), place))
        case Fields():
            for entry in node:
                if isinstance(entry.value, Scalar) and entry.value.value is None:
                    node = node.put(entry.key, Fields((), entry.value.place))
    return node


def _layer_pens(node: Node) -> Node:
    """A list of names stays; a list of pens is a rack."""
    names = isinstance(node, Items) and not any(isinstance(item, Fields) for item in node.items)
    return node if names else _pens(node)


# --- files ------------------------------------------------------------------------------------------------------------


@dataclass
class Reader:
    """Reads each rack and machine once, and remembers the faults and the files."""

    folder: Path
    within: Path | None = None  # the folder that must contain every file
    opens_pictures: bool = False  # whether the header of a picture is read
    faults: list[Fault] = field(default_factory=list)
    unread: set[Place] = field(default_factory=set)  # places that name a file that could not be read
    _trees: dict[Path, Node | None] = field(default_factory=dict)

    def with_files(self, tree: Fields) -> tuple[Fields, tuple[Path, ...]]:
        """The tree with the content of each rack and machine in place of its name, and the files, without starters."""
        used: list[Path] = []

        def rack(node: Node, path: FieldPath) -> Node:
            return (
                _each(node, "rack", lambda name: self._file(name, (*path, "rack"), used))
                if isinstance(node, Fields)
                else node
            )

        def layer_rack(layer: Node, number: int) -> Node:
            return (
                _each(layer, "pens", lambda pens: rack(pens, ("layers", number, "pens")))
                if isinstance(layer, Fields)
                else layer
            )

        tree = _each(tree, "machine", lambda name: self._file(name, ("machine",), used))
        tree = _each(tree, "pens", lambda pens: rack(pens, ("pens",)))
        layers = tree.get("layers")
        if isinstance(layers, Items):
            items = tuple(layer_rack(layer, number) for number, layer in enumerate(layers.items))
            tree = tree.put("layers", Items(items, layers.place))
        return tree, tuple(dict.fromkeys(used))

    def missing(self, name: str, suffixes: tuple[str, ...]) -> str | None:
        """What is wrong with a file that the spec names; None where nothing is."""
        why = missing(self.folder, name, suffixes, self.within)
        if why is None and self.opens_pictures and suffixes == PICTURE_SUFFIXES:
            file = beside(self.folder, name)
            fault = picture_fault(file)
            return f"{name!r} {fault}" if fault else None
        return why

    def _file(self, node: Node, path: FieldPath, used: list[Path]) -> Node:
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            return node
        kind: starters.Kind = "pens" if path[-1] == "rack" else "machines"
        file = beside(self.folder, node.value)
        if names_starter(self.folder, node.value):
            file, why = starter(kind, node.value, self.folder)
        else:
            why = self.missing(node.value, YAML_SUFFIXES)
            used += [file] if why is None else []
        if why is not None:
            self.faults.append(Fault(node.place, path, why))
            self.unread.add(node.place)
            return node
        tree = self._read(file, kind == "pens")
        if tree is None:
            self.unread.add(node.place)
        return tree or node

    def _read(self, file: Path, is_rack: bool) -> Node | None:
        if file not in self._trees:
            tree, faults = read_tree(file)
            self.faults += faults
            self._trees[file] = _named(tree, file) if is_rack and tree else tree
        return self._trees[file]


def _named(rack: Node, file: Path) -> Node:
    """A rack without a name gets the name of its file. A file can also be just a list of pens.

    The record that `render measure` leaves in a rack is for people.
    """
    rack = _rack(rack)
    if not isinstance(rack, Fields):
        return rack
    rack = rack.without("measured")
    return rack if "name" in rack else rack.put("name", Scalar(file.stem, file.stem, rack.place))
