"""`render export`: a drawing as PDF or PNG at print size."""

from pathlib import Path

import click

from hardware.svgfile import Options, reading
from renderer.cli import printing
from renderer.cli.atomic_file import write_bytes_atomically
from renderer.cli.codes import DONE
from renderer.output.place import explained


def export_drawing(*, what: Path, pdf: bool, png: bool, dpi: int, out: Path | None, as_json: bool) -> int:
    """Write a finished render, a work of a gallery, or any file of strokes at print size.

    Raises UsageError without a format, SvgError if the drawing cannot be read, PrintError if it cannot be drawn, and
    OutputError if the file cannot be written.
    """
    from renderer.print_size import as_pdf, as_png

    suffixes = _suffixes(pdf, png, out)
    source = what / "drawing.svg" if what.is_dir() else what
    read = reading(source, Options(keep_order=True))
    for note in read.notes:
        printing.say(f"note: {source}: {note}")
    made = {
        out or _beside(what, suffix): as_pdf(read.drawing) if suffix == ".pdf" else as_png(read.drawing, dpi)
        for suffix in suffixes
    }
    for path, content in made.items():
        with explained(path):
            write_bytes_atomically(path, content)
    if as_json:
        printing.as_json({"files": [str(path) for path in made]})
    for path in made if not as_json else ():
        printing.data(str(path))
    return DONE


def _suffixes(pdf: bool, png: bool, out: Path | None) -> list[str]:
    """Return the suffixes of the files to write: as asked, else that of --out."""
    asked = [suffix for suffix, is_asked in ((".pdf", pdf), (".png", png)) if is_asked]
    named = out.suffix.lower() if out is not None else ""
    if len(asked) > 1 and out is not None:
        raise click.UsageError("--out names one file; choose --pdf or --png, or leave --out away for both")
    if not asked and named not in (".pdf", ".png"):
        raise click.UsageError("choose --pdf, --png or both")
    return asked or [named]


def _beside(what: Path, suffix: str) -> Path:
    """The default file: beside the folder of a render, because the folder holds only what the render made."""
    path = what.resolve()
    return path.with_name(f"{path.name if what.is_dir() else path.stem}{suffix}")
