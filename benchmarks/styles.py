"""Each mark against its bare construction and against other programs, at equal metres of ink.

    python -m benchmarks.styles --pictures DIR --only obama --only bee
    python -m benchmarks.styles --pictures DIR --marks flow waves --hatched VENV/bin/python --keep DIR

One black pen of 0.45 mm on A5, nothing tuned. The fitted drawing sets the metres; the construction (`steps: 0`) gets
them as its budget, and each peer's pitch is sought until it draws as much. SSIM and PSNR from afar are taken against
the picture as it is, in grey; README.md has the definitions. Peers draw the picture's own tones, and so do we with
`--tone none`; the default tone leaves more paper bare, so PSNR is also given with each drawing's tones matched.
Sheets show the picture, the peers, the construction and ours.
"""

import argparse
import dataclasses
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.peers import OF_MARK, PEERS, Peer, at_length, hatched
from benchmarks.picture_set import PICTURES, at_hand
from hardware.drawing import Drawing, PenPass, length_mm

if TYPE_CHECKING:
    from benchmarks.likeness import Picture
    from renderer.target import Frame

USUAL = ("obama", "bee", "castle", "reader")  # a portrait, an animal, buildings in a landscape, a flat graphic
MARKS = (*OF_MARK, "halftone")
RACK = Path(__file__).parent.parent / "specs" / "pens" / "micron_black.yaml"
PEER_PX = 900  # longer side of the picture that peers work on
NEAR = 0.03  # metres within this share of each other count as equal
TRIES = 3


@dataclasses.dataclass(frozen=True)
class Row:
    """One drawing of one picture."""

    picture: str
    mark: str
    by: str  # `fitted`, `construction` or a peer
    ssim: float
    psnr_blurred: float  # dB
    psnr_matched: float  # dB, the same after the drawing's tones are brought as near to the picture's as a line can
    metres: float


@dataclasses.dataclass(frozen=True)
class Subject:
    """A picture, and the frame in which all of its drawings are compared."""

    name: str
    image: Path
    frame: "Frame"
    target: "Picture"  # [3, H, W], grey


def rendered(image: Path, mark: str, folder: Path, tone: str, budget_m: float | None = None) -> tuple[Drawing, "Frame"]:
    """Our drawing, and its frame; with a budget, the mark as it is placed, without a fit."""
    from renderer.pipeline import render
    from renderer.specfile import load

    content: dict[str, Any] = {
        "version": 1,
        "title": mark,
        "target": {"image": str(image.resolve()), "tone": tone},
        "canvas": {"paper": "A5"},
        "pens": {"rack": str(RACK)},
        "layers": [mark],
    }
    if budget_m is not None:
        content |= {"layers": [{mark: {}, "steps": 0}], "budget": {"metres": round(budget_m, 3)}}
    spec = folder / "work.yaml"
    spec.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    result = render(load(spec)[0])
    return result.drawing, result.frame


def metres(drawing: Drawing) -> float:
    """Length of all lines."""
    return sum(length_mm(line) for part in drawing.passes for line in part.lines) / 1000


def construction(image: Path, mark: str, wanted_m: float, folder: Path, tone: str) -> Drawing:
    """The mark as it is placed, with as many metres as the fitted drawing has, or as near as a budget brings it."""
    budget, best, off = wanted_m, None, float("inf")
    for _ in range(TRIES):
        drawing, _ = rendered(image, mark, folder, tone, budget)
        drawn = metres(drawing)
        if abs(drawn / wanted_m - 1) < off:
            best, off = drawing, abs(drawn / wanted_m - 1)
        if off < NEAR or drawn == 0:
            break
        budget *= wanted_m / drawn
    assert best is not None
    return best


def peer_drawing(peer: Peer, subject: Subject, sheet: Drawing, wanted_m: float) -> Drawing:
    """What a peer draws of a picture inside the frame, on the same sheet with the same pen."""
    from benchmarks.likeness import target_of

    frame = subject.frame
    px_per_mm = PEER_PX / max(frame.width_mm, frame.height_mm)
    fine = dataclasses.replace(frame, px_per_mm=px_per_mm)
    grey = target_of(subject.image, sheet.paper, fine).mean(0).astype(np.float64)
    lines = at_length(peer, grey, wanted_m * 1000 * px_per_mm)
    corner = np.array([frame.x_mm, frame.y_mm])
    placed = tuple(line / px_per_mm + corner for line in lines if len(line) > 1)
    return dataclasses.replace(sheet, passes=(PenPass("peer", sheet.passes[0].pen, placed),))


def compared(
    image: Path, name: str, mark: str, peers: dict[str, Peer], tone: str
) -> Iterator[tuple[Row, Drawing, Subject]]:
    """The figures of each drawing of a picture in one style: ours first."""
    from benchmarks.likeness import frame_of, target_of

    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        ours, frame = rendered(image, mark, folder, tone)
        area = frame_of(dataclasses.asdict(frame))
        grey = np.repeat(target_of(image, ours.paper, area).mean(0, keepdims=True), 3, 0)
        subject = Subject(name, image, area, grey)
        wanted_m = metres(ours)
        yield scored(subject, mark, "fitted", ours), ours, subject
        bare = construction(image, mark, wanted_m, folder, tone)
        yield scored(subject, mark, "construction", bare), bare, subject
        for by in OF_MARK.get(mark, ()):
            if by in peers:
                drawing = peer_drawing(peers[by], subject, ours, wanted_m)
                yield scored(subject, mark, by, drawing), drawing, subject


def scored(subject: Subject, mark: str, by: str, drawing: Drawing) -> Row:
    """The figures of one drawing."""
    from benchmarks.likeness import likeness

    found = likeness(drawing, subject.frame, subject.target)
    return Row(subject.name, mark, by, found.ssim, found.psnr_blurred, matched_db(drawing, subject), metres(drawing))


def matched_db(drawing: Drawing, subject: Subject) -> float:
    """PSNR from afar of a drawing whose tones t become the a t + b, a >= 0, that is nearest to the picture."""
    from benchmarks import scores
    from renderer.preview import framed

    seen, wanted = (
        scores.blurred(each.transpose(1, 2, 0).astype(np.float64))
        for each in (framed(drawing, subject.frame), subject.target)
    )
    off, aim = seen - seen.mean(), wanted - wanted.mean()
    gain = max(0.0, float((off * aim).sum() / max((off**2).sum(), 1e-9)))
    return scores.psnr(gain * off + wanted.mean(), wanted)


def as_image(drawing: Drawing, subject: Subject, longer_px: int) -> Image.Image:
    """The drawing inside the frame, reduced from twice the size."""
    from renderer.preview import framed

    frame = dataclasses.replace(
        subject.frame, px_per_mm=2 * longer_px / max(subject.frame.width_mm, subject.frame.height_mm)
    )
    pixels = (framed(drawing, frame).transpose(1, 2, 0) * 255).round().astype(np.uint8)
    image = Image.fromarray(pixels)
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)


def sheet(cells: list[tuple[str, Image.Image]]) -> Image.Image:
    """Pictures of one size in a row, each with its caption."""
    from PIL import ImageDraw, ImageFont

    width, height, gap, caption = cells[0][1].width, cells[0][1].height, 10, 22
    made = Image.new("RGB", (len(cells) * (width + gap) + gap, height + caption + 2 * gap), "#d8d8d8")
    for at, (text, image) in enumerate(cells):
        left = gap + at * (width + gap)
        ImageDraw.Draw(made).text((left, gap // 2), text, "#222222", ImageFont.load_default(15))
        made.paste(image, (left, gap + caption))
    return made


def table(rows: list[Row]) -> Table:
    """A line for each picture and mark: ours, and how far ahead of each other drawing it is."""
    made = Table(
        title="One black pen on A5: fitted, and its lead at equal metres (SSIM, dB from afar, dB with matched tones)"
    )
    for name in ("mark", "picture", "metres", "fitted", "over the construction", "over peers"):
        made.add_column(name)
    for ours in (row for row in rows if row.by == "fitted"):
        others = [row for row in rows if (row.picture, row.mark) == (ours.picture, ours.mark) and row is not ours]
        leads = {
            row.by: f"{ours.ssim - row.ssim:+.3f} {ours.psnr_blurred - row.psnr_blurred:+.2f} "
            f"{ours.psnr_matched - row.psnr_matched:+.2f}"
            + (f" ({row.metres:.1f} m)" if abs(row.metres / ours.metres - 1) > NEAR else "")
            for row in others
        }
        peers = "; ".join(f"{by} {lead}" for by, lead in leads.items() if by != "construction")
        figures = f"{ours.ssim:.3f} {ours.psnr_blurred:.2f} {ours.psnr_matched:.2f}"
        made.add_row(ours.mark, ours.picture, f"{ours.metres:.1f}", figures, leads.get("construction", ""), peers)
    return made


def main() -> None:
    """Print a JSON line for each drawing, then the table; write sheets to --keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.styles", description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=Path, action="append", default=[], metavar="DIR", help="folder of pictures")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help=f"a picture; default: {USUAL}")
    parser.add_argument("--marks", nargs="+", default=list(MARKS), choices=MARKS)
    parser.add_argument(
        "--tone",
        default="auto",
        choices=("auto", "none"),
        help="of our drawings; `none`: those of the photograph, as peers get",
    )
    parser.add_argument("--hatched", type=Path, metavar="PYTHON", help="an interpreter that has the package hatched")
    parser.add_argument("--keep", type=Path, default=Path("out/styles"), metavar="DIR", help="folder for the sheets")
    options = parser.parse_args()
    files = at_hand(options.pictures, [one for one in PICTURES if one.name in (options.only or USUAL)])
    if not files:
        sys.exit("none of the pictures was found; --pictures names their folder")
    options.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        peers = PEERS | ({"hatched": hatched(options.hatched, Path(folder))} if options.hatched else {})
        rows = list(_all(files, options, peers))
    Console(width=None if sys.stdout.isatty() else 170).print(table(rows))


def _all(files: dict[str, Path], options: argparse.Namespace, peers: dict[str, Peer]) -> Iterator[Row]:
    for mark in options.marks:
        for name, image in files.items():
            cells: list[tuple[str, Image.Image]] = []
            subject: Any = None
            for row, drawing, subject in compared(image, name, mark, peers, options.tone):
                cells.insert(
                    0, (f"{row.by}: {row.ssim:.3f}, {row.psnr_blurred:.1f} dB", as_image(drawing, subject, 700))
                )
                print(json.dumps(dataclasses.asdict(row)), flush=True)
                yield row
            photo = Image.fromarray((subject.target.transpose(1, 2, 0) * 255).round().astype(np.uint8))
            cells.insert(0, (f"{name}, {mark}", photo.resize(cells[0][1].size, Image.Resampling.LANCZOS)))
            sheet(cells).save(options.keep / f"{mark}-{name}.jpg", quality=85)


if __name__ == "__main__":
    main()
