"""`render validate` and `render schema`."""

from pathlib import Path
from typing import Any

from renderer.cli import printing
from renderer.cli.codes import DONE, USAGE
from renderer.specfile import Fault, SpecErrors, Work, load
from renderer.specfile.brush_warnings import brush_warnings


def validate_specs(*, specs: tuple[Path, ...], changes: tuple[str, ...], as_json: bool) -> int:
    """Print the works of each spec, or all its faults."""
    results = [_validated(path, changes, as_json) for path in specs]
    code = DONE if all(one["ok"] for one in results) else USAGE
    if as_json:
        printing.as_json({"specs": results, "exit_code": code})
    return code


def _validated(path: Path, changes: tuple[str, ...], quiet: bool) -> dict[str, Any]:
    try:
        works = load(path, changes, opens_pictures=True)
    except SpecErrors as error:
        printing.say(str(error))
        return {"spec": str(path), "ok": False, "faults": [_fault(fault) for fault in error.faults]}
    if not quiet:
        printing.data(f"{path}: ok, {_works(works)}")
    warnings = list(dict.fromkeys(warning for work in works for warning in brush_warnings(work)))
    for warning in warnings:
        printing.say(f"warning: {path}: {warning}")
    return {"spec": str(path), "ok": True, "works": [work.name for work in works], "warnings": warnings}


def _works(works: tuple[Work, ...]) -> str:
    names = [work.name for work in works]
    if len(names) == 1:
        return f"1 work: {names[0]}"
    return f"{len(names)} works: {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}"


def _fault(fault: Fault) -> dict[str, Any]:
    place = fault.place
    return {
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "path": list(fault.path),
        "text": fault.text,
    }


def print_schema(what: str) -> int:
    """Print the JSON Schema of a spec, a rack or a machine."""
    from renderer.specfile.schema import file_schema_text, schema_text

    text = schema_text() if what == "spec" else file_schema_text(what)
    printing.data(text.rstrip("\n"))
    return DONE
