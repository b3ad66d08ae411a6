"""A drawing -> the film of its plot: the strokes in the machine's order, pen by pen, on the sheet.

Each frame adds the next strokes to the frame before, drawn like the preview, so the last frame is the preview.
"""

import io
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hardware.drawing import Drawing, Line, Pen, PenPass, length_mm
from renderer import preview
from renderer.progress import Picture

STROKE_MM = 8.0  # length that a machine could draw while it lifts, moves and lowers the pen
STILL_S = 2.5  # how long the last frame is shown
FORMATS = (".gif", ".webp", ".mp4")


class FilmError(Exception):
    """A film that cannot be made; the message says why and what would work."""


@dataclass(frozen=True)
class FilmFrame:
    """The plot at one moment."""

    picture: Picture  # [3, h, w], the complete sheet
    pen: Pen | None  # the pen in use; None where the colours are free, and before the first stroke
    number: int  # of the pass, from 1
    strokes: int  # drawn so far


def frames(drawing: Drawing, count: int, longer_px: int) -> Iterator[FilmFrame]:
    """The bare sheet, then about `count` frames at an even pace, at least one for each pass."""
    px_per_mm = longer_px / max(drawing.width_mm, drawing.height_mm)
    canvas = preview.picture(replace(drawing, passes=()), px_per_mm)
    yield FilmFrame(canvas, None, 0, 0)
    passes = [part for part in drawing.passes if part.lines]
    whole = sum(_pace(line) for part in passes for line in part.lines)
    drawn = 0
    for number, part in enumerate(passes, 1):
        pen = None if part.is_free else part.pen
        for few in _slices(part, whole / max(1, count - len(passes))):
            canvas = preview.added(canvas, few, px_per_mm)
            drawn += len(few.lines)
            yield FilmFrame(canvas, pen, number, drawn)


def _pace(line: Line) -> float:
    return length_mm(line) + STROKE_MM


def _slices(part: PenPass, each: float) -> Iterator[PenPass]:
    """Runs of strokes that take about the same time; none is empty."""
    ends = np.cumsum([_pace(line) for line in part.lines])
    cuts = np.unique(np.searchsorted(ends, np.arange(each, ends[-1], each), side="right"))
    bounds = [0, *(int(cut) for cut in cuts if 0 < cut < len(part.lines)), len(part.lines)]
    for first, last in pairwise(bounds):
        run = slice(first, last)
        yield replace(
            part,
            lines=part.lines[run],
            colours=part.colours and part.colours[run],
            widths_mm=part.widths_mm and part.widths_mm[run],
        )


# --- the caption ------------------------------------------------------------------------------------------------------


def captioned(frame: FilmFrame, drawing: Drawing) -> Image.Image:
    """The sheet on a grey ground, with the pen in use below it."""
    sheet = Image.fromarray(preview.pixels(frame.picture))
    edge = max(6, max(sheet.size) // 40)
    band = max(26, max(sheet.size) // 16)
    image = Image.new("RGB", (_even(sheet.width + 2 * edge), _even(sheet.height + edge + band)), "#d9d6cf")
    image.paste(sheet, (edge, edge))
    pencil = ImageDraw.Draw(image)
    middle, size = sheet.height + edge + band / 2, round(band * 0.42)
    font = ImageFont.load_default(size)
    left: float = edge
    if frame.pen is not None:
        pencil.ellipse((left, middle - size * 0.6, left + size * 1.2, middle + size * 0.6), frame.pen.colour, "#8a867e")
        left += size * 1.7
    pencil.text((left, middle), _words(frame, drawing), "#2b2926", font, "lm")
    total = f"{frame.strokes} / {sum(len(part.lines) for part in drawing.passes)}"
    pencil.text((image.width - edge, middle), total, "#6b675f", font, "rm")
    return image


def _words(frame: FilmFrame, drawing: Drawing) -> str:
    count = sum(1 for part in drawing.passes if part.lines)
    if frame.number == 0:
        return drawing.title[:48]
    if frame.pen is None:
        return "free colours"
    return f"{frame.number}/{count}  {frame.pen.name} {frame.pen.nib_mm:g} mm"


def _even(length_px: int) -> int:
    """The next even number: H.264 needs even sides."""
    return length_px + length_px % 2


# --- files ------------------------------------------------------------------------------------------------------------


def film(drawing: Drawing, path: Path, *, seconds: float = 12.0, fps: int = 12, longer_px: int = 720) -> int:
    """Write the film in the format of the file's ending, and return its number of frames. Raises FilmError."""
    if path.suffix.lower() not in FORMATS:
        raise FilmError(f"{path}: not a film; use a name that ends in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    if not any(part.lines for part in drawing.passes):
        raise FilmError("the drawing has no strokes, so there is nothing to show")
    if path.suffix.lower() == ".mp4" and shutil.which("ffmpeg") is None:
        raise FilmError(f"{path}: MP4 needs ffmpeg, which is not installed; install it, or name a .webp or .gif file")
    images = [captioned(frame, drawing) for frame in frames(drawing, round(seconds * fps), longer_px)]
    content = _video(images, fps) if path.suffix.lower() == ".mp4" else _moving(images, fps, path.suffix.lower())
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        raise FilmError(f"{path}: cannot be written: {error.strerror or error}; name another file") from error
    finally:
        beside.unlink(missing_ok=True)
    return len(images)


def _moving(images: list[Image.Image], fps: int, suffix: str) -> bytes:
    rests_ms = [round(1000 / fps)] * (len(images) - 1) + [round(1000 * STILL_S)]
    file = io.BytesIO()
    if suffix == ".webp":
        images[0].save(file, "WEBP", save_all=True, append_images=images[1:], duration=rests_ms, loop=0, quality=70)
    else:
        palette = images[-1].quantize(160, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
        few[0].save(file, "GIF", save_all=True, append_images=few[1:], duration=rests_ms, loop=0)
    return file.getvalue()


def _video(images: list[Image.Image], fps: int) -> bytes:
    """H.264, in a form that every browser and phone plays."""
    with tempfile.TemporaryDirectory(prefix="render-film-") as folder:
        out = Path(folder) / "film.mp4"
        width, height = images[0].size
        command = ["ffmpeg", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
        command += ["-r", str(fps), "-i", "-", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "20"]
        command += ["-movflags", "+faststart", "-y", str(out)]
        still = [images[-1]] * round(STILL_S * fps)
        raw = b"".join(image.tobytes() for image in (*images, *still))
        done = subprocess.run(command, input=raw, capture_output=True, check=False)
        if done.returncode != 0 or not out.exists():
            why = done.stderr.decode(errors="replace").strip().splitlines()
            raise FilmError(f"ffmpeg could not make the film: {why[-1] if why else f'exit code {done.returncode}'}")
        return out.read_bytes()
