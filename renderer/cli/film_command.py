"""`render film`: how a drawing is made, pen by pen."""

from pathlib import Path
from typing import Any

from hardware.plurals import counted
from hardware.svgfile import read_svg
from renderer.cli import printing
from renderer.cli.codes import DONE


def make_film(*, what: Path, out: Path | None, seconds: float, size: int, as_json: bool) -> int:
    """Write the film of a finished render, of a work of a gallery, or of any SVG.

    Raises SvgError if the drawing cannot be read, and FilmError if the film cannot be written.
    """
    source = what / "drawing.svg" if what.is_dir() else what
    drawing = read_svg(source)
    path = out or _beside(what)
    from renderer.film import film  # torch

    count = film(drawing, path, seconds=seconds, longer_px=size)
    record: dict[str, Any] = {"film": str(path), "frames": count, "bytes": path.stat().st_size}
    if as_json:
        printing.as_json(record)
        return DONE
    printing.say(f"{counted(count, 'frame')}, {printing.size(record['bytes'])}")
    printing.data(str(path))
    return DONE


def _beside(what: Path) -> Path:
    """The default file: beside the folder of a render, because the folder holds only what the render made."""
    path = what.resolve()
    return path.with_name(f"{path.name if what.is_dir() else path.stem}-plot.webp")
