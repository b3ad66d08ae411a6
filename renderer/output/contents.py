"""A finished render -> the content of every file of its folder."""

import csv
import hashlib
import io
import json
from dataclasses import replace
from typing import Any

from PIL import Image

from hardware.drawing import file_stem
from hardware.estimate import Estimate, estimate
from hardware.machine_files import files as program_files
from hardware.machine_files import suffix_of
from hardware.program import ProgramError, program
from hardware.svgfile import pass_svg, to_svg
from renderer import fitted_strokes
from renderer.manifest import manifest, spec_sha256
from renderer.output.picture_file import png
from renderer.output.sheet_folders import sheet_files, sheet_folders
from renderer.report import report, to_image
from renderer.result import Film, Result, Step

MOST_FRAMES = 24
MOST_GIF_BYTES = 3_000_000
_LINKED = ("drawing.svg", "gcode/drawing.gcode", "hpgl/drawing.hpgl", "preview.png", "progress.gif", "loss.csv")


def contents(result: Result, changes: tuple[str, ...], draft: bool) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Every file by its path in the folder, including `manifest.json`, and the manifest itself."""
    drawing, preview = result.drawing, result.preview
    key = spec_sha256(result.work.artwork)
    result, programs, plotting = machine_files(result) if result.work.tiles is None else sheet_files(result, key)
    made = {"drawing.svg": to_svg(drawing, key).encode()}
    for number, pen_pass in enumerate(drawing.passes, 1):
        made[f"passes/{file_stem(number, pen_pass.pen)}.svg"] = pass_svg(drawing, number - 1, key).encode()
    made |= programs
    made["preview.png"] = png(to_image(preview), px_per_mm=preview.shape[2] / drawing.width_mm)
    made |= _film(result.film)
    if result.strokes:
        made[fitted_strokes.FILE] = fitted_strokes.to_bytes(result.strokes)
    made["loss.csv"] = _loss_csv(result.history).encode()
    links = [path for path in _LINKED if path in made]
    links += [*(f"{folder}/drawing.svg" for folder in sheet_folders(programs)), "manifest.json"]
    text = _spec_text(result)
    made["report.html"] = report(result, plotting=plotting, spec_text=text, changes=changes, files=links).encode()
    hashes = {path: hashlib.sha256(content).hexdigest() for path, content in made.items()}
    record = manifest(result, hashes, plotting=plotting, changes=changes, draft=draft)
    if result.work.tiles is not None:
        record["sheets"] = sheet_folders(programs)
    made["manifest.json"] = (json.dumps(record, indent=2, ensure_ascii=False) + "\n").encode()
    return made, record


def machine_files(result: Result) -> tuple[Result, dict[str, bytes], Estimate | None]:
    """G-code and plotting time, if there are a machine and pens.

    A drawing that the machine cannot draw gets a note, not an error: the picture is still worth keeping.
    """
    machine = result.work.artwork.machine
    if machine is None or result.drawing.is_free:
        return result, {}, None
    try:
        texts = program_files(result.drawing, machine)
        plotting = estimate(program(result.drawing, machine), machine)
    except ProgramError as error:
        return replace(result, notes=(*result.notes, f"there is no G-code: {error}")), {}, None
    folder = suffix_of(machine)
    return result, {f"{folder}/{name}": text.encode("ascii") for name, text in texts.items()}, plotting


def _spec_text(result: Result) -> str:
    try:
        return result.work.path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):  # the spec was moved during the render
        resolved = result.work.artwork.model_dump(mode="json", exclude_defaults=True)
        return json.dumps(resolved, indent=2, ensure_ascii=False)


def _film(film: Film) -> dict[str, bytes]:
    """The files of the film: `progress/01-points-0.png ...` and `progress.gif`; none without frames."""
    if not film.frames:
        return {}
    count = min(len(film.frames), MOST_FRAMES)
    chosen = [round(i * (len(film.frames) - 1) / max(1, count - 1)) for i in range(count)]
    frames = [to_image(film.frames[i]) for i in chosen]
    names = [f"progress/{n:02d}-{_plain(film.captions[i])}.png" for n, i in enumerate(chosen, 1)]
    pngs = {name: png(_few_colours(frame, 64)) for name, frame in zip(names, frames, strict=True)}
    return pngs | {"progress.gif": _gif(frames)}


def _plain(caption: str) -> str:
    """`points 120/300` as part of a file name: `points-120`."""
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in caption.partition("/")[0])
    return "-".join(words.split()) or "frame"


def _few_colours(image: Image.Image, colours: int) -> Image.Image:
    return image.quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def _gif(frames: list[Image.Image]) -> bytes:
    """A looping GIF that pauses on the finished picture, shrunk until it is small enough to mail."""
    size_px = min(480, max(frames[0].size))
    while True:
        small = [_thumbnail(frame, size_px) for frame in frames]
        palette = _few_colours(small[-1], 128)
        paletted = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in small]
        file = io.BytesIO()
        rests_ms = [140] * (len(paletted) - 1) + [2500]
        paletted[0].save(file, "GIF", save_all=True, append_images=paletted[1:], duration=rests_ms, loop=0)
        if file.tell() <= MOST_GIF_BYTES or size_px <= 64:
            return file.getvalue()
        size_px = int(size_px * 0.8)


def _thumbnail(image: Image.Image, size_px: int) -> Image.Image:
    image = image.copy()
    image.thumbnail((size_px, size_px), Image.Resampling.LANCZOS)
    return image


def _loss_csv(history: tuple[Step, ...]) -> str:
    """A row for each step, a column for each unweighted term. No times, so that the same render gives the same file."""
    terms = list(dict.fromkeys(name for step in history for name, _ in step.terms))
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["layer", "name", "step", "loss", *terms])
    for step in history:
        values = dict(step.terms)
        known = [f"{values[name]:.8g}" if name in values else "" for name in terms]
        rows.writerow([step.layer, step.layer_name, step.step, f"{step.loss:.8g}", *known])
    return text.getvalue()
