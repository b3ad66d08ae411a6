"""What a machine has made of a work -> the same, once it is sure that it is whole, and of this work."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from renderer.gallery.key import Key
from renderer.gallery.names import MANIFEST
from renderer.gallery.statement import seal


class ResultError(Exception):
    """Files that must not hang; the message says why."""


def verified(files: Mapping[str, bytes], wanted: Key) -> dict[str, bytes]:
    """The files of a work's folder, by name, each as its manifest says. ReturnError."""
    try:
        statement = json.loads(files[MANIFEST])
        sealed = statement["predicate"]["render_seal"] == seal(statement)
        subjects = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
        parts = dict(statement["predicate"]["buildDefinition"]["internalParameters"]["keyParts"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ResultError(f"what came back has no {MANIFEST} that can be read; nothing was written") from None
    if not sealed:
        raise ResultError(f"what came back has another {MANIFEST} than was made; nothing was written")
    _check(files, subjects)
    stale = wanted.stale(parts)
    if stale:
        raise ResultError(f"what came back was made from another {', '.join(stale)}; nothing was written, build again")
    return dict(files)


def _check(files: Mapping[str, bytes], subjects: Mapping[str, Any]) -> None:
    for name in subjects.keys() | files.keys() - {MANIFEST}:
        if name not in files or name not in subjects or "/" in name or "\\" in name or name in ("", ".", ".."):
            raise ResultError(f"what came back lacks {name!r}, or has it without its manifest; nothing was written")
        actual = hashlib.sha256(files[name]).hexdigest()
        if actual != subjects[name]:
            raise ResultError(
                f"{name} came back with the sha256 {actual}, and its manifest says {subjects[name]}; nothing was "
                "written, build again"
            )
