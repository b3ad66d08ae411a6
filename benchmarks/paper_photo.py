"""Cards as pens with known faults would draw them, and photographs of them: the truth for benchmarks and tests.

Shares no code with `renderer.measure`. Strokes are drawn with soft, rough edges on paper with a texture; a camera looks
at the sheet from the side, through a lens that bends lines, in uneven light of a colour, with blur, noise and JPEG.
"""

import io
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hardware.card_sheet import Mark
from hardware.drawing import Line, Pen, is_dot

Light = NDArray[np.float32]  # [H, W, 3] linear

SHEET_PX_PER_MM = 24
PAPER = np.array([0.93, 0.92, 0.89], np.float32)


@dataclass(frozen=True)
class TruePen:
    """What a pen really does. `scatter` and `through` are S and T of a coat of ink: R becomes S + T R."""

    width_mm: float
    scatter: NDArray[np.float64]  # [3]
    through: NDArray[np.float64]  # [3]
    offset_mm: tuple[float, float]  # right and down on the sheet
    dot_share: float  # diameter of a dot at rest for 0 s, in widths
    dot_growth: float  # widths for the square root of a second
    speed_power: float = -0.1  # width against speed
    bleed_mm: float = 0.03
    dry_from: float = 1.0  # share of a stroke's length after which it leaves gaps

    def dot_mm(self, dwell_s: float) -> float:
        """Diameter of a dot."""
        return self.width_mm * (self.dot_share + self.dot_growth * float(np.sqrt(dwell_s)))

    @property
    def one(self) -> NDArray[np.float64]:
        """Light that one coat on white paper reflects, `[3]`."""
        return self.scatter + self.through

    @property
    def two(self) -> NDArray[np.float64]:
        """Light that two coats reflect, `[3]`."""
        return self.scatter + self.through * self.one


def true_pen(pen: Pen, rng: np.random.Generator, is_writer: bool = False) -> TruePen:
    """Return a pen near what its rack says, with faults drawn at random."""
    nominal = _linear(np.array([int(pen.colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255)
    one = np.clip(nominal ** rng.uniform(0.75, 1.3, 3) + rng.uniform(0, 0.02), 0.012, 0.93)
    share = rng.uniform(0.5, 1.0) if pen.ink.value == "transparent" else rng.uniform(0.0, 0.25)
    through = one * share
    offset = (0.0, 0.0) if is_writer else tuple(rng.uniform(-0.6, 0.6, 2))
    return TruePen(
        pen.nib_mm * rng.uniform(0.85, 1.25), one - through, through, (float(offset[0]), float(offset[1])),
        rng.uniform(0.95, 1.15), rng.uniform(0.15, 0.6), -rng.uniform(0.03, 0.2), rng.uniform(0.01, 0.04),
    )  # fmt: skip


def drawn_sheet(
    size_mm: tuple[float, float], marks: list[Mark], pens: dict[str, TruePen], rng: np.random.Generator
) -> Light:
    """Return a sheet on which these pens draw marks, pen by pen: what it reflects, `[H, W, 3]`."""
    width, height = (round(side * SHEET_PX_PER_MM) for side in size_mm)
    sheet = np.empty((height, width, 3), np.float32)
    sheet[:] = PAPER
    sheet *= (1 + 0.025 * _noise((height, width), 3, rng) + 0.012 * _noise((height, width), 40, rng))[..., None]
    paper = sheet.copy()
    rough = _noise((height, width), 4, rng)
    names = list(dict.fromkeys(mark.pen.name for mark in marks))
    for name in names:
        for mark in (one for one in marks if one.pen.name == name):
            for line in mark.lines:
                _draw(sheet, paper, rough, line, mark.pen, pens[name], rng)
    return sheet


def _draw(
    sheet: Light,
    paper: Light,
    rough: NDArray[np.float32],
    line: Line,
    pen: Pen,
    true: TruePen,
    rng: np.random.Generator,
) -> None:
    points = line + np.array(true.offset_mm) + rng.normal(0, 0.008, 2)
    width = true.dot_mm(pen.dwell_s or 0.0) if is_dot(line) else true.width_mm * _pressed(pen, true)
    reach = width / 2 + 0.25
    low = np.maximum(np.floor((points.min(axis=0) - reach) * SHEET_PX_PER_MM).astype(int), 0)
    high = np.ceil((points.max(axis=0) + reach) * SHEET_PX_PER_MM).astype(int)
    rows, columns = slice(low[1], high[1]), slice(low[0], high[0])
    part = sheet[rows, columns]
    y, x = np.mgrid[low[1] : low[1] + part.shape[0], low[0] : low[0] + part.shape[1]]
    far, along = _distance(np.stack([x + 0.5, y + 0.5], axis=-1) / SHEET_PX_PER_MM, points)
    edge = width / 2 + 0.012 * rough[rows, columns] - far
    cover = 1 / (1 + np.exp(-np.clip(edge / (0.55 * true.bleed_mm + 0.004), -30, 30)))
    if true.dry_from < 1:
        cover *= np.where(along > true.dry_from, rough[rows, columns] > 1.2, True)
    cover = cover[..., None]
    inked = (true.scatter * paper[rows, columns] + true.through * part) * (1 + 0.02 * rough[rows, columns, None])
    sheet[rows, columns] = part * (1 - cover) + inked * cover


def _pressed(pen: Pen, true: TruePen) -> float:
    """Return how much wider a stroke is at this pen's speed than at the usual one."""
    return (pen.feed_mm_min / USUAL_FEED_MM_MIN) ** true.speed_power if pen.feed_mm_min else 1.0


USUAL_FEED_MM_MIN = 2400.0


def _distance(at: NDArray[np.float64], points: Line) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far places `[..., 2]` are from a line, and where along the line the nearest points are, in [0, 1]."""
    if len(points) == 1:
        return np.hypot(*np.moveaxis(at - points[0], -1, 0)), np.zeros(at.shape[:-1])
    best, where = np.full(at.shape[:-1], np.inf), np.zeros(at.shape[:-1])
    count = len(points) - 1
    for number, (begin, end) in enumerate(pairwise(points)):
        way = end - begin
        share = np.clip(((at - begin) @ way) / max(float(way @ way), 1e-12), 0, 1)
        far = np.hypot(*np.moveaxis(at - begin - share[..., None] * way, -1, 0))
        where = np.where(far < best, (number + share) / count, where)
        best = np.minimum(best, far)
    return best, where


# --- the photograph ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Camera:
    """How a photograph is taken."""

    px_per_mm: float = 12.0
    tilt_deg: tuple[float, float] = (0.0, 0.0)  # about the level and the upright axis
    turn_deg: float = 0.0
    lens: tuple[float, float] = (0.0, 0.0)  # k1 and k2 of Brown's model
    blur_px: float = 0.7
    uneven: float = 0.2  # how much darker the light is at one side
    cast: tuple[float, float, float] = (1.0, 0.97, 0.9)
    noise: float = 0.005
    quality: int = 70
    kept: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)  # part of the picture that is kept


def any_camera(rng: np.random.Generator) -> Camera:
    """Return a camera held by hand: up to 25 degrees askew, any lens, any light."""
    tilt, way = rng.uniform(0, 25), rng.uniform(0, 2 * np.pi)
    return Camera(
        px_per_mm=rng.uniform(11, 14),
        tilt_deg=(tilt * float(np.cos(way)), tilt * float(np.sin(way))),
        turn_deg=float(rng.choice([0, 90, 180, 270]) + rng.uniform(-8, 8)),
        lens=(rng.uniform(-0.12, 0.12), rng.uniform(-0.03, 0.03)),
        blur_px=rng.uniform(0.5, 1.3),
        uneven=rng.uniform(0.05, 0.35),
        cast=(1.0, rng.uniform(0.9, 1.0), rng.uniform(0.75, 1.0)),
        noise=rng.uniform(0.002, 0.008),
    )


def photographed(sheet: Light, camera: Camera, rng: np.random.Generator) -> bytes:
    """Return a JPEG of the sheet on a dark desk."""
    maps = _maps(sheet.shape[:2], camera)
    share = SHEET_PX_PER_MM / camera.px_per_mm
    soft = cv2.GaussianBlur(sheet, (0, 0), 0.42 * share)
    seen = cv2.remap(soft, maps[0], maps[1], cv2.INTER_LINEAR, borderValue=(0.12, 0.1, 0.08))
    seen = cv2.GaussianBlur(seen, (0, 0), camera.blur_px)
    height, width = seen.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y, way = x / width - 0.5, y / height - 0.5, rng.uniform(0, 2 * np.pi)
    light = 1 - camera.uneven * (np.cos(way) * x + np.sin(way) * y + 0.5) - 0.3 * camera.uneven * 2 * (x * x + y * y)
    seen = seen * (0.95 * light)[..., None] * np.array(camera.cast, np.float32)
    seen = seen + rng.standard_normal(seen.shape, np.float32) * camera.noise * np.sqrt(0.1 + seen.clip(0))
    left, top, right, bottom = camera.kept
    seen = seen[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
    pixels = (srgb(seen.clip(0, 1)) * 255 + 0.5).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=camera.quality)
    return file.getvalue()


def _maps(shape: tuple[int, int], camera: Camera) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return where on the sheet, in its pixels, each pixel of the photograph looks."""
    size_mm = np.array(shape[::-1]) / SHEET_PX_PER_MM
    turn = cv2.Rodrigues(np.array([0, 0, np.radians(camera.turn_deg)]))[0]
    tilt = cv2.Rodrigues(np.radians(np.array([*camera.tilt_deg, 0.0])))[0]
    turned = tilt @ turn
    far_mm = 1.3 * float(np.hypot(*size_mm))
    focal = far_mm * camera.px_per_mm
    edge = np.array([(x, y) for x in (0, 1) for y in (0, 1)]) * size_mm - size_mm / 2
    seen = (turned @ np.column_stack([edge, np.zeros(4)]).T).T + np.array([0, 0, far_mm])
    flat = seen[:, :2] / seen[:, 2:]
    bent = flat * (1 + np.array(camera.lens) @ np.array([(flat**2).sum(1), (flat**2).sum(1) ** 2]))[:, None]
    low, high = bent.min(axis=0) * focal - 90, bent.max(axis=0) * focal + 90
    half = np.maximum(-low, high)  # so that the lens is in the middle of the picture
    width, height = (int(2 * side) for side in half)
    y, x = np.mgrid[0:height, 0:width]
    rays = np.stack([x - (width - 1) / 2, y - (height - 1) / 2], axis=-1) / focal
    straight = rays.copy()
    for _ in range(6):
        square = (straight**2).sum(-1, keepdims=True)
        straight = rays / (1 + camera.lens[0] * square + camera.lens[1] * square**2)
    normal, ahead = turned[:, 2], np.array([0, 0, far_mm])
    depth = (normal @ ahead) / (straight @ normal[:2] + normal[2])
    space = np.concatenate([straight * depth[..., None], depth[..., None]], axis=-1) - ahead
    on_sheet = ((space @ turned)[..., :2] + size_mm / 2) * SHEET_PX_PER_MM - 0.5
    return on_sheet[..., 0].astype(np.float32), on_sheet[..., 1].astype(np.float32)


def _noise(shape: tuple[int, int], grain_px: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return smooth noise with a deviation of 1."""
    small = [int(side / grain_px) + 2 for side in shape]
    field = rng.standard_normal(small).astype(np.float32)
    whole: NDArray[np.float32] = cv2.resize(field, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return whole / whole.std()


def _linear(srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def srgb(linear: NDArray[np.floating]) -> NDArray[np.floating]:
    """Linear light in [0, 1] as sRGB, `[..., 3] -> [..., 3]`."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)
