"""What a work of a gallery was made from, as its `manifest.json`.

It is an in-toto Statement v1 about the files beside it, with SLSA provenance v1 as its predicate. Values without a
field there are added as `render_...`, the form that it reserves for extensions. No other file of a work contains times.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from renderer.charts import by_layer
from renderer.gallery.engine import ENGINE, engine_sha256
from renderer.gallery.key import Key, canonical_sha256, file_sha256
from renderer.gallery.names import MANIFEST
from renderer.result import Step
from renderer.specfile import Work

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:artwork-renderer:gallery-work:1"
BUILDER = "urn:artwork-renderer:gallery-build"
SPARKS = 48  # losses that are kept of each layer


@dataclass(frozen=True)
class RenderCost:
    """The cost of a render."""

    seconds: float
    cpu_seconds: float
    peak_mb: float  # of memory


@dataclass(frozen=True)
class WorkManifest:
    """A manifest that was read. `is_intact` is False if it was changed by hand."""

    statement: dict[str, Any]
    is_intact: bool

    @property
    def predicate(self) -> dict[str, Any]:
        return dict(self.statement["predicate"])

    @property
    def parts(self) -> dict[str, str]:
        """The parts of the key when the work was made."""
        return dict(self.predicate["buildDefinition"]["internalParameters"]["keyParts"])

    @property
    def subjects(self) -> dict[str, str]:
        """The sha256 of each file beside it."""
        return {one["name"]: one["digest"]["sha256"] for one in self.statement["subject"]}


def statement(
    record: dict[str, Any],  # the manifest of the render
    key: Key,
    files: Mapping[str, str],  # name -> sha256
    *,
    folder: Path,  # of the gallery; the spec's path is relative to it
    dependencies: list[dict[str, Any]],
    history: tuple[Step, ...],
    cost: RenderCost,
    started: datetime,
    finished: datetime,
) -> dict[str, Any]:
    """The complete manifest. Raises EngineError."""
    versions = record["versions"]
    predicate = {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "work": record["name"],
                "spec": _from(folder, record["spec"]["file"]),
                "resolved": record["spec"]["resolved"],
            },
            "internalParameters": {
                "key": key.sha256,
                "keyParts": dict(key.parts),
                "engine": {"version": ENGINE, "sources": engine_sha256()},
                "device": record["device"],
            },
            "resolvedDependencies": dependencies,
        },
        "runDetails": {
            "builder": {"id": BUILDER, "version": versions},
            "metadata": {"startedOn": _moment(started), "finishedOn": _moment(finished)},
        },
        "render_title": record["title"],
        "render_metrics": record["metrics"] | {"final_losses": _final(history)},
        "render_sheet": record["sheet"],
        "render_passes": record["passes"],
        "render_plotting": record["plotting"],
        "render_totals": _totals(record),
        "render_cost": {
            "seconds": round(cost.seconds, 1),
            "cpu_seconds": round(cost.cpu_seconds, 1),
            "peak_mb": round(cost.peak_mb),
        },
        "render_loss": sparks(history),
        "render_notes": record["notes"],
    }
    subject = [{"name": name, "digest": {"sha256": files[name]}} for name in sorted(files)]
    document = {"_type": STATEMENT, "subject": subject, "predicateType": PREDICATE, "predicate": predicate}
    predicate["render_seal"] = seal(document)
    return document


def dependencies(work: Work, target_sha256: str, weights: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """What a work was made from: the picture, spec, racks and machines, and the weights of networks. Raises OSError."""
    image = work.artwork.target.image
    source = {"name": image} if isinstance(image, str) else {"uri": image.url}
    found: list[dict[str, Any]] = [{**source, "digest": {"sha256": target_sha256}}]
    for path in work.sources:
        name = Path(os.path.relpath(path, work.folder)).as_posix()
        found.append({"name": name, "digest": {"sha256": file_sha256(path)}})
    return found + [{"name": name, "digest": {"sha256": sha256}} for name, sha256 in weights]


def seal(statement: Mapping[str, Any]) -> str:
    """The hash of everything in the manifest but itself, which shows changes by hand."""
    predicate = {name: value for name, value in statement["predicate"].items() if name != "render_seal"}
    return canonical_sha256({**statement, "predicate": predicate})


def read(folder: Path) -> WorkManifest | None:
    """The manifest in a work's folder; None if there is none that can be read."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
        made = WorkManifest(found, found["predicate"]["render_seal"] == seal(found))
        return made if found["_type"] == STATEMENT and made.parts and made.subjects else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _from(folder: Path, file: str) -> str:
    """A path relative to the gallery, so that it shows no folders of this machine."""
    try:
        return Path(os.path.relpath(file, folder)).as_posix()
    except ValueError:  # another drive
        return Path(file).name


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _final(history: tuple[Step, ...]) -> dict[str, float]:
    """The last loss of each layer."""
    return {step.layer_name: _short(step.loss) for step in history}


def sparks(history: tuple[Step, ...]) -> list[dict[str, Any]]:
    """How the loss of each layer fell."""
    return [_spark(steps) for steps in by_layer(history)]


def _spark(steps: list[Step]) -> dict[str, Any]:
    """A layer's loss at evenly spread steps, first and last included."""
    count = min(SPARKS, len(steps))
    chosen = [steps[round(at * (len(steps) - 1) / max(1, count - 1))] for at in range(count)]
    return {"layer": steps[0].layer_name, "steps": steps[-1].step, "losses": [_short(step.loss) for step in chosen]}


def _short(value: float) -> float:
    return float(f"{value:.4g}") if abs(value) < float("inf") else 0.0


def _totals(record: dict[str, Any]) -> dict[str, Any]:
    """Totals of the plot; minutes and lifts if a machine draws it."""
    plotting = record["plotting"] or {}
    return {
        "strokes": sum(row["strokes"] for row in record["passes"]),
        "metres": round(sum(row["metres"] for row in record["passes"]), 2),
        "pens": len({row["pen"]["name"] for row in record["passes"]}),
        "lifts": plotting.get("lifts"),
        "minutes": plotting.get("minutes"),
    }
