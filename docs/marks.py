"""Draw pictures in some kinds of marks on one sheet: a row for each mark. By default, with one black pen on A4.

python docs/marks.py docs/marks-lines.jpg --marks flow hatching one_line -- portrait.jpg cat.png castle.jpg reader.png
python docs/marks.py docs/marks-colour.jpg --paper A5 --pens '{rack: fineliners, use: 6}' --marks flow scribble -- *.jpg
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from renderer import pipeline
from renderer.specfile import load

SPEC = """\
version: 1
title: {title}
target: {{image: {image}}}
canvas: {{paper: {paper}}}
pens: {pens}
machine: gantry_grbl_servo
layers: [{layer}]
"""
LAYERS = {"hatching": "{hatching: {cross: 2}}"}
GAP_PX, CAPTION_PX, MOST_BYTES = 14, 22, 600_000


def drawn(picture: Path, mark: str, paper: str, pens: str, folder: Path) -> Image.Image:
    """The preview of a picture in a mark."""
    spec = folder / f"{mark}.yaml"
    text = SPEC.format(title=mark, image=picture.resolve(), paper=paper, pens=pens, layer=LAYERS.get(mark, mark))
    spec.write_text(text, encoding="utf-8")
    preview = pipeline.render(load(spec)[0]).preview  # [3, h, w]
    return Image.fromarray((preview.transpose(1, 2, 0) * 255).round().astype(np.uint8))


def sheet(rows: list[tuple[str, list[Image.Image]]], height_px: int) -> Image.Image:
    """A row of pictures of one height for each mark, with its name above."""
    scaled = [
        (
            name,
            [
                one.resize((round(one.width * height_px / one.height), height_px), Image.Resampling.LANCZOS)
                for one in row
            ],
        )
        for name, row in rows
    ]
    width = max(sum(one.width + GAP_PX for one in row) for _, row in scaled) + GAP_PX
    made = Image.new("RGB", (width, len(rows) * (height_px + CAPTION_PX + GAP_PX) + GAP_PX), "#d8d8d8")
    font = ImageFont.load_default(15)
    top = GAP_PX
    for name, row in scaled:
        ImageDraw.Draw(made).text((GAP_PX, top), name, "#222222", font)
        left = GAP_PX
        for one in row:
            made.paste(one, (left, top + CAPTION_PX))
            left += one.width + GAP_PX
        top += height_px + CAPTION_PX + GAP_PX
    return made


def _scaled(image: Image.Image, height_px: int) -> Image.Image:
    return image.resize((round(image.width * height_px / image.height), height_px), Image.Resampling.LANCZOS)


def save(image: Image.Image, path: Path) -> None:
    """As a JPEG of a sensible size."""
    for quality in range(88, 20, -6):
        image.save(path, quality=quality, optimize=True, progressive=True)
        if path.stat().st_size <= MOST_BYTES:
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("made", type=Path)
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("--marks", nargs="+", default=["flow", "hatching", "one_line"])
    parser.add_argument("--paper", default="A4")
    parser.add_argument("--pens", default="{rack: micron_black}", help="as in a spec")
    parser.add_argument("--height", type=int, default=360, help="of each picture, px")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            (mark, [drawn(one, mark, options.paper, options.pens, Path(folder)) for one in options.pictures])
            for mark in options.marks
        ]
    save(sheet(rows, options.height), options.made)


if __name__ == "__main__":
    main()
