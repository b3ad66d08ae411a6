"""How a sheet lies on the bed of a machine. y is flipped here, and nowhere else."""

from dataclasses import dataclass

from hardware.machine import ROUNDING_MM, Machine


@dataclass(frozen=True)
class SheetPlacement:
    """A sheet's place on a bed: a point of the drawing, origin top left, y down, is at `rows @ point + offset_mm`."""

    rows: tuple[tuple[int, int], tuple[int, int]]
    offset_mm: tuple[float, float]
    corner_mm: tuple[float, float]  # the sheet's bottom left corner on the bed
    size_mm: tuple[float, float]  # its size on the bed, after rotation

    def on_bed(self, x_mm: float, y_mm: float) -> tuple[float, float]:
        """Return a point of the drawing in the machine's coordinates, mm."""
        (a, b), (c, d) = self.rows
        return a * x_mm + b * y_mm + self.offset_mm[0], c * x_mm + d * y_mm + self.offset_mm[1]

    def on_sheet(self, x_mm: float, y_mm: float) -> tuple[float, float]:
        """Return a point of the bed in the drawing's coordinates, mm. A rotation's inverse is its transpose."""
        (a, b), (c, d) = self.rows
        u, v = x_mm - self.offset_mm[0], y_mm - self.offset_mm[1]
        return a * u + c * v, b * u + d * v


def sheet_placement(width_mm: float, height_mm: float, machine: Machine) -> SheetPlacement:
    """Return how a sheet of this size in mm lies on the machine's bed. y is flipped here and nowhere else."""
    turned = machine.rotate in (90, 270)
    size = (height_mm, width_mm) if turned else (width_mm, height_mm)
    rows, corner = {  # `corner` is the position of the drawing's origin relative to the sheet's bottom left corner
        0: (((1, 0), (0, -1)), (0.0, size[1])),
        90: (((0, 1), (1, 0)), (0.0, 0.0)),
        180: (((-1, 0), (0, 1)), (size[0], 0.0)),
        270: (((0, -1), (-1, 0)), size),
    }[machine.rotate]
    left_mm, bottom_mm = machine.origin_mm
    if machine.sheet_corner == "top left":
        bottom_mm -= size[1]
    if machine.centre:
        left, bottom, right, top = machine.bed_mm
        left_mm, bottom_mm = (left + right - size[0]) / 2, (bottom + top - size[1]) / 2
    return SheetPlacement(rows, (left_mm + corner[0], bottom_mm + corner[1]), (left_mm, bottom_mm), size)


def sheet_room_mm(machine: Machine) -> tuple[float, float]:
    """Return how far a sheet can reach along x and y from its corner, or on the whole bed if it lies in the centre."""
    left, bottom, right, top = machine.bed_mm
    x_mm, y_mm = machine.origin_mm
    if machine.centre:
        return right - left, top - bottom
    return right - x_mm, y_mm - bottom if machine.sheet_corner == "top left" else top - y_mm


def check_sheet(width_mm: float, height_mm: float, machine: Machine) -> list[str]:
    """Return a message for each side of a sheet of this size, in mm, that does not fit on this machine."""
    placement = sheet_placement(width_mm, height_mm, machine)
    where = "" if machine.centre else "from origin_mm "
    cure = "" if machine.centre else ", or move origin_mm"
    faults = []
    for side, size_mm, room_mm in zip(("wide", "high"), placement.size_mm, sheet_room_mm(machine), strict=True):
        if size_mm > room_mm + ROUNDING_MM:
            faults.append(
                f"the sheet is {size_mm:g} mm {side}, but {where}the bed of {machine.name!r} has only"
                f" {room_mm:g} mm; use smaller paper, rotate the sheet{cure}"
            )
    return faults
