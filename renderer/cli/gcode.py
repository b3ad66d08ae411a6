"""`render gcode`: an SVG to G-code in a file, a folder or on stdout."""

import os
import sys
import tempfile
from pathlib import Path

from hardware.gcode import files
from hardware.machine import load_machine
from renderer.cli import show
from renderer.cli.codes import DONE
from renderer.cli.plan import drawing_of
from renderer.output.place import explained


def write_gcode(*, svg: Path, machine: Path, out: str | None, as_json: bool) -> int:
    """Everything is checked before the first file is written."""
    chosen = load_machine(machine)
    drawing, _ = drawing_of(svg, chosen)
    texts = files(drawing, chosen)
    if out == "-" and not as_json:
        sys.stdout.write(texts["drawing.gcode"])
        sys.stdout.flush()
        return DONE
    written = [] if out == "-" else _written(texts, svg, out)
    for path in written if not as_json else []:
        show.data(str(path))
    if as_json:
        inline = {"gcode": texts["drawing.gcode"]} if out == "-" else {}
        show.as_json({"svg": str(svg), "files": [str(path) for path in written]} | inline)
    return DONE


def _written(texts: dict[str, str], svg: Path, out: str | None) -> list[Path]:
    if out is not None and Path(out).is_dir():
        chosen = {Path(out) / name: text for name, text in texts.items()}
    else:
        default = svg / "drawing.gcode" if svg.is_dir() else svg.with_suffix(".gcode")
        chosen = {Path(out) if out else default: texts["drawing.gcode"]}
    for path, text in chosen.items():
        with explained(path):
            _write_whole(path, text)
    return list(chosen)


def _write_whole(path: Path, text: str) -> None:
    """The file appears when it is complete, so that no robot is given half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii", newline="\n") as stream:
            stream.write(text)
        Path(temporary).chmod(0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
