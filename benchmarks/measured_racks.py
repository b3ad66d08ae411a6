"""`python -m benchmarks.measured_racks PICTURE...`: what a measured rack does for a drawing.

Pens with random faults draw a card, a photograph of it is measured, and each picture is fitted with the rack as
it was and with the measured one. Both drawings are then drawn by the pens as they really are, offsets included.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from benchmarks.measured_cards import read
from benchmarks.paper_photo import (
    PAPER,
    SHEET_PX_PER_MM,
    TruePen,
    any_camera,
    drawn_sheet,
    photographed,
    srgb,
    true_pen,
)
from benchmarks.scores import scores
from hardware.card_sheet import Mark
from hardware.drawing import Drawing
from hardware.machine import load_machine
from hardware.measured_card import measured_cards
from hardware.pen import Pen
from hardware.rack import load_rack
from renderer.measure.measured_rack import measured_pens
from renderer.notebook import render
from renderer.result import Result

MACHINE = "gantry_grbl_servo"
SIZE_MM = (148.0, 210.0)
PENS = ("black", "yellow", "orange", "red", "blue", "azure", "green", "brown")
SHEET_MM = {"width_mm": 74, "height_mm": 105}


def racks(seed: int) -> tuple[tuple[Pen, ...], tuple[Pen, ...], dict[str, TruePen]]:
    """Return a rack as it says, the same as measured in a photograph, and its pens as they are."""
    rng = np.random.default_rng(seed)
    machine = load_machine(MACHINE)
    nominal = tuple(pen for pen in load_rack("fineliners") if pen.name in PENS)
    true = {pen.name: true_pen(pen, rng, pen.name == "black") for pen in nominal}
    (card,) = measured_cards(machine, nominal, SIZE_MM)
    photo = photographed(drawn_sheet(card.size_mm, card.marks, true, rng), any_camera(rng), rng)
    found = {one.pen.name: one for one in read(photo, [card]).pens}
    return nominal, tuple(one.pen for one in measured_pens(nominal, found, machine, SIZE_MM)), true


def fit(picture: Path, pens: tuple[Pen, ...], strokes: int, steps: int) -> Result:
    """Fit a small drawing with a rack."""
    spec: dict[str, Any] = {
        "version": 1,
        "title": picture.stem,
        "target": {"image": picture.name},
        "canvas": {"paper": SHEET_MM, "margin_mm": 4, "colour": "#ffffff"},
        "pens": {"rack": {"name": "pens", "pens": [pen.model_dump(mode="json", exclude_none=True) for pen in pens]}},
        "layers": [{"curves": {"count": strokes, "max_length_mm": 15}}],
        "refine": {"steps": steps},
    }
    return render(spec, folder=picture.parent).result


def plotted(drawing: Drawing, true: dict[str, TruePen]) -> NDArray[np.float64]:
    """Return the drawing as pens draw it that sit beside their places, less the offsets that the rack knows."""
    marks = [Mark(part.pen, part.layer, part.lines) for part in drawing.passes]
    beside = {}
    for pen in {mark.pen.name: mark.pen for mark in marks}.values():
        right, up = pen.offset_mm or (0.0, 0.0)
        there = true[pen.name].offset_mm
        beside[pen.name] = replace(true[pen.name], offset_mm=(there[0] - right, there[1] + up))
    sheet = drawn_sheet((drawing.width_mm, drawing.height_mm), marks, beside, np.random.default_rng(1))
    return np.asarray(srgb(np.clip(sheet / PAPER, 0, 1)), np.float64)


def compared(result: Result, true: dict[str, TruePen]) -> tuple[float, float, float, float]:
    """Return dB, dB from afar, SSIM and the mean CIEDE2000 from afar of what is plotted, against the target."""
    frame, rate = result.frame, SHEET_PX_PER_MM
    left, top, wide, high = (round(side * rate) for side in (frame.x_mm, frame.y_mm, frame.width_mm, frame.height_mm))
    whole = plotted(result.drawing, true)[top : top + high, left : left + wide]
    drawn = cv2.resize(whole, (frame.width_px, frame.height_px), interpolation=cv2.INTER_AREA)
    wanted = result.target.transpose(1, 2, 0).astype(np.float64)
    found = scores(drawn, wanted)
    seen = [rgb2lab(cv2.GaussianBlur(each, (0, 0), 2.0)) for each in (drawn, wanted)]
    return found.psnr, found.psnr_blurred, found.ssim, float(deltaE_ciede2000(*seen).mean())


def main() -> None:
    """Print the likeness of what is plotted with either rack."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--strokes", type=int, default=200)
    parser.add_argument("--steps", type=int, default=30)
    asked = parser.parse_args()
    nominal, measured, true = racks(asked.seed)
    print(f"{'picture':24} {'rack':9} {'dB':>6} {'afar':>6} {'SSIM':>6} {'dE2000':>7}")
    with TemporaryDirectory() as folder:
        for picture in asked.pictures:
            copy = Path(folder) / picture.name
            copy.write_bytes(picture.read_bytes())
            for name, pens in (("nominal", nominal), ("measured", measured)):
                near, afar, likeness, colour = compared(fit(copy, pens, asked.strokes, asked.steps), true)
                print(
                    f"{picture.stem[:24]:24} {name:9} {near:6.2f} {afar:6.2f} {likeness:6.3f} {colour:7.2f}", flush=True
                )


if __name__ == "__main__":
    main()
