"""How large a drawing becomes on paper: its own size, or the one that a person asks for."""

import math
from dataclasses import dataclass

from hardware.svgfile.xml import SvgError

Size = tuple[float, float]  # mm


@dataclass(frozen=True)
class Sizing:
    """The sheet that a person asks for. At most one of width or height, scale, and within."""

    width_mm: float | None = None  # of the sheet
    height_mm: float | None = None
    scale: float | None = None  # of the sheet and all on it
    within_mm: Size | None = None  # the largest sheet
    margin_mm: float = 0.0  # of the sheet, in which the page is not drawn


@dataclass(frozen=True)
class PageFit:
    """The sheet, and how the page of a file lies on it: enlarged, then moved. Millimetres."""

    sheet_mm: Size
    scale: float = 1.0
    offset_mm: Size = (0.0, 0.0)


def fitted(page_mm: Size, sizing: Sizing | None) -> PageFit:
    """Return how a page of this size lies on its sheet. Raises SvgError if there is no room inside the margin."""
    if sizing is None:
        return PageFit(page_mm)
    sheet = tuple(round(length, 4) for length in _sheet(page_mm, sizing))
    room = [length - 2 * sizing.margin_mm for length in sheet]
    if min(room) <= 0:
        raise SvgError(
            f"a margin of {sizing.margin_mm:g} mm leaves no room on a sheet of {sheet[0]:g} x {sheet[1]:g} mm;"
            " choose a smaller --margin or a larger sheet"
        )
    scale = min(room[0] / page_mm[0], room[1] / page_mm[1])
    offset = [(length - scale * page) / 2 for length, page in zip(sheet, page_mm, strict=True)]
    return PageFit((sheet[0], sheet[1]), scale, (offset[0], offset[1]))


def _sheet(page: Size, sizing: Sizing) -> Size:
    if sizing.width_mm is not None and sizing.height_mm is not None:
        return sizing.width_mm, sizing.height_mm
    scale = sizing.scale or 1.0
    if sizing.width_mm is not None:
        scale = sizing.width_mm / page[0]
    elif sizing.height_mm is not None:
        scale = sizing.height_mm / page[1]
    elif sizing.within_mm is not None:
        down = 1e4  # tenths of a micrometre: rounded down, so that the sheet stays within
        scale = min(sizing.within_mm[0] / page[0], sizing.within_mm[1] / page[1])
        return math.floor(page[0] * scale * down) / down, math.floor(page[1] * scale * down) / down
    return page[0] * scale, page[1] * scale
