"""`--set layers.0.steps=50` and `matrix:`: values placed in a spec's tree at a dotted path."""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import PurePath

from renderer.specfile.expand import spelt_out
from renderer.specfile.faults import Fault, Place, dotted
from renderer.specfile.tree import Entry, Fields, Items, Node, Scalar, shown
from renderer.specfile.yamltree import parse

MOST_WORKS = 1000


class NoSuchPlaceError(Exception):
    """A path that leads nowhere; the text says why and what would work."""


def put(node: Node, steps: tuple[str, ...], value: Node, done: tuple[str, ...] = ()) -> Node:
    """The tree with a value at a path. Missing mappings are added; lists do not grow. Raises NoSuchPlaceError."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    match node:
        case Fields():
            if (
                done and rest and rest[0].isdigit() and node.get(step) is None
            ):  # an entry of a list that the spec does not write out
                where = dotted((*done, step))
                raise NoSuchPlaceError(
                    f"the spec does not write out {where}, so it has no {rest[0]!r}; set the field itself"
                )
            return node.put(step, put(node.get(step) or Fields((), value.place), rest, value, (*done, step)))
        case Items(items=items):
            index = _index(items, step, dotted(done))
            changed = put(items[index], rest, value, (*done, step))
            return Items((*items[:index], changed, *items[index + 1 :]), node.place)
        case Scalar(value=None):
            return put(Fields((), value.place), steps, value, done)
    is_file = isinstance(node, Scalar) and str(node.value).endswith((".yaml", ".yml"))
    would_do = "a file, so change it there" if is_file else f"so it has no {step!r}; set the field itself"
    raise NoSuchPlaceError(f"{dotted(done)} is {shown(node)}, {would_do}")


def _index(items: tuple[Node, ...], step: str, where: str) -> int:
    entries = "1 entry" if len(items) == 1 else f"{len(items)} entries"
    if re.fullmatch("[0-9]{1,6}", step) and int(step) < len(items):
        return int(step)
    if not items:
        raise NoSuchPlaceError(f"{where} is empty, so it has no {step!r}")
    numbers = f"{where}.0" if len(items) == 1 else f"{where}.0 to {where}.{len(items) - 1}"
    raise NoSuchPlaceError(f"{where} has {entries}, {numbers}; there is no {step!r}")


# --- options ----------------------------------------------------------------------------------------------------------


def overridden(tree: Fields, overrides: tuple[str, ...]) -> tuple[Fields, list[Fault]]:
    """The tree after all overrides, applied in order, and their faults."""
    faults: list[Fault] = []
    for text in overrides:
        place = Place(f"--set {text}")
        name, equals, written = text.partition("=")
        steps = tuple(name.strip().split("."))
        if not equals or not all(steps):
            faults.append(Fault(place, (), "write a field and its value, as in --set layers.0.steps=50"))
            continue
        value, wrong = parse(written, "", place)
        faults += [Fault(place, (), fault.text) for fault in wrong]
        try:
            tree = _set(tree, steps, value or Scalar(None, "", place)) if not wrong else tree
        except NoSuchPlaceError as error:
            faults.append(Fault(place, (), str(error)))
    return tree, faults


def _set(tree: Fields, steps: tuple[str, ...], value: Node) -> Fields:
    """An option overrides the matrix: a field of the matrix keeps the option's value."""
    matrix = tree.get("matrix")
    if isinstance(matrix, Fields) and dotted(steps) in matrix:
        return tree.put("matrix", matrix.put(dotted(steps), Items((value,), value.place)))
    changed = put(tree, steps, value)
    assert isinstance(changed, Fields)
    return spelt_out(changed)


# --- the matrix -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Variant:
    """One combination of the matrix: the end of its name, and its tree."""

    suffix: str
    tree: Fields


def variants(tree: Fields) -> tuple[list[Variant], list[Fault]]:
    """Every combination of the matrix, the last field fastest, and its faults; just the tree without a matrix."""
    matrix = tree.get("matrix")
    bare = tree.without("matrix")
    if matrix is None or (isinstance(matrix, Scalar) and matrix.value is None):
        return [Variant("", bare)], []
    if not isinstance(matrix, Fields):
        text = f"found {shown(matrix)}; a mapping is needed, as in layers.0.points.count: [1000, 2000]"
        return [Variant("", bare)], [Fault(matrix.place, ("matrix",), text)]
    faults = _matrix_faults(matrix, bare)
    if faults:
        return [Variant("", bare)], faults
    names = dict(zip(matrix.keys, _short_names(matrix.keys), strict=True))
    combinations = product(*(_choices(entry.key, names[entry.key], entry.value) for entry in matrix))
    found = [_variant(bare, combination) for combination in combinations]
    [(suffix, count)] = Counter(variant.suffix for variant in found).most_common(1)
    if count > 1:
        text = f"{count} artworks would be named {suffix!r}; give each value once"
        return [Variant("", bare)], [Fault(matrix.place, ("matrix",), text)]
    return found, []


def _matrix_faults(matrix: Fields, tree: Fields) -> list[Fault]:
    faults = []
    for entry in matrix:
        path = ("matrix", entry.key)
        if not isinstance(entry.value, Items) or not entry.value.items:
            text = f"found {shown(entry.value)}; a list of values is needed"
            if isinstance(entry.value, Items):
                text = "has no values; give at least one"
            faults.append(Fault(entry.value.place, path, text))
            continue
        try:
            put(tree, tuple(entry.key.split(".")), entry.value.items[0])
        except NoSuchPlaceError as error:
            faults.append(Fault(entry.place, path, str(error)))
    works = prod(len(entry.value.items) for entry in matrix if isinstance(entry.value, Items))
    if works > MOST_WORKS:
        faults.append(Fault(matrix.place, ("matrix",), f"makes {works} artworks; the limit is {MOST_WORKS}"))
    return faults


def _choices(key: str, name: str, values: Node) -> list[tuple[str, str, Node]]:
    """Field, label and value of each choice of one field."""
    assert isinstance(values, Items)
    labels = [_label(value, index) for index, value in enumerate(values.items, 1)]

    def label(value: Node, index: int) -> str:
        alike = not isinstance(value, Scalar) and labels.count(labels[index - 1]) > 1
        return str(index) if alike else labels[index - 1]

    return [(key, f"{name}-{label(value, index)}", value) for index, value in enumerate(values.items, 1)]


def _variant(tree: Fields, combination: tuple[tuple[str, str, Node], ...]) -> Variant:
    for key, _, value in combination:
        changed = put(tree, tuple(key.split(".")), value)
        assert isinstance(changed, Fields)
        tree = changed
    return Variant("-".join(label for _, label, _ in combination), spelt_out(tree))


def _short_names(keys: tuple[str, ...]) -> list[str]:
    """The last words of each field, enough to distinguish them: `count`, or `0-points-count` and `1-lines-count`."""

    def name(key: str, words: int) -> str:
        return _slug("-".join(key.split(".")[-words:]))

    for words in range(1, 10):
        names = [name(key, words) for key in keys]
        if len(set(names)) == len(names):
            return names
    return [_slug(key) for key in keys]


def _label(value: Node, index: int) -> str:
    """A value as part of a file name: the first key of a mapping, the item of a list of one; others are numbered."""
    match value:
        case Fields(entries=(first, *_)):
            return _key_label(first, index)
        case Items(items=(Scalar() as only,)):
            return _label(only, index)
        case Fields() | Items():
            return str(index)
    text = PurePath(value.value).stem if isinstance(value.value, str) and "/" in value.value else value.text
    return _slug(text) or str(index)


def _key_label(entry: Entry, index: int) -> str:
    """`features-imagenet` for `features: {weights: imagenet}`; the last word of an address."""
    match entry.value:
        case Scalar(value=str() as address) if "/" in address:
            return _label(entry.value, index)
        case Fields(entries=(first, *_)):
            return f"{_slug(entry.key)}-{_label(first.value, index)}"
    return _slug(entry.key)


def _slug(text: str) -> str:
    return re.sub(r"[^\w.+-]+", "-", text).strip("-.")[:40]
