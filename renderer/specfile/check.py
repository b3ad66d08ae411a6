"""Checks beyond the validation of single fields: files exist, racks have the pens, sheets fit the machine.

They work on the tree, so that they also report on a spec that has other faults.
"""

import json
from collections.abc import Callable, Iterator
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from renderer.spec import KINDS, Canvas, Layer, Loss, Machine, not_exactly_one, unknown_pens
from renderer.spec.networks import IMAGENET, STYLISED
from renderer.specfile.faults import Fault
from renderer.specfile.faults import Path as FieldPath
from renderer.specfile.files import PICTURE_SUFFIXES, WEIGHTS_SUFFIXES
from renderer.specfile.tree import Fields, Items, Node, Scalar, below, plain

M = TypeVar("M", bound=BaseModel)
Missing = Callable[[str, tuple[str, ...]], str | None]  # what is wrong with a file of this name and these endings


def checked(tree: Fields, missing: Missing) -> list[Fault]:
    """The faults of a tree that includes the content of its files. `missing` says what is wrong with a named file."""
    return [*_pictures(tree, missing), *_kinds(tree), *_losses(tree, missing), *_pens(tree), *_bed(tree)]


def _pictures(tree: Fields, missing: Missing) -> Iterator[Fault]:
    """The pictures that the target names must exist. No pixel is read; rendering reports a broken picture."""
    for path in (("target", "image"), ("target", "image", "fallback")):
        node = below(tree, *path)
        if isinstance(node, Scalar) and isinstance(node.value, str) and node.value:
            if node.value.startswith(("http://", "https://")):
                yield Fault(node.place, path, f'is on the web; write image: {{url: "{node.value}", sha256: "..."}}')
                continue
            why = missing(node.value, PICTURE_SUFFIXES)
            if why:
                yield Fault(node.place, path, why)
    yield from _focus(below(tree, "target", "focus"), missing)


def _focus(node: Node | None, missing: Missing) -> Iterator[Fault]:
    """Any value but the two names is a picture; one that is not a picture may be a misspelt name."""
    name = _text(node)
    if node is None or not name or name in ("auto", "none"):
        return
    why = missing(name, PICTURE_SUFFIXES)
    if why and not name.lower().endswith(PICTURE_SUFFIXES):
        why = f"{name!r} is neither auto nor none nor a picture beside the spec"
    if why:
        yield Fault(node.place, ("target", "focus"), why)


def _kinds(tree: Fields) -> Iterator[Fault]:
    """Layers and losses that are not of exactly one kind. Unknown keys are reported elsewhere, which is enough."""
    for number, layer in _entries(tree, "layers"):
        yield from _one_kind(layer, ("layers", number), tuple(KINDS), Layer)
        for index, loss in _entries(layer, "loss"):
            yield from _one_kind(loss, ("layers", number, "loss", index), tuple(Loss.model_fields), Loss)


def _losses(tree: Fields, missing: Missing) -> Iterator[Fault]:
    """The regions, styles and weights that losses name must exist."""
    for number, layer in _entries(tree, "layers"):
        for index, loss in _entries(layer, "loss"):
            for entry in loss:
                path: FieldPath = ("layers", number, "loss", index, entry.key)
                for key, suffixes in (("region", PICTURE_SUFFIXES), ("style", PICTURE_SUFFIXES)):
                    yield from _file(below(entry.value, key), (*path, key), missing, suffixes)
                if entry.key in ("lpips", "features", "gram"):
                    yield from _weights(below(entry.value, "weights"), (*path, "weights"), missing)


def _file(node: Node | None, path: FieldPath, missing: Missing, suffixes: tuple[str, ...]) -> Iterator[Fault]:
    name = _text(node)
    why = missing(name, suffixes) if name else None
    if node is not None and why:
        yield Fault(node.place, path, why)


def _weights(node: Node | None, path: FieldPath, missing: Missing) -> Iterator[Fault]:
    """Any value but the two names is a file; one that is not a file may be a misspelt name."""
    name = _text(node)
    if node is None or not name or name in (IMAGENET, STYLISED):
        return
    why = missing(name, WEIGHTS_SUFFIXES)
    if why and not name.endswith(WEIGHTS_SUFFIXES):
        why = f"{name!r} is neither {IMAGENET} nor {STYLISED} nor a file of weights beside the spec"
    if why:
        yield Fault(node.place, path, why)


def _entries(node: Node, key: str) -> list[tuple[int, Fields]]:
    items = below(node, key)
    if not isinstance(items, Items):
        return []
    return [(index, item) for index, item in enumerate(items.items) if isinstance(item, Fields)]


def _one_kind(node: Fields, path: FieldPath, names: tuple[str, ...], model: type[BaseModel]) -> Iterator[Fault]:
    given = [name for name in names if name in node]
    fault = not_exactly_one(given, names)
    if fault and (given or set(node.keys) <= set(model.model_fields)):
        yield Fault(node.place, path, fault)


def _pens(tree: Fields) -> Iterator[Fault]:
    pens = below(tree, "pens", "rack", "pens")
    owned = [name for pen in pens.items if (name := _text(below(pen, "name")))] if isinstance(pens, Items) else None
    is_free = below(tree, "pens", "colours") is not None
    if not owned and not is_free:
        return  # a spec without pens has that fault already
    for number, layer in enumerate(getattr(below(tree, "layers"), "items", ())):
        names = below(layer, "pens")
        if isinstance(names, Items):
            written = [_text(name) for name in names.items]
            for at, text in unknown_pens([name or "" for name in written], None if is_free else owned):
                place = names.items[at[0]].place if at else names.place
                if not at or written[at[0]]:
                    yield Fault(place, ("layers", number, "pens", *at), text)


def _text(node: Node | None) -> str | None:
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else None


def _bed(tree: Fields) -> Iterator[Fault]:
    canvas, machine = valid(Canvas, tree.get("canvas") or Fields((), tree.place)), valid(Machine, tree.get("machine"))
    if canvas is None or machine is None:
        return
    from hardware.sheet_placement import check_sheet

    faults = [check_sheet(*size_mm, machine) for size_mm in canvas.sizes_mm]
    node = below(tree, "canvas", "paper") or tree.get("canvas") or tree
    for text in faults[0] if all(faults) else ():  # one orientation that fits is enough
        yield Fault(node.place, ("canvas", "paper"), text)


def valid(model: type[M], node: Node | None) -> M | None:
    """The model of a tree; None where there is none, or where it has faults."""
    try:
        return None if node is None else validated(model, node)
    except ValidationError:
        return None


def validated(model: type[M], node: Node) -> M:
    """The model of a tree. pydantic's ValidationError where it does not fit.

    Strict, so that "8" is not a number and true is not 1; as JSON, so that lists become tuples.
    """
    return model.model_validate_json(json.dumps(plain(node)), strict=True)
