"""The models of a spec -> the JSON Schema of a spec file as people write it, with short forms and files by name."""

import json
from typing import Any

from pydantic import BaseModel

from hardware.papers import PAPERS_MM
from renderer.spec import KINDS, Artwork, Loss, Machine, Rack
from renderer.specfile.sheet_tiles import TileFields
from renderer.specfile.text_lines import TextLine

Schema = dict[str, Any]

_COLOUR = "^#[0-9a-fA-F]{6}$"
_SHA256 = "^[0-9a-fA-F]{64}$"


def schema() -> Schema:
    """The schema, as draft 7, which most editors support."""
    generated = Artwork.model_json_schema(ref_template="#/definitions/{model}")
    definitions: dict[str, Schema] = generated.pop("$defs")
    for model in (generated, *definitions.values()):
        _tidy(model)
    top = generated["properties"]
    _allow(top["pens"], _list_of(_ref("Pen")))
    _allow(top["machine"], _file("machine"))
    top["matrix"] = _matrix(top["matrix"])
    sized = "A paper that has its size in a table of names, any case, or a size such as 9 x 12 in."
    paper = {"type": "string", "minLength": 1, "examples": list(PAPERS_MM), "description": sized}
    _allow(definitions["Canvas"]["properties"]["paper"], paper)
    _allow(definitions["RackPens"]["properties"]["rack"], _file("rack"), _list_of(_ref("Pen")))
    _layer(definitions["Layer"])
    kinds = {"enum": list(KINDS), "description": "As many strokes as the picture needs and the budget allows."}
    top["layers"]["items"] = {"anyOf": [_ref("Layer"), kinds]}
    definitions["Budget"] |= {"minProperties": 1, "maxProperties": 1}
    definitions["Loss"] |= {"minProperties": 1, "maxProperties": 1}
    definitions["RemoteImage"]["properties"]["sha256"]["pattern"] = _SHA256
    top["canvas"]["default"] = {}
    tiles = TileFields.model_json_schema()
    _tidy(tiles)
    definitions["Canvas"]["properties"] |= tiles["properties"]
    definitions["TextLine"] = TextLine.model_json_schema()
    _tidy(definitions["TextLine"])
    one = [{"type": "string", "minLength": 1}, _ref("TextLine")]
    text = "A title, a signature or an edition on the sheet, in lettering of single lines."
    several = {"type": "array", "items": {"anyOf": one}}
    top["text"] = {"anyOf": [*one, several], "description": text}
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Artwork spec"}
    return head | generated | {"title": "Artwork spec", "definitions": definitions}


def schema_text() -> str:
    """The content of `spec.schema.json`."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def file_schema_text(what: str) -> str:
    """The JSON Schema of the file of a `rack` or a `machine`."""
    models: dict[str, type[BaseModel]] = {"rack": Rack, "machine": Machine}
    made = models[what].model_json_schema(ref_template="#/definitions/{model}")
    definitions = made.pop("$defs", {})
    for one in (made, *definitions.values()):
        _tidy(one)
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": f"A {what} of render"}
    whole = made | {"title": head["title"], "definitions": definitions}
    if what == "rack":  # a file can be just the list of pens
        whole = {"definitions": definitions | {"Rack": made}, "anyOf": [_ref("Rack"), made["properties"]["pens"]]}
    return json.dumps(head | whole, indent=2, ensure_ascii=False) + "\n"


def _tidy(model: Schema) -> None:
    """Remove the titles made from field names, which add nothing, and add the patterns that pydantic cannot see."""
    for name, field in model.get("properties", {}).items():
        field.pop("title", None)
        if name == "colour":
            field["pattern"] = _COLOUR


def _layer(layer: Schema) -> None:
    fields = layer["properties"]
    for kind in KINDS:
        count = {"type": "integer", "minimum": 1, "description": "How many strokes."}
        _allow(fields[kind], count, {"const": "auto"})  # null stays: `curves:` with nothing after it
        fields[kind].pop("default")
    loss = fields["loss"]
    name = {"enum": list(Loss.model_fields), "description": "A term of weight 1."}
    several = {"type": "array", "items": {"anyOf": [_ref("Loss"), name]}, "minItems": 1}
    fields["loss"] = {"anyOf": [several, _ref("Loss"), name], "description": loss["description"]}
    _allow(fields["pens"], _list_of(_ref("Pen")))
    layer["oneOf"] = [{"required": [kind]} for kind in KINDS]


def _matrix(matrix: Schema) -> Schema:
    values = {"type": "array", "items": {}, "minItems": 1}
    return {"description": matrix["description"], "type": "object", "additionalProperties": values}


def _allow(field: Schema, *more: Schema) -> None:
    """Allow further forms of a field."""
    forms = field.pop("anyOf", None) or field.pop("oneOf", None) or [{"$ref": field.pop("$ref")}]
    flat = [inner for form in forms for inner in form.get("oneOf", [form])]
    field["anyOf"] = [*flat, *more]


def _ref(model: str) -> Schema:
    return {"$ref": f"#/definitions/{model}"}


def _list_of(item: Schema) -> Schema:
    return {"type": "array", "items": item, "minItems": 1}


def _file(what: str) -> Schema:
    return {"type": "string", "minLength": 1, "description": f"A file with a {what}, relative to the spec."}
