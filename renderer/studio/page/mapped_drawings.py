"""An uploaded SVG -> a drawing with these pens for this machine, as a file that can be plotted, and what it takes.

A process of its own reads the SVG, with a time limit: a file from elsewhere can be made to take for ever.
"""

import hashlib
import json
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from renderer.studio.page.folders import UPLOADS, Folders
from renderer.studio.queue.states import StudioError

READY = ".ready"  # folder of mapped drawings, in that of the uploads
PATIENCE_S = 60.0
_LOCK = threading.Lock()  # for one drawing at a time


@dataclass(frozen=True)
class DrawingRequest:
    """What a person wants of an SVG."""

    svg: str
    machine: str  # the path of its file
    rack: str  # the path of its file; empty: the pens that the SVG names
    fits: bool  # as large as the bed allows


@dataclass(frozen=True)
class MappedDrawing:
    """The drawing as a file, its picture, and its plan."""

    path: Path
    picture: Path
    plan: dict[str, Any]  # pens, minutes, metres, size, notes


def mapped(folders: Folders, wanted: DrawingRequest) -> MappedDrawing:
    """The mapped drawing, made once. Raises StudioError, which says why a machine cannot draw the SVG."""
    changed = [Path(name).stat().st_mtime_ns for name in (wanted.svg, wanted.machine, wanted.rack) if name]
    key = hashlib.sha256(repr((wanted, changed)).encode()).hexdigest()[:12]
    path = folders.specs / UPLOADS / READY / f"{Path(wanted.svg).stem}-{key}.svg"
    picture, plan = path.with_suffix(".webp"), path.with_suffix(".json")
    with _LOCK:
        if not plan.is_file():
            path.parent.mkdir(exist_ok=True)
            _make(wanted, path)
    return MappedDrawing(path, picture, json.loads(plan.read_text(encoding="utf-8")))


def _make(wanted: DrawingRequest, path: Path) -> None:
    command = [sys.executable, "-m", __name__, json.dumps(asdict(wanted)), str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise StudioError(f"the drawing was not read within {PATIENCE_S:.0f} s; make it simpler") from error
    if done.returncode:
        raise StudioError(done.stdout.strip() or f"{Path(wanted.svg).name}: cannot be read as a drawing")


def main(wanted: DrawingRequest, path: Path) -> int:
    """Write the drawing, its picture and, last, its plan; print what is wrong and return the exit code."""
    from hardware.intake import intake_of
    from hardware.job.prepare import from_drawing
    from hardware.machine import load_machine
    from hardware.svgfile.write import to_svg
    from renderer import preview
    from renderer.plot_source import drawing_of
    from renderer.studio.queue.previews import PREVIEW_PX, webp_of

    svg, notes = Path(wanted.svg), list[str]()
    try:
        intake = intake_of(rack=Path(wanted.rack) if wanted.rack else None, fit=wanted.fits)
        drawing, machine = drawing_of(svg, load_machine(Path(wanted.machine)), intake, notes.append)
        assert machine is not None
        job = from_drawing(drawing, machine, drawing.title or svg.stem, None)
    except Exception as error:
        if type(error).__module__.split(".")[0] not in {"renderer", "hardware"}:
            raise
        sys.stdout.write(str(error).replace(f"{svg.parent}/", ""))
        return 1
    path.write_text(to_svg(drawing), encoding="utf-8")
    shown = preview.picture(drawing, PREVIEW_PX / max(drawing.width_mm, drawing.height_mm))
    path.with_suffix(".webp").write_bytes(webp_of(shown, PREVIEW_PX))
    pens = [
        {"name": part.name, "colour": part.colour, "strokes": part.strokes, "metres": part.drawn_mm / 1000,
         "minutes": part.seconds / 60}
        for part in job.parts
    ]  # fmt: skip
    said = {
        "pens": pens, "minutes": job.seconds / 60, "metres": sum(part.drawn_mm for part in job.parts) / 1000,
        "size_mm": [drawing.width_mm, drawing.height_mm],
        "notes": [note.removeprefix(f"note: {svg}: ") for note in notes],
    }  # fmt: skip
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(said), encoding="utf-8")
    beside.replace(path.with_suffix(".json"))
    return 0


if __name__ == "__main__":
    sys.exit(main(DrawingRequest(**json.loads(sys.argv[1])), Path(sys.argv[2])))
