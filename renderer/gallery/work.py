"""One work of a gallery: rendered, and written as a complete folder or not at all."""

import hashlib
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from renderer.gallery.gather import write
from renderer.gallery.key import key
from renderer.gallery.label import labels
from renderer.gallery.names import MANIFEST
from renderer.gallery.statement import RenderCost, dependencies, sparks, statement
from renderer.progress import Report
from renderer.result import Result
from renderer.specfile import Work


class WorkError(Exception):
    """A work that must not be added to the gallery; the message says why."""


def publish(work: Work, gallery: Path, report: Report, out: Path | None = None, device: str = "cpu") -> dict[str, Any]:
    """Render a work and write its folder; return metrics, cost, totals and size.

    Raises WorkError, OutputError, EngineError, and the errors of `pipeline.render`.
    """
    files, record = render_files(work, gallery, report, out, device)
    write(gallery / work.name, files)
    predicate = record["predicate"]
    size = sum(map(len, files.values()))
    return {
        "metrics": predicate["render_metrics"],
        "cost": predicate["render_cost"],
        "totals": predicate["render_totals"],
        "bytes": size,
    }


def render_files(
    work: Work, gallery: Path, report: Report, out: Path | None = None, device: str = "cpu"
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Render a work; return all files of its folder and its manifest, which is one of them.

    `out`: a folder that also gets the complete render. Raises WorkError, OutputError, EngineError, and the errors of
    `pipeline.render`.
    """
    from renderer import output, pipeline
    from renderer.gallery.exhibit import exhibit
    from renderer.manifest import manifest, spec_sha256
    from renderer.output.contents import machine_files

    wanted, started, began = key(work), datetime.now(UTC), time.perf_counter()
    result = pipeline.render(work, report, device=device)
    _refuse_another_picture(result)
    if out is not None:
        output.write(result, out / work.name)
    result, _, plotting = machine_files(result)
    record = manifest(result, {}, plotting=plotting)
    files = exhibit(result, spec_sha256(result.work.artwork)) | labels(record["passes"], sparks(result.history))
    cost = RenderCost(time.perf_counter() - began, time.process_time(), _peak_mb())
    document = statement(
        record,
        wanted,
        {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        folder=gallery,
        dependencies=dependencies(work, result.target_source, result.weights),
        history=result.history,
        cost=cost,
        started=started,
        finished=datetime.now(UTC),
    )
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    return files | {MANIFEST: text.encode()}, document


def _refuse_another_picture(result: Result) -> None:
    image = result.work.artwork.target.image
    if not isinstance(image, str) and result.target_source != image.sha256:
        raise WorkError(f"its picture is not available, and the fallback is another picture: {'; '.join(result.notes)}")


def _peak_mb() -> float:
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
