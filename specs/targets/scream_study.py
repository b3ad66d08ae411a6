"""A study after Edvard Munch's "The Scream" (1893), painted by this script: scream_study.png, a target to draw from.

The composition is Munch's; every stroke is ours. Nothing is read from a photograph: each part of the picture is a few
guide curves written by hand, with brush strokes laid between them in colours that a seeded generator varies. The
screamer and the two walkers are larger than in the painting, so that a face drawn with few dots is still a face.

    python specs/targets/scream_study.py            writes scream_study.png beside this script
    python specs/targets/scream_study.py --check    exits 1 if that file's pixels differ from what would be painted
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

PICTURE = Path(__file__).with_name("scream_study.png")
WIDTH_PX, HEIGHT_PX = 900, 1146  # every coordinate below is in these pixels, origin top left, y down
OVERSAMPLING = 2
COLOURS = 240  # in the file, which keeps it small
SEED = 1893

Point = tuple[float, float]
Points = Sequence[Point]
Guides = Sequence[Points]
Colours = Sequence[str]
Curve = NDArray[np.float64]  # [N, 2] px

BLOOD, RED, VERMILION = "#b3200f", "#d5301a", "#e8531c"
ORANGE, AMBER, YELLOW, CREAM = "#f0801f", "#f6a52c", "#f9cf5e", "#f4e3a6"
TEAL, SEA, BLUE, NAVY, NIGHT = "#5fa08c", "#2f6a78", "#27506f", "#17324a", "#0c1a28"
OLIVE, MOSS, OCHRE, SAND = "#7d7a3a", "#4a5a3c", "#b98a3e", "#d3b36a"
RUST, BROWN, UMBER, SOOT = "#a2481f", "#7a4a28", "#46301f", "#14110f"
BONE, SKIN, SHADE = "#f3e6b8", "#e2cd8e", "#a98f52"


def catmull_rom(points: Points, samples: int = 24) -> Curve:
    """Smooth curve through `points`, [N, 2] px, `samples` to a span."""
    knots = np.array([points[0], *points, points[-1]], dtype=np.float64)
    a, b, c, d = knots[:-3, None], knots[1:-2, None], knots[2:-1, None], knots[3:, None]
    t = np.linspace(0, 1, samples, endpoint=False)[None, :, None]
    spans = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.vstack([spans.reshape(-1, 2), knots[-1]])


def resample(curve: Curve, count: int = 120) -> Curve:
    """The same curve with `count` points at equal distances along it."""
    travelled = np.concatenate([[0], np.hypot(*np.diff(curve, axis=0).T).cumsum()])
    places = np.linspace(0, travelled[-1], count)
    return np.stack([np.interp(places, travelled, axis) for axis in curve.T], axis=1)


def normals(curve: Curve) -> Curve:
    """Unit vectors across a curve, [N, 2]."""
    along = np.gradient(curve, axis=0)
    along /= np.maximum(np.hypot(*along.T)[:, None], 1e-9)
    return np.stack([-along[:, 1], along[:, 0]], axis=1)


@dataclass(frozen=True)
class Canvas:
    """An oversampled picture, a way to draw on it, and the hand's own unsteadiness."""

    image: Image.Image
    draw: ImageDraw.ImageDraw
    rng: np.random.Generator

    def polygon(self, outline: Curve, colour: tuple[int, ...]) -> None:
        self.draw.polygon([tuple(point) for point in (outline * OVERSAMPLING).tolist()], fill=colour)

    def mixed(self, colour: str, amount: float) -> tuple[int, ...]:
        """The colour as it comes off the brush: lighter or darker, warmer or colder."""
        base = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
        off = self.rng.normal(0, amount) + self.rng.normal(0, amount / 3, 3)
        return tuple(np.clip(base + off, 0, 255).astype(int).tolist())

    def stroke(self, curve: Curve, width_px: float | Curve, colour: str, taper: float = 0.85) -> None:
        """One brush stroke: a ribbon that thins to its ends, with a few bristle marks along it.

        `width_px` is one number or [N, 1], one for each point of the curve.
        """
        s = np.linspace(0, 1, len(curve))[:, None]
        half = 0.5 * width_px * (1 - taper + taper * np.sin(np.pi * s) ** 0.5)
        across = normals(curve)
        self.polygon(np.vstack([curve + half * across, (curve - half * across)[::-1]]), self.mixed(colour, 9))
        for _ in range(int(np.max(width_px) / 5)):
            at = self.rng.uniform(-0.8, 0.8)
            edges = [curve + (at + 0.1) * half * across, (curve + (at - 0.1) * half * across)[::-1]]
            self.polygon(np.vstack(edges), self.mixed(colour, 14))

    def line(self, points: Points, width_px: float, colour: str, taper: float = 0.5) -> None:
        self.stroke(resample(catmull_rom(points), 60), width_px, colour, taper=taper)

    def shape(self, points: Points, colour: str) -> None:
        """A flat closed shape with a smooth outline."""
        around = catmull_rom([points[-1], *points, points[0], points[1]])
        self.polygon(around[24:-24], self.mixed(colour, 0))

    def disc(self, x: float, y: float, radii: Point, colour: str) -> None:
        angle = np.linspace(0, 2 * np.pi, 60)
        self.polygon(np.stack([np.cos(angle), np.sin(angle)], axis=1) * radii + (x, y), self.mixed(colour, 0))

    def flow(
        self, guides: Guides, colours: Colours, count: int, width_px: float, stray: float = 0.3, swell: float = 0
    ) -> None:
        """Lay `count` strokes along and between guides, broad ones first.

        Colours run from the first guide to the last; a stroke picks its own about `stray` colours away. `swell` is how
        much of its width a stroke lacks where the guides begin: 0.9 is a surface that comes from far away.
        """
        stack = np.stack([resample(catmull_rom(guide)) for guide in guides])
        for k in range(count):
            t, start, length = self.rng.uniform((0, -0.15, 0.15), (1, 0.85, 0.45))
            s = np.linspace(max(start, 0), min(start + length, 1), 40)
            row = np.clip(t + np.linspace(-1, 1, 40) * self.rng.normal(0, 0.008), 0, 1) * (len(stack) - 1)
            low = np.minimum(row.astype(int), len(stack) - 2)
            at, part = np.rint(s * (stack.shape[1] - 1)).astype(int), (row - low)[:, None]
            curve = (1 - part) * stack[low, at] + part * stack[low + 1, at]
            chosen = round(t * len(colours) - 0.5 + self.rng.normal(0, stray))
            width = width_px * (1 - 0.65 * k / count) * (1 - swell + swell * s[:, None])
            self.stroke(curve, width, colours[min(max(chosen, 0), len(colours) - 1)])


def sky(canvas: Canvas) -> None:
    xs = (-70, 140, 300, 450, 600, 760, 970)
    heights = [
        (-15, -15, -15, -15, -15, -15, -15),
        (30, 22, 40, 58, 44, 28, 40),
        (95, 112, 80, 90, 122, 92, 100),
        (185, 148, 160, 202, 165, 112, 128),
        (225, 248, 272, 280, 232, 188, 200),
        (292, 300, 328, 345, 312, 262, 256),
        (350, 350, 372, 380, 366, 330, 310),
    ]
    waves = [list(zip(xs, ys, strict=True)) for ys in heights]
    bands = [ORANGE, RED, RED, AMBER, CREAM, YELLOW, ORANGE, RED, BLOOD, RED, VERMILION, AMBER, YELLOW, ORANGE, RED]
    bands += [BLOOD, RED, VERMILION, ORANGE, YELLOW, CREAM, AMBER, ORANGE, RED, BLOOD, RED, VERMILION, AMBER, YELLOW]
    canvas.flow(waves, bands, count=1600, width_px=24, stray=0.5)
    canvas.line([(90, 70), (200, 62), (320, 74), (430, 84), (520, 68)], 12, TEAL, taper=1)
    canvas.line([(20, 178), (110, 172), (210, 188), (300, 186)], 12, TEAL, taper=1)
    canvas.line([(330, 240), (430, 262), (520, 250), (600, 222)], 12, TEAL, taper=1)
    canvas.line([(600, 62), (700, 48), (800, 58)], 12, TEAL, taper=1)


def fjord(canvas: Canvas) -> None:
    lake = [
        [(-10, 372), (150, 376), (330, 378), (480, 380), (600, 378), (680, 390)],
        [(-10, 430), (150, 432), (300, 432), (430, 432), (520, 425), (590, 410)],
        [(-10, 505), (150, 508), (330, 506), (460, 496), (560, 478), (620, 440)],
    ]
    hills = [
        [(-10, 330), (110, 312), (230, 338), (380, 350), (520, 338), (660, 292), (780, 284), (960, 305)],
        [(-10, 350), (110, 340), (230, 355), (380, 366), (520, 358), (660, 330), (780, 330), (960, 345)],
        [(-10, 378), (110, 376), (230, 380), (380, 382), (520, 385), (660, 395), (780, 400), (910, 400)],
    ]
    headland = [
        [(800, 385), (700, 392), (610, 396), (520, 408), (462, 424)],
        [(800, 425), (720, 420), (640, 422), (560, 434), (462, 426)],
        [(800, 460), (730, 450), (660, 448), (600, 452), (540, 444), (462, 428)],
    ]
    canvas.flow(lake, [SAND, CREAM, YELLOW, CREAM, SAND, YELLOW, AMBER], count=420, width_px=18, stray=1)
    canvas.flow(hills, [NAVY, BLUE, NIGHT, SEA, NIGHT], count=260, width_px=18, stray=0.7)
    canvas.flow(headland, [NIGHT, NAVY, NIGHT, SEA, NIGHT], count=120, width_px=16, stray=0.5)
    for x, y in [(290, 425), (345, 420)]:  # two ships at anchor
        canvas.line([(x - 24, y), (x, y + 5), (x + 24, y)], 9, NAVY)
        canvas.line([(x, y), (x + 1, y - 38)], 6, NAVY)
        canvas.line([(x - 14, y - 22), (x + 14, y - 24)], 4, NAVY)


def shore(canvas: Canvas) -> None:
    """Dark water that swings round the bay, and the land that turns with it."""
    water = [
        [(-10, 505), (150, 512), (330, 512), (480, 500), (590, 470), (650, 440), (740, 420), (910, 395)],
        [(-10, 520), (150, 540), (330, 548), (490, 535), (610, 495), (690, 460), (780, 435), (910, 410)],
        [(20, 560), (170, 590), (330, 610), (490, 590), (620, 535), (700, 490), (770, 465), (910, 435)],
        [(120, 620), (230, 670), (350, 690), (480, 680), (590, 630), (670, 560), (740, 520), (820, 490), (910, 460)],
        [(200, 720), (300, 780), (400, 790), (500, 760), (590, 690), (670, 610), (740, 550), (820, 515), (910, 480)],
    ]
    land = [
        [(910, 470), (760, 545), (640, 625), (570, 720), (570, 830), (660, 940), (910, 1100)],
        [(910, 490), (800, 570), (705, 660), (665, 750), (685, 850), (770, 940), (910, 1040)],
        [(910, 530), (850, 600), (790, 690), (770, 770), (790, 850), (850, 920), (920, 980)],
        [(930, 580), (925, 650), (920, 710), (920, 770), (920, 820), (925, 860), (930, 900)],
    ]
    fields = [NIGHT, NAVY, MOSS, NAVY, OLIVE, OCHRE, MOSS, OLIVE, OCHRE, BROWN, OLIVE, SAND, OLIVE]
    canvas.flow(water, [NIGHT, BLUE, NAVY, SEA, NIGHT, BLUE, NIGHT, SEA, NAVY], count=620, width_px=18, stray=0.8)
    canvas.flow(land, fields, count=560, width_px=22, stray=0.5)


def bridge(canvas: Canvas) -> None:
    """Planks, posts and three rails, all running from one far point at the left."""
    far = (5, 432)

    def run(near: Points, colours: Colours, count: int, width_px: float) -> None:
        canvas.polygon(np.array([far, *near], dtype=np.float64), canvas.mixed(UMBER, 0))
        canvas.flow([(far, end) for end in near], colours, count, width_px, swell=0.9)

    run([(910, 1020), (1000, 1300), (460, 1170)], [NIGHT, NAVY, NIGHT, UMBER, NIGHT, BLUE], 220, 36)
    run([(720, 1170), (810, 1170)], [ORANGE, RUST, RUST, BROWN], 70, 30)
    for x, top, foot in [(112, 500, 600), (235, 580, 780), (800, 940, 1160)]:
        canvas.line([(x, top), (x, foot)], 10 + x / 40, UMBER, taper=0)
    run([(910, 985), (910, 1075)], [AMBER, ORANGE, VERMILION, RUST, UMBER], 90, 34)
    run([(-700, 1170), (-60, 1170), (430, 1170)], [BROWN, OCHRE, BROWN, UMBER, RUST, BROWN, UMBER] * 4, 650, 30)
    run([(425, 1170), (480, 1170)], [VERMILION, RUST, UMBER], 60, 24)


def figures(canvas: Canvas) -> None:
    """The two friends who walk on."""
    for x, top, foot, half_width in [(30, 400, 640, 20), (112, 385, 665, 24)]:
        sides = [
            [(x, top + 40), (x + half, top + 75), (x + 0.9 * half, top + 140), (x + 0.6 * half, foot)]
            for half in (-half_width, 0, half_width)
        ]
        canvas.flow(sides, [SOOT, NIGHT, SOOT], count=90, width_px=14)
        canvas.disc(x, top + 26, (13, 17), SOOT)
        canvas.line([(x - 20, top + 14), (x, top + 11), (x + 20, top + 14)], 7, SOOT, taper=0.2)
        canvas.line([(x - 10, top + 5), (x, top + 3), (x + 10, top + 5)], 14, SOOT, taper=0.1)


def screamer(canvas: Canvas) -> None:
    coat(canvas)
    head(canvas)
    face(canvas)
    hand(canvas, side=-1)
    hand(canvas, side=1)


def coat(canvas: Canvas) -> None:
    folds = [
        [(425, 835), (340, 868), (298, 940), (285, 1010), (325, 1080), (305, 1170)],
        [(455, 830), (415, 900), (395, 1000), (420, 1080), (385, 1170)],
        [(480, 835), (478, 920), (500, 1000), (482, 1080), (465, 1170)],
        [(505, 830), (560, 900), (575, 1000), (545, 1080), (540, 1170)],
        [(535, 835), (622, 866), (664, 940), (680, 1010), (630, 1080), (610, 1170)],
    ]
    canvas.shape([*folds[0], *folds[-1][::-1]], SOOT)
    canvas.flow(folds, [SOOT, NIGHT, SOOT, NAVY, SOOT, NIGHT, SOOT, SOOT, NAVY, NIGHT, SOOT], count=280, width_px=20)
    canvas.line(folds[0], 9, SOOT, taper=0.2)
    canvas.line(folds[-1], 9, SOOT, taper=0.2)


def head(canvas: Canvas) -> None:
    left = [(478, 498), (412, 518), (376, 580), (380, 652), (406, 716), (424, 770), (448, 806), (478, 818)]
    middle = [(478, 498), (478, 600), (478, 700), (478, 818)]
    right = [(478, 498), (546, 518), (584, 580), (580, 652), (554, 716), (535, 770), (510, 806), (478, 818)]
    neck = [[(444, 790), (444, 835), (479, 874)], [(514, 790), (514, 835), (479, 874)]]
    canvas.flow(neck, [OCHRE, SHADE, BROWN, SHADE, OCHRE], count=80, width_px=14)
    canvas.shape([*left, *right[-2:0:-1]], SKIN)
    canvas.flow([left, middle, right], [SHADE, SKIN, BONE, BONE, BONE, SKIN, SHADE], count=260, width_px=16)
    canvas.line(left, 12, SOOT, taper=0.3)
    canvas.line(right, 12, SOOT, taper=0.3)


def face(canvas: Canvas) -> None:
    for x in (430, 528):
        canvas.disc(x, 644, (35, 38), SHADE)
        canvas.disc(x, 643, (30, 34), UMBER)
        canvas.disc(x, 645, (15, 16), SKIN)
        canvas.disc(x, 646, (8, 9), SOOT)
    for x, lean in [(466, -3), (492, 3)]:
        canvas.line([(x, 690), (x + lean, 697), (x + 2 * lean, 706)], 9, SOOT)
    for x, bend in [(428, 12), (530, -12)]:  # hollow cheeks
        canvas.line([(x, 700), (x + bend, 740), (x + bend, 780)], 8, SHADE)
    canvas.disc(479, 760, (33, 45), OCHRE)
    canvas.disc(479, 760, (28, 40), SOOT)


def hand(canvas: Canvas, side: int) -> None:
    """A hand against the cheek; `side` is -1 at the picture's left, 1 at its right."""

    def placed(*points: Point) -> Points:
        return [(479 + side * x, y) for x, y in points]

    outer = placed((152, 660), (156, 710), (138, 770), (118, 820), (124, 885))
    middle = placed((132, 660), (128, 710), (110, 770), (98, 820), (102, 890))
    inner = placed((110, 660), (101, 710), (86, 770), (76, 820), (80, 885))
    tips = [(152, 590), (128, 562), (107, 580)]
    fingers = [placed((0.7 * x + 40, 720), (0.82 * x + 33, 645), (x, y)) for x, y in tips]
    canvas.shape([*outer, *inner[::-1]], SKIN)
    for edge in (outer, inner):
        canvas.line(edge, 20, SOOT, taper=0.2)
    for width_px, colour in [(34, SOOT), (22, SKIN)]:
        for finger in fingers:
            canvas.line(finger, width_px, colour, taper=0.3)
    canvas.flow([outer, middle, inner], [SHADE, SKIN, BONE, BONE, SKIN], count=140, width_px=14)
    canvas.line(placed((141, 600), (144, 650), (138, 700)), 5, SHADE)
    canvas.line(placed((120, 590), (125, 650), (119, 700)), 5, SHADE)
    canvas.line(placed((136, 876), (102, 890), (66, 876)), 24, SOOT, taper=0.2)


def paint() -> Image.Image:
    """The study in its own table of colours (mode P), from the far sky to the near face."""
    image = Image.new("RGB", (WIDTH_PX * OVERSAMPLING, HEIGHT_PX * OVERSAMPLING), NIGHT)
    canvas = Canvas(image, ImageDraw.Draw(image), np.random.default_rng(SEED))
    for part in (sky, fjord, shore, bridge, figures, screamer):
        part(canvas)
    small = image.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.BOX)
    return small.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def main(arguments: Sequence[str]) -> int:
    picture = paint()
    if "--check" not in arguments:
        picture.save(PICTURE, optimize=True)
        return 0
    with Image.open(PICTURE) as committed:
        return int(committed.convert("RGB").tobytes() != picture.convert("RGB").tobytes())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
