"""The models of a spec -> the tables of fields in `specs/README.md`, between marks that name the model."""

import inspect
import itertools
import re
from enum import Enum
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from renderer.spec import Artwork
from renderer.specfile.schema import Schema, schema
from renderer.specfile.suggest import kinds_of

_MARK = re.compile(r"<!-- fields of (\w+) -->\n.*?<!-- end -->", re.DOTALL)

_PATH = re.compile("A (file|path|picture beside)")


def with_tables(page: str) -> str:
    """The page with every table up to date, and a section for each model that had none.

    KeyError where a mark does not name a model.
    """
    page = _with_sections(page)
    models, definitions = {model.__name__: model for model in all_models()}, schema()["definitions"]
    definitions["Artwork"] = schema()

    def table(mark: re.Match[str]) -> str:
        name = mark[1]
        return f"<!-- fields of {name} -->\n{_table(models[name], definitions[name]['properties'])}\n<!-- end -->"

    return _MARK.sub(table, page)


def _with_sections(page: str) -> str:
    """A new model gets a heading, its docstring and a mark, below the model that comes before it."""
    models = all_models()
    for before, model in itertools.pairwise(models):
        if f"<!-- fields of {model.__name__} -->" in page:
            continue
        [level] = re.findall(rf"^(#+) {before.__name__}$", page, re.MULTILINE)
        heading, said = f"{level} {model.__name__}", inspect.getdoc(model)
        section = f"{heading}\n\n{said}\n\n<!-- fields of {model.__name__} -->\n<!-- end -->\n\n"
        start = page.index(f"<!-- fields of {before.__name__} -->")
        following = re.compile(r"^#", re.MULTILINE).search(page, start)
        end = following.start() if following else len(page)
        page = page[:end] + section + page[end:]
    return page


def all_models() -> list[type[BaseModel]]:
    """Artwork and every model that it can contain."""
    found: list[type[BaseModel]] = [Artwork]
    for model in found:
        for field in model.model_fields.values():
            found += [inner for inner in _models_in(field.annotation) if inner not in found]
    return found


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    found = []
    for kind in kinds_of(annotation):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found.append(kind)
        else:
            found += [inner for part in getattr(kind, "__args__", ()) for inner in _models_in(part)]
    return found


def _table(model: type[BaseModel], properties: Schema) -> str:
    rows = [
        f"| `{name}` | {_type(properties[name])} | {_default(field)} | {_cell(field.description or '')} |"
        for name, field in model.model_fields.items()
    ]
    return "\n".join(["| field | type | default | meaning |", "|---|---|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _default(field: FieldInfo) -> str:
    match field.default:
        case _ if field.is_required():
            return "*needed*"
        case Enum(value=value):
            return f"`{value}`"
        case BaseModel():
            return "its defaults"
        case tuple() as values if values and isinstance(values[0], BaseModel):
            return "see right"
        case tuple() as values if values:
            return f"`{list(values)}`"
        case bool() as truth:
            return f"`{str(truth).lower()}`"
        case float() as number:
            return f"`{number:g}`"
        case default:
            return f"`{default}`" if default or default == 0 else "none"


def _type(field: Schema) -> str:
    forms = field.get("anyOf") or field.get("oneOf") or [field]
    texts = dict.fromkeys(_form(form) for form in forms if form != {"type": "null"})
    return ", or ".join(texts)


def _form(form: Schema) -> str:
    match form:
        case {"$ref": ref}:
            name = ref.rpartition("/")[2]
            return "`opaque`, `transparent`" if name == "Ink" else f"[{name}](#{name.lower()})"
        case {"allOf": [inner]}:
            return _form(inner)
        case {"const": value}:
            return f"`{value}`"
        case {"enum": values}:
            return ", ".join(f"`{value}`" for value in values)
        case {"anyOf": _} | {"oneOf": _}:
            return _type(form)
        case {"type": "array", "prefixItems": items}:
            return f"list of {len(items)} numbers"
        case {"type": "array", "items": items}:
            return f"list of {_form(items.get('anyOf', [items])[0])}"
        case {"type": "object"}:
            return "mapping"
        case {"type": "boolean"}:
            return "`true`, `false`"
        case {"type": "string"}:
            return "path" if _PATH.match(form.get("description", "")) else "text"
    return {"integer": "whole number", "number": "number"}[form["type"]] + _bounds(form)


def _bounds(form: Schema) -> str:
    low, above = form.get("minimum"), form.get("exclusiveMinimum")
    high, below = form.get("maximum"), form.get("exclusiveMaximum")
    texts = [
        f"at least {_number(low)}" if low is not None else "",
        f"above {_number(above)}" if above is not None else "",
        f"at most {_number(high)}" if high is not None else "",
        f"below {_number(below)}" if below is not None else "",
    ]
    return "".join(f", {text}" for text in texts if text)


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else f"{value:g}"
