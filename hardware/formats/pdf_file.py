"""The first page of a PDF -> SVG, by a program that is installed: pdftocairo, else Inkscape."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from hardware.formats.stroke_sheet import FormatError, Imported

_SECONDS = 120
_NEITHER = (
    "reading a PDF needs pdftocairo (from poppler-utils) or Inkscape, and neither is installed; install one, or save"
    " the drawing as SVG"
)


def pdf_as_svg(path: Path) -> Imported:
    """Return the first page of a PDF as SVG. Raises FormatError."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "page.svg"
        said = _run(_command(path.absolute(), target))
        if not target.is_file():
            raise FormatError(f"is not a PDF that can be read: {said or 'the converter wrote nothing'}")
        text = target.read_text(encoding="utf-8")
    pages = _pages(path.absolute())
    return Imported(text, notes=(f"has {pages} pages; the first one is read",) if pages > 1 else ())


def _command(path: Path, target: Path) -> list[str]:
    if tool := shutil.which("pdftocairo"):
        return [tool, "-svg", "-f", "1", "-l", "1", str(path), str(target)]
    if tool := shutil.which("inkscape"):
        return [tool, str(path), "--pdf-page=1", "--export-plain-svg", f"--export-filename={target}"]
    raise FormatError(_NEITHER)


def _run(command: list[str]) -> str:
    """Run a program; return what it says, in one line. Raises FormatError."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise FormatError(f"{Path(command[0]).name} took longer than {_SECONDS} s; save the page as SVG") from None
    except OSError as fault:
        raise FormatError(f"{Path(command[0]).name} cannot be run: {fault.strerror}") from None
    return " ".join((done.stderr + done.stdout).decode("utf-8", "replace").split())[:200]


def _pages(path: Path) -> int:
    """Return how many pages a PDF has; 1 if that is not known."""
    tool = shutil.which("pdfinfo")
    found = re.search(r"Pages:\s*(\d+)", _run([tool, str(path)])) if tool else None
    return int(found[1]) if found else 1
