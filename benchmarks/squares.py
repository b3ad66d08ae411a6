"""The three pictures of the benchmarks, as PNG files of 256 x 256 px.

Two are in scikit-image's wheel; `china.jpg` is in scikit-learn's, or in the folder of `--pictures`.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE_PX = 256
NAMES = ("astronaut", "china", "chelsea", "grey astronaut")


class PictureError(Exception):
    """A picture that is not available; the message says what would work."""


def written(name: str, into: Path, folder: Path | None = None) -> Path:
    """The picture as a file in `into`, which is written once. `folder` can hold `china.jpg`. Raises PictureError."""
    path = into / f"{name.replace(' ', '_')}.png"
    if not path.exists():
        prepared(name, folder).save(path)
    return path


def prepared(name: str, folder: Path | None = None) -> Image.Image:
    """The picture, cropped to the centre square and resized with Lanczos. Raises PictureError.

    Grey is ITU-R 601 luma of the resized picture.
    """
    colour = name.removeprefix("grey ")
    small = _square(Image.fromarray(_source(colour, folder))).resize((SIZE_PX, SIZE_PX), Image.Resampling.LANCZOS)
    return small if colour == name else small.convert("L").convert("RGB")


def _source(name: str, folder: Path | None) -> NDArray[np.uint8]:  # [H, W, 3]
    from skimage import data

    match name:
        case "astronaut":
            return np.asarray(data.astronaut())
        case "chelsea":
            return np.asarray(data.chelsea())
        case "china":
            return _china(folder)
    raise PictureError(f"{name!r} is not one of {', '.join(NAMES)}")


def _china(folder: Path | None) -> NDArray[np.uint8]:
    if folder is not None:
        path = folder / "china.jpg"
        if not path.is_file():
            raise PictureError(f"{path} does not exist; --pictures names the folder with china.jpg")
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    try:
        from sklearn.datasets import load_sample_image
    except ImportError:
        raise PictureError("china.jpg is in scikit-learn, which is not installed; see --pictures") from None
    return np.asarray(load_sample_image("china.jpg"))


def _square(image: Image.Image) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))
