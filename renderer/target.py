"""A picture file -> sRGB values on the frame, the drawn part of the sheet: `[3, H, W]` float32 in [0, 1]."""

import io
import math
import stat
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from renderer.spec import Canvas

Fit = Literal["cover", "contain", "stretch"]
Picture = NDArray[np.float32]  # [H, W, 3] sRGB in [0, 1]

MOST_PIXELS = 178_000_000  # above this, Pillow itself takes a file for a decompression bomb
LEAST_PX = 8
LEAST_MM = 2.0
WORKING_PIXELS = 16_000_000  # larger pictures are shrunk as they are read: float32 takes 12 bytes per pixel

# Formats that Pillow reads itself. Not EPS or PDF, for which it starts other programs.
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "AVIF")
_READABLE = "use PNG, JPEG, WebP, TIFF, GIF, BMP, PPM or AVIF"


class TargetError(Exception):
    """A picture that cannot be drawn; the message names the file and what would work."""


@dataclass(frozen=True)
class Frame:
    """The part of the sheet that is drawn on, and its resolution during the fit."""

    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float
    px_per_mm: float
    overhang: bool = False  # whether ink may go beyond the edge, by half of a stroke's width

    @property
    def width_px(self) -> int:
        return max(1, round(self.width_mm * self.px_per_mm))

    @property
    def height_px(self) -> int:
        return max(1, round(self.height_mm * self.px_per_mm))

    def usual_length_mm(self, count: int) -> float:
        """A sensible length for `count` strokes, mm: a few times the distance between their middles."""
        return min(6 * math.sqrt(self.width_mm * self.height_mm / count), max(self.width_mm, self.height_mm))


# --- the frame --------------------------------------------------------------------------------------------------------


def frame(canvas: Canvas, fit: Fit, picture_aspect: float, thinnest_nib_mm: float) -> Frame:
    """The part of the sheet that is drawn on. `picture_aspect` is width / height.

    Raises TargetError if hardly anything is left of the sheet.
    """
    sheet_width_mm, sheet_height_mm = canvas.size_mm
    width_mm, height_mm = sheet_width_mm - 2 * canvas.margin_mm, sheet_height_mm - 2 * canvas.margin_mm
    if fit == "contain":
        width_mm, height_mm = min(width_mm, height_mm * picture_aspect), min(height_mm, width_mm / picture_aspect)
    if min(width_mm, height_mm) < LEAST_MM:
        size = f"{width_mm:.3g} x {height_mm:.3g} mm"
        raise TargetError(f"the complete picture would be {size} on this sheet; crop it, or use fit: cover")
    x_mm, y_mm = (sheet_width_mm - width_mm) / 2, (sheet_height_mm - height_mm) / 2
    px_per_mm = canvas.px_per_mm or _px_per_mm(max(width_mm, height_mm), thinnest_nib_mm)
    return Frame(x_mm, y_mm, width_mm, height_mm, px_per_mm, canvas.overhang)


def _px_per_mm(longer_mm: float, thinnest_nib_mm: float) -> float:
    """The resolution at which the thinnest nib is 2 px wide, with 256 to 512 px for the longer side."""
    return min(max(2 / thinnest_nib_mm, 256 / longer_mm), 512 / longer_mm)


def fit_picture(picture: Picture, frame: Frame, fit: Fit) -> NDArray[np.float32]:
    """The picture on the frame's pixels, `[3, H, W]` in [0, 1]. `cover` crops both sides equally."""
    height_px, width_px = picture.shape[:2]
    box = (0.0, 0.0, float(width_px), float(height_px))
    if fit == "cover":
        box = _centred(width_px, height_px, frame.width_mm / frame.height_mm)
    return _resized(picture, (frame.width_px, frame.height_px), box)


def stretched(picture: Picture, size_px: tuple[int, int]) -> Picture:  # [H, W, 3] -> [h, w, 3]
    """The picture at another height and width, such as a mask over another picture."""
    height_px, width_px = size_px
    if picture.shape[:2] == size_px:
        return picture
    box = (0.0, 0.0, float(picture.shape[1]), float(picture.shape[0]))
    return np.ascontiguousarray(_resized(picture, (width_px, height_px), box).transpose(1, 2, 0))


def _resized(
    picture: Picture, size: tuple[int, int], box: tuple[float, float, float, float]
) -> NDArray[np.float32]:  # [3, h, w]
    # Lanczos whose kernel grows with the reduction, so that every pixel of the picture counts; it overshoots at edges
    channels = [
        Image.fromarray(np.ascontiguousarray(channel)).resize(size, Image.Resampling.LANCZOS, box)
        for channel in picture.transpose(2, 0, 1)
    ]
    return np.clip(np.stack([np.asarray(channel, np.float32) for channel in channels]), 0, 1)


def _centred(width_px: int, height_px: int, aspect: float) -> tuple[float, float, float, float]:
    """The largest box of an aspect (width / height) in the middle of a picture: left, top, right, bottom."""
    box_width, box_height = min(width_px, height_px * aspect), min(height_px, width_px / aspect)
    left, top = (width_px - box_width) / 2, (height_px - box_height) / 2
    return left, top, left + box_width, top + box_height


# --- the file ---------------------------------------------------------------------------------------------------------


def load_picture(path: Path, paper_colour: str, max_pixels: int = MOST_PIXELS) -> Picture:
    """The picture in a file, `[H, W, 3]`, upright, on paper of a colour (`#rrggbb`) where it is transparent.

    Of an animation, it is the first frame. Very large pictures are shrunk to `WORKING_PIXELS`. Raises TargetError.
    """
    _check_file(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about damaged metadata, and about sizes, which are checked here
        try:
            with Image.open(path, formats=FORMATS) as image:
                _check_size(path, image, max_pixels)
                return _pixels(_shrunk(_upright(image)), paper_colour)
        except UnidentifiedImageError:
            raise TargetError(f"{path}: is not a picture that can be read; {_READABLE}") from None
        except Image.DecompressionBombError:
            raise TargetError(f"{path}: has more than {MOST_PIXELS / 1e6:g} megapixels; make it smaller") from None
        except MemoryError:
            raise TargetError(f"{path}: does not fit into memory; make it smaller") from None
        except (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, struct.error):
            raise TargetError(f"{path}: is damaged or cut off; fetch or save it again") from None


def _check_file(path: Path) -> None:
    """Check a path before it is opened: a pipe would block for ever."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise TargetError(f"{path}: cannot be read ({why}); name a picture") from None
    if stat.S_ISDIR(status.st_mode):
        raise TargetError(f"{path}: is a folder; name a picture in it")
    if not stat.S_ISREG(status.st_mode):
        raise TargetError(f"{path}: is not an ordinary file; name a picture")
    if status.st_size == 0:
        raise TargetError(f"{path}: is empty; fetch or save it again")


def _check_size(path: Path, image: Image.Image, max_pixels: int) -> None:
    width_px, height_px = image.size
    if width_px * height_px > max_pixels:
        size = f"{width_px} x {height_px} px"
        raise TargetError(f"{path}: has {size}, more than {max_pixels / 1e6:g} megapixels; make it smaller")
    if min(width_px, height_px) < LEAST_PX:
        raise TargetError(f"{path}: has {width_px} x {height_px} px; at least {LEAST_PX} x {LEAST_PX} are needed")


def _upright(image: Image.Image) -> Image.Image:
    """The picture turned as its EXIF data says. Unreadable EXIF data is ignored: the picture is more important."""
    if image.format == "JPEG" and image.width * image.height > WORKING_PIXELS:
        image.draft(None, (4096, 4096))  # decodes at a half, a quarter or an eighth of the size, never below this
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except (OSError, ValueError, SyntaxError, KeyError, TypeError, AttributeError, struct.error, ZeroDivisionError):
        return image


def _shrunk(image: Image.Image) -> Image.Image:
    """The picture shrunk to at most `WORKING_PIXELS` by a whole factor, each pixel the mean of a square."""
    factor = 1
    while image.width * image.height > WORKING_PIXELS * factor**2:
        factor += 1
    if factor == 1 or min(image.size) // factor < LEAST_PX:
        return image
    if image.mode in ("1", "P", "PA"):
        image = image.convert(_full_mode(image))
    if image.mode.startswith("I;16"):
        return Image.fromarray(np.asarray(image, np.float32) / 65535).reduce(factor)
    small = image.reduce(factor)
    small.info = dict(image.info)
    return small


def _full_mode(image: Image.Image) -> str:
    if image.mode == "1":
        return "L"
    return "RGBA" if image.mode == "PA" or "transparency" in image.info else "RGB"


# --- colours ----------------------------------------------------------------------------------------------------------


def _pixels(image: Image.Image, paper_colour: str) -> Picture:
    """The sRGB values of a picture of any mode, on paper."""
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return np.repeat(_deep_grey(image)[:, :, None], 3, axis=2)
    if image.mode in ("P", "PA", "1"):
        image = _with_info(image.convert(_full_mode(image)), image)
    if image.mode in ("La", "RGBa"):  # colours multiplied by their opacity
        image = _with_info(image.convert(image.mode.upper()), image)
    opacity = _opacity(image)
    values = np.asarray(_in_srgb(image), np.float32) / np.float32(255)
    if opacity is None:
        return values
    paper = np.array([int(paper_colour[at : at + 2], 16) / 255 for at in (1, 3, 5)], np.float32)
    return np.asarray(paper + opacity[:, :, None] * (values - paper), np.float32)


def _deep_grey(image: Image.Image) -> NDArray[np.float32]:
    """Grey of 16 or 32 bits or in floating point, `[H, W]`.

    A file does not say which value is white: the least of the usual ones that fits is used.
    """
    if image.mode.startswith("I;16"):
        return np.asarray(image, np.float32) / np.float32(65535)
    values = np.nan_to_num(np.asarray(image, np.float64), nan=0.0, posinf=1.0, neginf=0.0)
    whites = (1.0, 255.0, 65535.0, 2.0**32 - 1) if image.mode == "F" else (65535.0, 2.0**32 - 1)
    white = next((white for white in whites if values.max(initial=0) <= white), float(values.max(initial=1)))
    return np.clip(values / white, 0, 1).astype(np.float32)


def _opacity(image: Image.Image) -> Picture | None:
    """The opacity `[H, W]` in [0, 1], or None where everything is opaque."""
    if "transparency" in image.info and image.mode in ("L", "RGB"):
        image = image.convert("RGBA")
    if image.mode not in ("LA", "RGBA"):
        return None
    return np.asarray(image.getchannel("A"), np.float32) / np.float32(255)


def _in_srgb(image: Image.Image) -> Image.Image:
    """The colours without opacity as 8-bit sRGB, converted by the embedded profile if there is one."""
    colours = image.convert(image.mode[:-1]) if image.mode in ("LA", "RGBA") else image
    profile = _profile(image)
    if profile is not None:
        try:
            converted = ImageCms.profileToProfile(colours, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None  # a profile of another kind of colour, or a broken one
        if converted is not None:
            return converted
    return colours.convert("RGB")


def _profile(image: Image.Image) -> ImageCms.ImageCmsProfile | None:
    """The embedded colour profile, if there is one that is not sRGB itself."""
    embedded = image.info.get("icc_profile")
    if not embedded:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(embedded))
        is_srgb = "srgb" in (ImageCms.getProfileDescription(profile) or "").lower()
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return None if is_srgb else profile


def _with_info(image: Image.Image, source: Image.Image) -> Image.Image:
    image.info.setdefault("icc_profile", source.info.get("icc_profile"))
    return image
