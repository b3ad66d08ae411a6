"""`python -m benchmarks.measured_cards`: how well photographs of cards are measured, against pens whose truth is known.

Each card has five or six pens of a rack, with widths, colours, dots and offsets drawn at random, and is photographed by
a camera drawn at random (benchmarks/paper_photo.py). Photographs that are cropped, blurred or of another card follow.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from benchmarks.paper_photo import Camera, TruePen, any_camera, drawn_sheet, photographed, srgb, true_pen
from hardware.machine import load_machine
from hardware.measured_card import MeasuredCard, measured_cards
from hardware.pen import Pen
from hardware.rack import load_rack
from renderer.measure import MeasureError
from renderer.measure.card_photo import CardReadings, card_readings
from renderer.measure.readings import PenReadings

RACKS = ("stabilo_point_88", "fineliners", "paint_markers_fine", "cmyk", "fountain_pen")
LIMITS = {"width, mm": 0.02, "width, %": 4.0, "colour, dE2000": 3.0, "offset, mm": 0.05, "dots, %": 8.0}


@dataclass(frozen=True)
class DrawnCard:
    """A card and the pens that drew it."""

    card: MeasuredCard
    pens: tuple[Pen, ...]
    true: dict[str, TruePen]


def drawn_card(rng: np.random.Generator) -> DrawnCard:
    """Return a card of random pens on A5."""
    rack = load_rack(str(rng.choice(RACKS)))
    dark = min(rack, key=lambda pen: sum(int(pen.colour[at : at + 2], 16) for at in (1, 3, 5)))
    others = [pen for pen in rack if pen is not dark]
    chosen = rng.choice(len(others), min(5, len(others)), replace=False)
    pens = (dark, *(others[number] for number in chosen))
    card = measured_cards(load_machine("gantry_grbl_servo"), pens, (148.0, 210.0))[0]
    on_card = {field.pen.name for field in card.fields}
    true = {mark.pen.name: true_pen(mark.pen, rng, mark.pen.name == card.writer.name) for mark in card.marks}
    return DrawnCard(card, tuple(pen for pen in pens if pen.name in on_card), true)


def read(jpeg: bytes, cards: list[MeasuredCard]) -> CardReadings:
    """Read a photograph as `render measure` does. Raises MeasureError."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "card.jpg"
        path.write_bytes(jpeg)
        return card_readings(path, cards)


def errors(found: PenReadings, true: TruePen) -> dict[str, list[float]]:
    """Return how far each trusted reading is from the truth, by the names of LIMITS."""
    if found.width.refused:
        return {}
    apart = abs(found.width.value - true.width_mm)
    offsets = zip(found.offset, true.offset_mm, strict=True)
    dots = [(one.value / true.dot_mm(dwell) - 1) for dwell, one in found.dots.items() if not one.refused]
    return {
        "width, mm": [apart],
        "width, %": [100 * apart / true.width_mm],
        "colour, dE2000": [difference(found.colour.srgb, srgb(true.one))],
        "two strokes, dE2000": [difference(found.second.srgb, srgb(true.two))],
        "offset, mm": [abs(one.value - should) for one, should in offsets if not one.refused],
        "dots, %": [100 * abs(share) for share in dots],
    }


def difference(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """CIEDE2000 of two sRGB colours."""
    return float(deltaE_ciede2000(rgb2lab(a[None]), rgb2lab(b[None]))[0])


def unusable(
    made: DrawnCard, other: DrawnCard, camera: Camera
) -> Iterator[tuple[str, MeasuredCard, DrawnCard, Camera]]:
    """Yield photographs that must be refused: what is wrong, the card that is expected, what is drawn, the camera."""
    yield "cropped", made.card, made, replace(camera, kept=(0.0, 0.0, 0.8, 1.0))
    yield "blurred", made.card, made, replace(camera, blur_px=4.5)
    yield "wrong", other.card, made, camera


def main() -> None:
    """Print median and worst of each error, and what was refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cards", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbose", action="store_true")
    asked = parser.parse_args()
    totals: dict[str, list[float]] = {}
    before: DrawnCard | None = None
    pens = refused = 0
    for number in range(asked.cards):
        rng = np.random.default_rng([asked.seed, number])
        made, camera = drawn_card(rng), any_camera(rng)
        sheet = drawn_sheet(made.card.size_mm, made.card.marks, made.true, rng)
        try:
            found = read(photographed(sheet, camera, rng), [made.card])
        except MeasureError as fault:
            print(f"card {number}: refused: {fault}")
            continue
        for one in found.pens:
            pens, refused = pens + 1, refused + bool(one.width.refused)
            each = errors(one, made.true[one.pen.name])
            for name, values in each.items():
                totals.setdefault(name, []).extend(values)
            if one.width.refused or any(refusal := [part.refused for part in (*one.offset, *one.dots.values())]):
                print(f"card {number}: {one.pen.name}: {one.width.refused or next(part for part in refusal if part)}")
            if asked.verbose:
                print(
                    number, f"{one.pen.label:18}", {name: np.round(values, 3).tolist() for name, values in each.items()}
                )
        if before is not None and number % 5 == 0:
            _refusals(made, before, camera, sheet, rng)
        before = made
    print(f"{asked.cards} cards, {pens} pens, {refused} refused")
    print(f"{'':20} {'median':>8} {'95 %':>8} {'worst':>8} {'limit':>8}")
    for name, values in totals.items():
        limit = f"{LIMITS[name]:8g}" if name in LIMITS else ""
        print(f"{name:20} {np.median(values):8.3f} {np.percentile(values, 95):8.3f} {max(values):8.3f} {limit}")
    widths = zip(totals["width, mm"], totals["width, %"], strict=True)
    print(f"width within .02 mm or 4 %: {np.mean([mm <= 0.02 or share <= 4 for mm, share in widths]):.1%}")


def _refusals(
    made: DrawnCard, other: DrawnCard, camera: Camera, sheet: NDArray[np.float32], rng: np.random.Generator
) -> None:
    for what, expected, _, worse in unusable(made, other, camera):
        try:
            read(photographed(sheet, worse, rng), [expected])
        except MeasureError as fault:
            print(f"{what}: {fault}")
        else:
            print(f"{what}: NOT REFUSED")


if __name__ == "__main__":
    main()
