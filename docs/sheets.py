"""Put finished renders, and pictures beside them, on one contact sheet with captions.

python docs/sheets.py docs/figure3.jpg --columns 4 out/figure3_points-* out/figure3_lines-*
python docs/sheets.py docs/figure1.jpg --columns 6 out/figure6_lines/progress/{01,03,06,10,16,24}-*
python docs/sheets.py docs/figure4.jpg --columns 6 out/figure3_lines_pens/film.gif
"""

import argparse
import json
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

GAP_PX, CAPTION_PX, MOST_BYTES = 16, 22, 400_000


def cells(path: Path, height_px: int, moments: int) -> list[tuple[str, Image.Image]]:
    """A render's folder or a picture as one cell; a film as so many moments, from its first to its last frame."""
    if path.suffix not in (".gif", ".webp"):
        return [cell(path, height_px)]
    film = Image.open(path)
    frames = getattr(film, "n_frames", 1)
    found = []
    for moment in range(moments):
        film.seek(round(moment * (frames - 1) / max(moments - 1, 1)))
        found.append((f"{moment / max(moments - 1, 1):.0%}", _scaled(film.convert("RGB"), height_px)))
    return found


def cell(path: Path, height_px: int) -> tuple[str, Image.Image]:
    """A render's folder, or a picture, as its caption and its picture without the sheet's margins."""
    if path.parent.name == "progress":
        return f"step {path.stem.rpartition('-')[2]}", _scaled(Image.open(path).convert("RGB"), height_px)
    if path.is_file():
        return path.stem.replace("_", " "), _scaled(Image.open(path).convert("RGB"), height_px)
    record = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    return record["name"], _scaled(Image.open(path / "preview.png").convert("RGB"), height_px)


def told_apart(captions: list[str]) -> list[str]:
    """Each without the words that all of them have."""
    words = [caption.split("-") for caption in captions]
    common = set.intersection(*map(set, words)) if len(words) > 1 else set()
    return [" ".join(word for word in each if word not in common) for each in words]


def _scaled(image: Image.Image, height_px: int) -> Image.Image:
    return image.resize((round(image.width * height_px / image.height), height_px), Image.Resampling.LANCZOS)


def sheet(found: list[tuple[str, Image.Image]], columns: int) -> Image.Image:
    """Rows of pictures of one height, each above its caption."""
    width, height = max(image.width for _, image in found), max(image.height for _, image in found)
    rows = -(-len(found) // columns)
    captions = told_apart([caption for caption, _ in found])
    font = ImageFont.load_default(13)
    size = (columns * (width + GAP_PX) + GAP_PX, rows * (height + CAPTION_PX + GAP_PX) + GAP_PX)
    made = Image.new("RGB", size, "#ffffff")
    for number, (caption, (_, image)) in enumerate(zip(captions, found, strict=True)):
        left = GAP_PX + (number % columns) * (width + GAP_PX)
        top = GAP_PX + (number // columns) * (height + CAPTION_PX + GAP_PX)
        made.paste(image, (left + (width - image.width) // 2, top))
        place = (left + width // 2, top + height + CAPTION_PX // 2)
        ImageDraw.Draw(made).text(place, caption, "#333333", font, anchor="mm")
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("made", type=Path)
    parser.add_argument("what", type=Path, nargs="+")
    parser.add_argument("--columns", type=int, default=4)
    parser.add_argument("--height", type=int, default=420, help="of each picture, px")
    parser.add_argument("--moments", type=int, default=6, help="of a film")
    options = parser.parse_args()
    found = [one for path in options.what for one in cells(path, options.height, options.moments)]
    image = sheet(found, options.columns)
    for quality in range(86, 20, -6):
        image.save(options.made, quality=quality, optimize=True, progressive=True)
        if options.made.stat().st_size <= MOST_BYTES:
            break


if __name__ == "__main__":
    main()
