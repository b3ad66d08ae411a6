"""A DXF file -> SVG, by ezdxf: the model space, blocks resolved, colours and line weights as they are shown."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hardware.formats.stroke_sheet import FormatError, Imported, Look, StrokeSheet

_ARCS = 16  # Bezier curves for a circle: exact to a hundred thousandth of its radius
_FILLED = {"SOLID", "TRACE"}
_TEXTS = {"TEXT", "ATTRIB", "ATTDEF"}
_NO_STROKES = {"VIEWPORT"}


def dxf_as_svg(path: Path) -> Imported:
    """Return the model space of a DXF file as SVG. Raises FormatError."""
    try:
        import ezdxf  # noqa: F401
    except ModuleNotFoundError:
        raise FormatError(
            "reading DXF needs ezdxf: pip install 'artwork-renderer[dxf]', or save the drawing as SVG"
        ) from None
    document, is_damaged = _document(path)
    mm, notes = _unit(document)
    sheet = StrokeSheet(mm)
    if is_damaged:
        sheet.lost("is damaged; what could be recovered is drawn")
    for entity, layer, look in _shown(document, mm):
        _draw(sheet, entity, layer, look)
    return sheet.imported(notes)


def _document(path: Path) -> tuple[Any, bool]:
    """Return the document, and whether some of it is lost."""
    from ezdxf import recover
    from ezdxf.lldxf.const import DXFError

    logging.getLogger("ezdxf").addHandler(logging.NullHandler())  # what it recovers is not for stderr
    try:
        document, audit = recover.readfile(str(path))  # reads sound files as well as damaged ones
        return document, audit.has_errors
    except (DXFError, OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as fault:
        raise FormatError(f"is not a DXF file that can be read: {fault}") from None


def _unit(document: Any) -> tuple[float, tuple[str, ...]]:
    """Return millimetres a unit, and a note if the file does not give its unit."""
    from ezdxf.enums import InsertUnits
    from ezdxf.units import conversion_factor

    known = {int(unit) for unit in InsertUnits} - {0}
    if document.units not in known:
        return 1.0, ("gives no unit: a unit is taken as 1 mm; --scale 25.4 takes inches",)
    return round(conversion_factor(InsertUnits(document.units), InsertUnits.Millimeters), 9), ()


def _shown(document: Any, mm: float) -> Iterator[tuple[Any, str, Look]]:
    """Yield all entities that are shown, with their layer and look. Blocks are resolved."""
    from ezdxf.addons.drawing.properties import RenderContext
    from ezdxf.disassemble import recursive_decompose

    context = RenderContext(document)
    context.set_current_layout(document.modelspace())
    context.current_layout_properties.set_colors("#ffffff")  # colour 7 is black on paper
    entities: Iterator[Any] = iter(recursive_decompose(document.modelspace()))
    for entity in entities:
        shown = context.resolve_all(entity)
        if shown.is_visible:
            dashes = tuple(length * shown.linetype_scale * mm for length in shown.linetype_pattern)
            yield entity, shown.layer, Look(shown.color[:7].lower(), max(shown.lineweight, 0.05), dashes)


def _draw(sheet: StrokeSheet, entity: Any, layer: str, look: Look) -> None:
    kind = entity.dxftype()
    if kind in _TEXTS:
        at = entity.get_placement()[1]
        sheet.text(layer, complex(at.x, at.y), entity.plain_text(), entity.dxf.height, entity.dxf.rotation, look)
    elif kind == "MTEXT":
        _paragraph(sheet, entity, layer, look)
    elif kind == "POINT":
        sheet.line(layer, [complex(entity.dxf.location.x, entity.dxf.location.y)], look)
    elif kind not in _NO_STROKES:
        _outlines(sheet, entity, layer, look)


def _paragraph(sheet: StrokeSheet, entity: Any, layer: str, look: Look) -> None:
    """Add the lines of an MTEXT, which stands below its insertion point."""
    height = entity.dxf.char_height
    turn = entity.get_rotation()
    down = complex(entity.ucs().uy.x, entity.ucs().uy.y)
    at = complex(entity.dxf.insert.x, entity.dxf.insert.y)
    for number, line in enumerate(entity.plain_text(split=True)):
        sheet.text(layer, at - down * height * (1 + 5 / 3 * number), line, height, turn, look)


def _outlines(sheet: StrokeSheet, entity: Any, layer: str, look: Look) -> None:
    from ezdxf import path as paths
    from ezdxf.lldxf.const import DXFError

    kind = entity.dxftype()
    try:
        is_area = kind in {"HATCH", "MPOLYGON"}
        found = list(paths.from_hatch(entity)) if is_area else [paths.make_path(entity, segments=_ARCS)]
    except (DXFError, TypeError, ValueError, ZeroDivisionError, AttributeError):
        sheet.lost(f"{kind} is left out: pens cannot draw it")
        return
    found = [one for one in found if len(one)]
    if found:
        for corner in paths.bbox(found):
            sheet.reach(corner.x, corner.y)
        sheet.path(layer, "".join(map(_data, found)), look, is_area or kind in _FILLED)


def _data(path: Any) -> str:
    from ezdxf.path import Command

    parts = [f"M{_xy(path.start)}"]
    for step in path.commands():
        if step.type is Command.CURVE4_TO:
            parts.append(f"C{_xy(step.ctrl1)} {_xy(step.ctrl2)} {_xy(step.end)}")
        elif step.type is Command.CURVE3_TO:
            parts.append(f"Q{_xy(step.ctrl)} {_xy(step.end)}")
        else:
            parts.append(f"{'M' if step.type is Command.MOVE_TO else 'L'}{_xy(step.end)}")
    return "".join(parts)


def _xy(point: Any) -> str:
    return f"{point.x!r},{point.y!r}"
