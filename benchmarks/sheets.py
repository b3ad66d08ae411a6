"""Contact sheets: each picture beside its drawings, large enough to judge them by eye."""

import dataclasses
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.likeness import Picture, frame_of, target_of
from hardware.svgfile import read_svg

if TYPE_CHECKING:
    from benchmarks.pictures import Work
    from renderer.target import Frame

PAGE_PX = 2100  # largest width and height, unless a single row is larger
GAP_PX, LABEL_PX = 12, 30
TALLEST = 1.25  # largest ratio of a cell's height to its width
LARGEST_BYTES = 900_000
QUALITIES = (88, 80, 72, 64, 56, 48, 40, 32)


@dataclasses.dataclass(frozen=True)
class Exhibit:
    """A row of pictures of one size, and their label."""

    images: tuple[Image.Image, ...]
    label: str

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        widths = [image.width for image in self.images]
        return sum(widths) + GAP_PX * len(widths), max(image.height for image in self.images) + LABEL_PX + GAP_PX


def sheets(keeps: list[Path], into: Path, cell_px: int, stem: str, title: str, works: "list[Work]") -> list[Path]:
    """The sheets of one pen set, as many pages as needed: each picture, then its drawing from each folder."""
    exhibits = [exhibit(work, keeps, cell_px) for work in works]
    paths = []
    for number, rows in enumerate(pages(exhibits, cell_px), 1):
        path = into / f"{stem}-{number}.jpg"
        path.write_bytes(as_jpeg(page(rows, title)))
        paths.append(path)
    return paths


def enlarged(keeps: list[Path], into: Path, cell_px: int, work: "Work") -> Path:
    """A sheet with the most important part of a picture, and the drawings of it."""
    path = into / f"{work.pen_set}-{work.picture.name}-enlarged.jpg"
    path.write_bytes(as_jpeg(page([[exhibit(work, keeps, cell_px, close=True)]], work.picture.name)))
    return path


def exhibit(work: "Work", keeps: list[Path], cell_px: int, close: bool = False) -> Exhibit:
    """A picture and its drawings; the last folder's drawing determines the frame of the picture."""
    area = frame_of(json.loads((work.folder(keeps[-1]) / "render.json").read_text(encoding="utf-8"))["frame"])
    images, figures = [], []
    for keep in keeps:
        folder = work.folder(keep)
        if not (folder / "render.json").exists():
            continue
        its_area = frame_of(json.loads((folder / "render.json").read_text(encoding="utf-8"))["frame"])
        images.append(
            _drawing(folder / "drawing.svg", _part(its_area, work.picture.face) if close else its_area, cell_px)
        )
        scored = folder / "figures.json"
        if scored.exists():
            figures.append(f"{json.loads(scored.read_text(encoding='utf-8'))['ssim']:.3f}")
    wanted = _target(work, area, cell_px, close)
    return Exhibit((wanted, *images), f"{work.picture.name}, {work.picture.kind}: SSIM {', '.join(figures)}")


def _drawing(svg: Path, area: "Frame", cell_px: int) -> Image.Image:
    """A part of a drawing, reduced from twice the size."""
    from renderer.preview import framed, pixels

    drawing = read_svg(svg.read_text(encoding="utf-8"))
    width, height = _cell(area.width_mm, area.height_mm, cell_px)
    fine = dataclasses.replace(area, px_per_mm=2 * width / area.width_mm)
    return Image.fromarray(pixels(framed(drawing, fine))).resize((width, height), Image.Resampling.BOX)


def _target(work: "Work", area: "Frame", cell_px: int, close: bool) -> Image.Image:
    from renderer.preview import pixels

    width, height = _cell(area.width_mm, area.height_mm, cell_px)
    scale = 1 / (2 * work.picture.face[2]) if close else 1.0
    fine = dataclasses.replace(area, px_per_mm=scale * width / area.width_mm)
    whole: Picture = target_of(work.image, "#ffffff", fine)
    if close:
        part, px = _part(area, work.picture.face), fine.px_per_mm
        left, top = round((part.x_mm - area.x_mm) * px), round((part.y_mm - area.y_mm) * px)
        whole = whole[:, top : top + round(part.height_mm * px), left : left + round(part.width_mm * px)]
        width, height = _cell(part.width_mm, part.height_mm, cell_px)
    return Image.fromarray(np.ascontiguousarray(pixels(whole))).resize((width, height), Image.Resampling.LANCZOS)


def _part(area: "Frame", face: tuple[float, float, float]) -> "Frame":
    """A square around a place, inside the frame."""
    side_mm = min(2 * face[2] * area.width_mm, area.width_mm, area.height_mm)
    x_mm = min(max(face[0] * area.width_mm - side_mm / 2, 0), area.width_mm - side_mm)
    y_mm = min(max(face[1] * area.height_mm - side_mm / 2, 0), area.height_mm - side_mm)
    return dataclasses.replace(area, x_mm=area.x_mm + x_mm, y_mm=area.y_mm + y_mm, width_mm=side_mm, height_mm=side_mm)


def _cell(width_mm: float, height_mm: float, cell_px: int) -> tuple[int, int]:
    scale = min(cell_px / width_mm, TALLEST * cell_px / height_mm)
    return round(width_mm * scale), round(height_mm * scale)


# --- pages ------------------------------------------------------------------------------------------------------------


def pages(exhibits: list[Exhibit], cell_px: int) -> list[list[list[Exhibit]]]:
    """Pages of rows of exhibits: rows that fit a page's width, pages that fit its height."""
    most = max((len(one.images) for one in exhibits), default=1)
    across = max(1, PAGE_PX // (most * (cell_px + GAP_PX)))
    rows = [exhibits[at : at + across] for at in range(0, len(exhibits), across)]
    found: list[list[list[Exhibit]]] = []
    left_px = 0
    for row in rows:
        height = max(one.size[1] for one in row)
        if not found or height > left_px:
            found.append([])
            left_px = PAGE_PX - LABEL_PX
        found[-1].append(row)
        left_px -= height
    return found


def page(rows: list[list[Exhibit]], title: str) -> Image.Image:
    """One sheet on grey, so that white paper is visible."""
    width = max(sum(one.size[0] for one in row) for row in rows) + GAP_PX
    height = sum(max(one.size[1] for one in row) for row in rows) + LABEL_PX + GAP_PX
    sheet = Image.new("RGB", (width, height), "#d8d8d8")
    pen = ImageDraw.Draw(sheet)
    pen.text((GAP_PX, GAP_PX // 2), title, "black", ImageFont.load_default(20))
    top = LABEL_PX + GAP_PX // 2
    for row in rows:
        left = GAP_PX
        for one in row:
            under = top + max(image.height for image in one.images)
            pen.text((left, under + 4), one.label, "black", ImageFont.load_default(17))
            for image in one.images:
                sheet.paste(image, (left, top))
                left += image.width + GAP_PX
        top += max(one.size[1] for one in row)
    return sheet


def as_jpeg(sheet: Image.Image, most_bytes: int = LARGEST_BYTES) -> bytes:
    """A JPEG of the best quality that is small enough, or of the lowest quality."""
    data = b""
    for quality in QUALITIES:
        file = io.BytesIO()
        sheet.save(file, "JPEG", quality=quality, subsampling=0 if quality > 75 else 2)
        data = file.getvalue()
        if len(data) <= most_bytes:
            break
    return data
