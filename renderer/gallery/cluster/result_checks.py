"""The files that a worker has made -> the same files, if they are complete and belong to this work."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from renderer.gallery.key import Key
from renderer.gallery.names import MANIFEST
from renderer.gallery.statement import seal


class ResultError(Exception):
    """Files that must not be added to the gallery; the message says why."""


def verified(files: Mapping[str, bytes], wanted: Key) -> dict[str, bytes]:
    """The files of a work's folder, by name, if they agree with its manifest and key. Raises ResultError."""
    try:
        statement = json.loads(files[MANIFEST])
        sealed = statement["predicate"]["render_seal"] == seal(statement)
        subjects = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
        parts = dict(statement["predicate"]["buildDefinition"]["internalParameters"]["keyParts"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ResultError(f"the result has no readable {MANIFEST}; nothing was written") from None
    if not sealed:
        raise ResultError(f"the {MANIFEST} of the result was changed on the way; nothing was written")
    _check(files, subjects)
    stale = wanted.stale(parts)
    if stale:
        raise ResultError(f"the result was made from another {', '.join(stale)}; nothing was written, build again")
    return dict(files)


def _check(files: Mapping[str, bytes], subjects: Mapping[str, Any]) -> None:
    for name in subjects.keys() | files.keys() - {MANIFEST}:
        if name not in files or name not in subjects or "/" in name or "\\" in name or name in ("", ".", ".."):
            raise ResultError(f"the result lacks {name!r}, or its manifest does; nothing was written")
        actual = hashlib.sha256(files[name]).hexdigest()
        if actual != subjects[name]:
            raise ResultError(
                f"{name} has the sha256 {actual}, but its manifest says {subjects[name]}; nothing was "
                "written, build again"
            )
