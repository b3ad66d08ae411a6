"""HP-GL of finished works, read back and drawn by hp2xx (`apt install hp2xx`), against the preview.

python -m benchmarks.hpgl gallery/scream_points gallery/coffee_markers
"""

import argparse
import re
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from hardware.controllers import HpglPlotter
from hardware.drawing import Drawing, PenPass
from hardware.hpgl import files
from hardware.machine import Machine, load_machine
from hardware.sheet_placement import check_sheet, sheet_placement
from hardware.svgfile import read_svg

PX_PER_MM = 8.0
POINT_MM = 25.4 / 72  # the unit of hp2xx's SVG files
UNIT_MM = 0.025  # what hp2xx takes for the unit of every plotter
MACHINES = ("hp_7475a", "roland_dxy", "hp_7550a")


def machine_for(drawing: Drawing) -> Machine:
    """Return a starter plotter on which the sheet fits, upright or turned, as if its pen reached the border."""
    for name in MACHINES:
        for turn in (0, 90):
            found = load_machine(name)
            plotter = found.plotter.model_copy(update={"zero_mm": (0.0, 0.0)})  # hp2xx moves what lies below 0
            machine = found.model_copy(update={"rotate": turn, "margin_mm": 0.0, "hpgl": plotter})
            if not check_sheet(drawing.width_mm, drawing.height_mm, machine):
                return machine
    raise SystemExit(f"{drawing.title}: no plotter is large enough")


def lines_of(text: str, plotter: HpglPlotter, folder: Path) -> list[np.ndarray]:
    """Return the lines that hp2xx draws for a program, in mm on the bed."""
    program, svg = folder / "pass.hpgl", folder / "pass.svg"
    program.write_text(text, encoding="ascii")
    subprocess.run(["hp2xx", "-q", "-m", "svg", "-t", "-f", str(svg), str(program)], check=True, capture_output=True)
    content = svg.read_text(encoding="ascii")
    height = float(re.findall(r'viewBox="0 0 [\d.]+ ([\d.]+)"', content)[0])
    made = []
    for path in re.findall(r'<path d="([^"]*)"', content):
        points = [(float(x), height - float(y)) for x, y in re.findall(r"(-?[\d.]+), (-?[\d.]+)", path)]
        units = [(x * POINT_MM / UNIT_MM, y * POINT_MM / UNIT_MM) for x, y in points]
        made.append(np.array([plotter.place(each) for each in units]))
    return made


def compared(folder: Path) -> None:
    """Write a finished work as HP-GL, let hp2xx draw it, and print the difference from the preview."""
    from renderer.preview import picture

    drawing = read_svg(folder / "drawing.svg")
    machine = machine_for(drawing)
    placement, passes = sheet_placement(drawing.width_mm, drawing.height_mm, machine), []
    texts = files(drawing, machine)
    drawn = [part for part in drawing.passes if part.lines]
    with tempfile.TemporaryDirectory() as temporary:
        for part, text in zip(drawn, list(texts.values())[1:], strict=True):
            lines = lines_of(text, machine.plotter, Path(temporary))
            on_sheet = tuple(np.array([placement.on_sheet(x, y) for x, y in line.tolist()]) for line in lines)
            passes.append(PenPass(part.layer, part.pen, on_sheet))
    made = replace(drawing, passes=tuple(passes))
    difference = np.abs(picture(made, PX_PER_MM) - picture(drawing, PX_PER_MM)) * 255
    strokes = sum(len(part.lines) for part in drawn)
    print(
        f"{folder.name} on {machine.name}: {strokes} strokes, {sum(len(part.lines) for part in passes)} read by hp2xx,"
        f" {len(texts['drawing.hpgl']) / 1000:.0f} kB; drawn against preview at {PX_PER_MM:g} px/mm: mean"
        f" {difference.mean():.3f} / 255, 99.9th percentile {np.percentile(difference, 99.9):.1f}"
    )


def main() -> None:
    """Compare each work that is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", metavar="WORK", nargs="+", type=Path, help="finished works, with a drawing.svg")
    for folder in parser.parse_args().folders:
        compared(folder)


if __name__ == "__main__":
    main()
