"""The key that was probably meant by an unknown one."""

import difflib
import re
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from renderer.specfile.faults import Path
from renderer.specfile.tree import Fields, Scalar

Kinds = tuple[Any, ...]

_UNIT = re.compile(r"_(mm|cm|m|in|inch|px|pt|s|ms|min|mm_min|mm_s|mm_s2|px_per_mm|dpi)$")


def kinds_of(annotation: Any) -> Kinds:
    """The types that a value can have, with unions taken apart."""
    if get_origin(annotation) is Annotated:
        return kinds_of(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return tuple(kind for part in get_args(annotation) for kind in kinds_of(part))
    return (annotation,)


def kinds_at(root: type[BaseModel], path: Path) -> Kinds:
    """The types that a value can have at a path of pydantic's, which also names the branches of unions."""
    kinds: Kinds = (root,)
    for step in path:
        kinds = _kinds_below(kinds, step)
    return kinds


def models_at(root: type[BaseModel], path: Path) -> tuple[type[BaseModel], ...]:
    """Those of `kinds_at` that are models, mappings with known keys."""
    return tuple(kind for kind in kinds_at(root, path) if isinstance(kind, type) and issubclass(kind, BaseModel))


def _kinds_below(kinds: Kinds, step: str | int) -> Kinds:
    if isinstance(step, int):
        lists = [get_args(kind) for kind in kinds if _is_list(kind)]
        return tuple(inner for arguments in lists for inner in kinds_of(arguments[0]))
    models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    branch = tuple(model for model in models if _is_branch(model, step))
    fields = [model.model_fields[step].annotation for model in models if step in model.model_fields]
    return branch or tuple(kind for annotation in fields for kind in kinds_of(annotation)) or kinds


def _is_list(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return origin in (tuple, list)


def _is_branch(model: type[BaseModel], step: str) -> bool:
    """Whether pydantic means this model: by its name, which our own tags use, or by the `kind` that it must have."""
    kinds = [field.annotation for field in model.model_fields.values() if get_origin(field.annotation) is Literal]
    return model.__name__ == step or any(get_args(kind) == (step,) for kind in kinds)


def keys_of(models: tuple[type[BaseModel], ...]) -> list[str]:
    """The keys of these models, each once."""
    return list(dict.fromkeys(key for model in models for key in model.model_fields))


def near_key(key: str, keys: list[str]) -> str | None:
    """The key that differs only by its unit, or else the most similar one; None where none is similar."""
    stem = _UNIT.sub("", key)
    same = [other for other in keys if _UNIT.sub("", other) == stem]
    return next(iter(same or difflib.get_close_matches(key, keys, n=1)), None)


def unknown_key(root: type[BaseModel], path: Path, mapping: Fields) -> str:
    """The message for the unknown key at the end of the path: what would work instead."""
    *above, key = path
    key = str(key)
    models = models_at(root, tuple(above))
    keys = keys_of(models)
    if (number := _decimal_comma(key, mapping)) is not None:
        return f"the comma ends the number before it; write a decimal point: {number}"
    inner = [child for child in keys if key in keys_of(_models_below(models, child))]
    if inner:
        child = next((child for child in inner if child in mapping), inner[0])
        return f"unknown key {key!r}; it belongs below {child!r}, one level further in"
    outer = models_at(root, tuple(above[:-1]))
    if above and outer != models and key in keys_of(outer):
        return f"unknown key {key!r}; it belongs beside {str(above[-1])!r}, one level further out"
    near = near_key(key, keys)
    if near:
        return f"unknown key {key!r}; did you mean {near!r}?"
    if [model.__name__ for model in models] == ["Loss"]:
        return f"{key!r} is not one of {', '.join(keys)}"
    return f"unknown key {key!r}; the keys here are {', '.join(keys)}"


def _decimal_comma(key: str, mapping: Fields) -> str | None:
    """`1.5` where `{margin_mm: 1,5}` was written, which is a key 5 with no value; None for anything else."""
    place = mapping.keys.index(key) if key.isdecimal() and key in mapping else 0
    before = mapping.entries[place - 1].value if place else None
    if isinstance(before, Scalar) and type(before.value) is int:
        return f"{before.text}.{key}"
    return None


def _models_below(models: tuple[type[BaseModel], ...], key: str) -> tuple[type[BaseModel], ...]:
    kinds = _kinds_below(models, key)
    kinds += _kinds_below(kinds, 0)
    return tuple(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
