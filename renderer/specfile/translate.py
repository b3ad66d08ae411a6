"""pydantic's errors about a spec -> messages for people: one sentence per fault, with what would work."""

import re
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from renderer.spec import MisfitError
from renderer.specfile.faults import Fault, Path, Place
from renderer.specfile.suggest import keys_of, models_at, near_key, unknown_key
from renderer.specfile.tree import Fields, Items, Node, Scalar, located, shown

_QUANTITY = re.compile(r"\s*([-+]?[0-9]*\.?[0-9]+)\s*([a-zA-Z%\"'°/]*)\s*")
_COMMA = re.compile(r"[-+]?\d+,\d+")
_IN_MM = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "in": 25.4, "inch": 25.4, '"': 25.4}


def unknown_keys(error: ValidationError) -> list[Path]:
    """The paths of keys that are not fields, as pydantic reports them."""
    return [detail["loc"] for detail in error.errors(include_url=False) if detail["type"] == "extra_forbidden"]


def misfits(error: ValidationError, tree: Node) -> list[Fault]:
    """The faults that our own validators found, without missing keys, in a tree whose unknown keys were removed."""
    details = [detail for detail in error.errors(include_url=False) if detail["type"] == "value_error"]
    return [
        fault
        for detail in details
        if all(below for below, _ in getattr(detail["ctx"]["error"], "faults", ()))
        for fault in _own(detail, tree, *located(tree, detail["loc"]))
    ]


def translated(root: type[BaseModel], error: ValidationError, tree: Node, reported: set[Place]) -> list[Fault]:
    """The faults of a tree that is not a `root`. `reported`: the places of values whose faults are already reported."""
    details = error.errors(include_url=False)
    faults = []
    for detail in details:
        node, path = located(tree, detail["loc"])
        if not (isinstance(node, Scalar) and node.place in reported) and not _is_echo(root, detail, details):
            faults += _faults(root, detail, tree, node, path)
    return faults


def _is_echo(root: type[BaseModel], detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """Whether a fault only follows from another one that is reported."""
    path = detail["loc"]
    if detail["type"] == "too_short":  # counted after the faulty entries were dropped
        return bool(detail["input"])
    if detail["type"] != "missing":
        return False
    keys = keys_of(models_at(root, path[:-1]))
    unknown = [d["loc"][-1] for d in details if d["type"] == "extra_forbidden" and d["loc"][:-1] == path[:-1]]
    return any(near_key(str(key), keys) == path[-1] for key in unknown)


def _faults(root: type[BaseModel], detail: ErrorDetails, tree: Node, node: Node, path: Path) -> list[Fault]:
    loc = detail["loc"]
    match detail["type"]:
        case "missing" if isinstance(loc[-1], int) and isinstance(node, Items):
            return [Fault(node.place, path, f"has fewer than {loc[-1] + 1} entries; add what is missing")]
        case "missing":
            return [Fault(node.place, path, _missing(root, loc))]
        case "extra_forbidden":
            mapping, above = located(tree, loc[:-1])
            entry = mapping.entry(str(loc[-1])) if isinstance(mapping, Fields) else None
            if entry is None or not isinstance(mapping, Fields):
                return [Fault(node.place, path, f"unknown key {loc[-1]!r}")]
            return [Fault(entry.place, (*above, entry.key), unknown_key(root, loc, mapping))]
        case "value_error":
            return _own(detail, tree, node, path)
    return [Fault(node.place, path, _text(root, detail, node, path))]


def _missing(root: type[BaseModel], loc: Path) -> str:
    described = [
        model.model_fields[str(loc[-1])].description
        for model in models_at(root, loc[:-1])
        if loc[-1] in model.model_fields
    ]
    what = next((text for text in described if text), None)
    return f"the key {loc[-1]!r} is missing" + (f" ({what[0].lower() + what[1:].rstrip('.')})" if what else "")


def _own(detail: ErrorDetails, tree: Node, node: Node, path: Path) -> list[Fault]:
    """The faults that our own validators found; a MisfitError knows their places."""
    error = detail.get("ctx", {}).get("error")
    if not isinstance(error, MisfitError):
        return [Fault(node.place, path, str(error))]
    found = [(*located(tree, (*detail["loc"], *below)), text) for below, text in error.faults]
    return [Fault(inner.place, at, text) for inner, at, text in found]


# --- the sentences ----------------------------------------------------------------------------------------------------


def _text(root: type[BaseModel], detail: ErrorDetails, node: Node, path: Path) -> str:
    kind, limits, field = detail["type"], detail.get("ctx", {}), str(path[-1]) if path else ""
    if kind in _BOUNDS:
        found, use, bound = _BOUNDS[kind]
        return f"{shown(node)} is too {found}; use {use} {limits[bound]:g}"
    if kind in _NUMBERS:
        return _not_a_number(node, field, _NUMBERS[kind])
    if kind.startswith("union_tag_"):
        return _wrong_kind(root, detail, node)
    match kind:
        case "literal_error" | "enum":
            return _not_one_of(node, str(limits["expected"]))
        case "string_type":
            return _not_a_string(node, field)
        case "tuple_type" | "list_type":
            return _not_a_list(node)
        case "model_type" | "model_attributes_type" | "dict_type":
            return _not_a_mapping(root, detail["loc"], node)
    return _other(detail, node, field)


_BOUNDS = {
    "greater_than": ("small", "more than", "gt"),
    "greater_than_equal": ("small", "at least", "ge"),
    "less_than": ("large", "less than", "lt"),
    "less_than_equal": ("large", "at most", "le"),
}
_NUMBERS = dict.fromkeys(("int_type", "int_from_float", "int_parsing"), "a whole number")
_NUMBERS |= dict.fromkeys(("float_type", "float_parsing", "finite_number"), "a number")


def _other(detail: ErrorDetails, node: Node, field: str) -> str:
    limits = detail.get("ctx", {})
    match detail["type"]:
        case "bool_type" | "bool_parsing":
            return f"{_found(node)}; write true or false"
        case "string_too_short":
            return "is empty; write something"
        case "string_too_long":
            return f"has more than {limits['max_length']} characters; shorten it"
        case "too_short":
            return f"has no {field}; give at least {limits['min_length']}"
        case "too_long":
            return f"has {limits['actual_length']} entries; use at most {limits['max_length']}"
        case "string_pattern_mismatch" if field == "url":
            return f"{shown(node)} is not a web address; write one that starts with https://"
    return f"{_found(node)}; {detail['msg'][0].lower() + detail['msg'][1:]}"


def _wrong_kind(root: type[BaseModel], detail: ErrorDetails, node: Node) -> str:
    """A mapping that can be of several kinds, and names none of them or an unknown one."""
    key = str(detail["ctx"]["discriminator"]).strip("'")
    choices = _choices_of(root, detail, key)
    if detail["type"] == "union_tag_invalid":
        return f"the {key} {shown(located(node, (key,))[0])} is not one of {choices}"
    if not isinstance(node, Fields):
        return f"{_found(node)}; a mapping is needed, with {key}: and one of {choices}"
    return f"the key {key!r} is missing; write {key}: and one of {choices}"


def _choices_of(root: type[BaseModel], detail: ErrorDetails, key: str) -> str:
    """The values that a union's `kind` can have."""
    fields = [model.model_fields[key].annotation for model in models_at(root, detail["loc"])]
    return ", ".join(str(choice) for field in fields for choice in get_args(field))


def _found(node: Node) -> str:
    match node:
        case Scalar(value=None):
            return "has no value"
        case Scalar(value=bool()):
            return f"{shown(node)} is a truth value"
        case Scalar(value=str()):
            return f"{shown(node)} is a string"
        case Scalar():
            return f"{shown(node)} is a number"
    return f"found {shown(node)}"


def _not_one_of(node: Node, expected: str) -> str:
    """The message for a value that is none of the choices. `expected` is pydantic's list: "'a', 'b' or 'c'"."""
    choices = re.findall(r"'([^']*)'", expected) or [expected]
    if isinstance(node, Scalar) and node.value is None:
        return f"has no value; write {' or '.join(choices)}"
    return (
        f"{shown(node)} is not one of {', '.join(choices)}"
        if len(choices) > 1
        else f"must be {choices[0]}, not {shown(node)}"
    )


def _not_a_number(node: Node, field: str, wanted: str) -> str:
    if isinstance(node, Scalar) and isinstance(node.value, str) and _COMMA.fullmatch(node.value):
        return f"{shown(node)} has a decimal comma; write a decimal point: {node.value.replace(',', '.')}"
    written = _QUANTITY.fullmatch(node.value) if isinstance(node, Scalar) and isinstance(node.value, str) else None
    if written is None:
        is_number = isinstance(node, Scalar) and type(node.value) in (int, float)
        return f"{shown(node)} is not a whole number" if is_number else f"{_found(node)}; {wanted} is needed"
    number, unit = written.groups()
    if not unit:
        return f"{shown(node)} is in quotes; write the number alone: {number}"
    if field.endswith("_mm") and unit in _IN_MM:
        number = f"{float(number) * _IN_MM[unit]:g}"
    return f"{shown(node)} is a string; write the number alone: {number}" + (
        " (the unit is in the name)" if "_" in field else ""
    )


def _not_a_string(node: Node, field: str) -> str:
    if isinstance(node, Scalar) and node.value is None and "colour" in field:
        return 'has no value, because # starts a comment; put the colour in quotes, as in "#1e6ebe"'
    if isinstance(node, Scalar) and node.value is not None:
        return f'{_found(node)}; put it in quotes: "{node.text}"'
    return f"{_found(node)}; text is needed"


def _not_a_list(node: Node) -> str:
    if isinstance(node, Scalar) and node.value is not None:
        return f"{_found(node)}; a list is needed: [{node.text}]"
    return f"{_found(node)}; a list is needed, each entry after '- '"


def _not_a_mapping(root: type[BaseModel], loc: Path, node: Node) -> str:
    models = models_at(root, loc)
    keys = keys_of(models)
    if isinstance(node, Scalar) and node.value in keys:
        return f"{shown(node)} needs its own fields below it; write {node.text}: and indent them"
    or_file = " or the name of a file" if {model.__name__ for model in models} & {"Rack", "Machine"} else ""
    return f"{_found(node)}; a mapping is needed, with keys from {', '.join(keys)}{',' if or_file else ''}{or_file}"
