"""`render tile`: a drawing on several sheets, as SVG files that can be plotted one by one."""

from pathlib import Path

from hardware.drawing_part import PartError
from hardware.intake import Intake
from hardware.plurals import counted
from hardware.svgfile import to_svg
from hardware.tile_grid import Tiling
from hardware.tiling import tiles
from renderer.cli import printing
from renderer.cli.atomic_file import write_atomically
from renderer.cli.codes import DONE
from renderer.output.place import explained
from renderer.plot_source import drawing_of


def tile_drawing(
    *, what: Path, grid: tuple[int, int], overlap_mm: float, margin_mm: float, out: Path | None, as_json: bool
) -> int:
    """Write an SVG for each sheet. Raises PartError, SvgError, OutputError."""
    drawing, _ = drawing_of(what, None, Intake(), printing.say)
    sheets = tiles(drawing, Tiling(*grid, overlap_mm, margin_mm))
    place = out or what.with_name(f"{what.stem if what.is_file() else what.name}-tiles")
    if place == what or (what.is_dir() and place.resolve().is_relative_to(what.resolve())):
        raise PartError(f"{place}: is in the folder of the render, which stays as it is; name another with --out")
    files = [place / f"{sheet.name}.svg" for sheet in sheets]
    for file, sheet in zip(files, sheets, strict=True):
        with explained(file):
            write_atomically(file, to_svg(sheet.drawing))
    width_mm, height_mm = sheets[0].drawing.width_mm, sheets[0].drawing.height_mm
    printing.say(
        f"{counted(len(sheets), 'sheet')} of up to {width_mm:.0f} x {height_mm:.0f} mm; cut them along the marks"
    )
    if as_json:
        printing.as_json({"files": [str(file) for file in files]})
    for file in () if as_json else files:
        printing.data(str(file))
    return DONE
