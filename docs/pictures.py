"""Make the README's picture: a target beside the drawing that was made of it.

python docs/pictures.py TARGET.png out/scream_pointillist/preview.png docs/study.png
"""

import sys
from pathlib import Path

from PIL import Image

HEIGHT_PX, GAP_PX, WHITE = 760, 24, "#ffffff"


def side_by_side(left: Path, right: Path) -> Image.Image:
    """Two pictures at one height, in few colours so that the file is small."""
    pictures = [Image.open(path).convert("RGB") for path in (left, right)]
    pictures = [picture.resize((round(picture.width * HEIGHT_PX / picture.height), HEIGHT_PX)) for picture in pictures]
    sheet = Image.new("RGB", (sum(picture.width for picture in pictures) + GAP_PX, HEIGHT_PX), WHITE)
    sheet.paste(pictures[0], (0, 0))
    sheet.paste(pictures[1], (pictures[0].width + GAP_PX, 0))
    return sheet.quantize(128, dither=Image.Dither.NONE)


if __name__ == "__main__":
    left, right, result = map(Path, sys.argv[1:])
    side_by_side(left, right).save(result, optimize=True)
