"""SVG files that other programs wrote are read so that they look the same."""

import io
from pathlib import Path

import cairosvg
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from hardware.svgfile import Options, read_svg, reading, to_svg

FILES = sorted((Path(__file__).parent / "foreign").glob("*.svg"))
SEEN = {  # passes and lines
    "cairo_arcs_dashes": (9, 103),
    "cairo_clip": (1, 26),
    "cairo_rotated": (12, 12),
    "inkscape_layers": (4, 7),
    "inkscape_paths": (4, 7),
    "inkscape_plain": (4, 7),
    "matplotlib_clip": (2, 11),
    "matplotlib_lines": (2, 107),
    "matplotlib_polar": (3, 17),
    "vpype_grid": (1, 144),
    "vpype_layers": (3, 3),
    "vpype_rotated": (1, 2),
}


def pixels(svg: bytes, width_mm: float, height_mm: float) -> NDArray[np.float64]:  # [H, W, 3] in [0, 255]
    size = {"output_width": round(6 * width_mm), "output_height": round(6 * height_mm)}
    seen = Image.open(io.BytesIO(cairosvg.svg2png(bytestring=svg, **size))).convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB"), np.float64)


def test_there_are_a_dozen_files_of_four_programs() -> None:
    assert {path.stem for path in FILES} == set(SEEN) and len(SEEN) == 12
    assert {path.stem.split("_")[0] for path in FILES} == {"cairo", "inkscape", "matplotlib", "vpype"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_of_another_program_looks_as_cairo_draws_it(path: Path) -> None:
    drawing = read_svg(path, Options(keep_order=True))
    assert (len(drawing.passes), sum(len(p.lines) for p in drawing.passes)) == SEEN[path.stem]
    theirs = pixels(path.read_bytes(), drawing.width_mm, drawing.height_mm)
    ours = pixels(to_svg(drawing).encode(), drawing.width_mm, drawing.height_mm)
    # caps are round here, and a nib is round where a stretched file has an oval one
    assert np.abs(ours - theirs).mean() < min(2.0, 0.12 * (255 - theirs).mean())


def test_what_a_file_loses_is_reported() -> None:
    arcs = reading(FILES[0], Options())
    assert arcs.notes == (
        "layer 'drawing': 3 strokes lie over others of another colour, and will end up below them;"
        " --keep-order keeps the order, in 9 passes instead of 6",
    )
    assert reading(FILES[0], Options(keep_order=True)).notes == (
        "layer 'drawing': 9 passes instead of 6, since 3 strokes lie over others of another colour",
    )
    polar = next(path for path in FILES if path.stem == "matplotlib_polar")
    assert reading(polar, Options()).notes == (
        "1 shape is left out: filled with the colour of the paper and without a stroke",
    )
