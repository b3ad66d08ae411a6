"""Files of other kinds -> SVG text: DXF, HPGL, and the first page of a PDF."""

from pathlib import Path

from hardware.formats.stroke_sheet import FormatError, Imported

__all__ = ["FormatError", "Imported", "imported"]

_MOST_BYTES = 200_000_000
_HPGL = {".hpgl", ".hpg", ".hgl", ".plt"}


def imported(path: Path) -> Imported | None:
    """Return a file as SVG, by its suffix; None for SVG. Raises FormatError if it cannot be read."""
    suffix = path.suffix.lower()
    if suffix not in {".dxf", ".pdf", *_HPGL}:
        return None
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise FormatError(f"{size / 1e6:.0f} MB is too large; at most {_MOST_BYTES / 1e6:.0f} MB are read")
        raw = path.read_bytes()
    except OSError as fault:
        raise FormatError(f"cannot be read: {fault.strerror}") from None
    if suffix == ".dxf":
        from hardware.formats.dxf_file import dxf_as_svg

        return dxf_as_svg(path)
    if suffix == ".pdf":
        from hardware.formats.pdf_file import pdf_as_svg

        return pdf_as_svg(path)
    from hardware.formats.hpgl_file import hpgl_as_svg

    return hpgl_as_svg(raw.decode("latin-1"))
