"""`render film`: how a drawing comes to be under the pens."""

from pathlib import Path
from typing import Any

from hardware.svgfile import read_svg
from renderer.cli import printing
from renderer.cli.codes import DONE


def make_film(*, what: Path, out: Path | None, seconds: float, size: int, as_json: bool) -> int:
    """The film of a finished render's folder, of a gallery's work, or of any SVG."""
    source = what / "drawing.svg" if what.is_dir() else what
    drawing = read_svg(source)
    path = out or _beside(what)
    from renderer.film import film  # torch

    count = film(drawing, path, seconds=seconds, longer_px=size)
    record: dict[str, Any] = {"film": str(path), "frames": count, "bytes": path.stat().st_size}
    if as_json:
        printing.as_json(record)
        return DONE
    printing.say(f"{count} frames, {printing.size(record['bytes'])}")
    printing.data(str(path))
    return DONE


def _beside(what: Path) -> Path:
    """Beside a render's folder and not inside it: what is in there is what the render made, and no more."""
    whole = what.resolve()
    return whole.with_name(f"{whole.name if what.is_dir() else whole.stem}-plot.webp")
