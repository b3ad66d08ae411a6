"""How good a drawing of any picture is without tuning: pictures of eight kinds, drawn with five sets of pens.

    python -m benchmarks.pictures --pictures DIR            all pictures found; JSON lines and contact sheets
    python -m benchmarks.pictures --only portraits --only black
    python -m benchmarks.pictures --layers '[{curves: 2000}]' --framed --engine OTHER_CHECKOUT --keep /tmp/other
    python -m benchmarks.pictures --layers '[{curves: 2000}]' --framed --beside /tmp/other --enlarge astronaut

Each artwork has the shortest valid spec. It is rendered in its own process, and all figures are taken from the exported
SVG. README.md beside this file has the definitions.
"""

import argparse
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.picture_set import KINDS, PICTURES, Picture, at_hand

HERE = Path(__file__).parent
SPECS = HERE.parent / "specs"
MACHINE = SPECS / "machines" / "gantry_grbl_servo.yaml"  # for the minutes


@dataclasses.dataclass(frozen=True)
class PenSet:
    """Pens, a sheet, and the layers that a person would try first."""

    title: str
    paper: str
    rack: str
    pens: dict[str, object]  # fields besides the rack
    layers: tuple[object, ...]


PEN_SETS = {
    "black": PenSet("one black pen of 0.45 mm on A4", "A4", "micron_black", {}, ("curves",)),
    "fineliners": PenSet("8 of 20 fineliners on A4", "A4", "fineliners", {"use": 8}, ("curves",)),
    "markers": PenSet("8 of 16 fine paint markers on A5", "A5", "paint_markers_fine", {"use": 8}, ("points", "curves")),
    "broad": PenSet("24 broad paint markers on A3", "A3", "paint_markers_24", {}, ("points", "curves")),
    "two_inks": PenSet(
        "blue and orange fineliners on A5", "A5", "fineliners", {"only": ["blue", "orange"]}, ("curves",)
    ),
}


@dataclasses.dataclass(frozen=True)
class Work:
    """A picture and the pens to draw it with."""

    picture: Picture
    pen_set: str
    image: Path

    def folder(self, keep: Path) -> Path:
        """The folder of its drawing and figures."""
        return keep / self.pen_set / self.picture.name


@dataclasses.dataclass(frozen=True)
class Figures:
    """One line of output; README.md defines each figure."""

    picture: str
    kind: str
    pen_set: str
    ssim: float
    psnr_blurred: float  # dB
    lpips: float | None  # None without the weights
    stray_mm2_per_cm2: float | None
    bare_cm2: float
    rays_mm2_per_cm2: float | None
    frame_ink: float
    folded: float
    overdrawn: float
    hidden: int
    off_form_deg: float | None
    lone: int
    strokes: int
    metres: float
    minutes: float | None  # None where the sheet does not fit on the machine
    cpu_s: float
    notes: list[str]


# --- one work ---------------------------------------------------------------------------------------------------------


def spec_of(work: Work, layers: list[object] | None = None, framed: bool = False) -> str:
    """The shortest spec; `framed` adds fields for the complete picture on a sheet with the picture's orientation."""
    pens = PEN_SETS[work.pen_set]
    target, canvas = {"image": str(work.image)}, {"paper": pens.paper}
    if framed:
        from PIL import Image

        with Image.open(work.image) as image:
            wide = image.width > image.height
        target, canvas = target | {"fit": "contain"}, canvas | {"orientation": "landscape" if wide else "portrait"}
    content = {
        "version": 1,
        "title": work.picture.name,
        "target": target,
        "canvas": canvas,
        "pens": {"rack": str(SPECS / "pens" / f"{pens.rack}.yaml")} | pens.pens,
        "layers": list(pens.layers) if layers is None else layers,
    }
    return yaml.safe_dump(content, sort_keys=False)


def drawn(work: Work, folder: Path, options: argparse.Namespace) -> None:
    """Render an artwork into a folder, with the chosen engine. Raises RuntimeError where that fails."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = folder / "spec.yaml"
    spec.write_text(spec_of(work, options.layers, options.framed), encoding="utf-8")
    engine = os.environ | {"PYTHONPATH": str((options.engine or HERE.parent).resolve())}
    command = [sys.executable, "-P", str(HERE / "draw_work.py"), str(spec), str(folder), *options.set]
    done = subprocess.run(command, env=engine, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{work.picture.name} with {work.pen_set} was not drawn: {_last(done.stderr)}")


def _last(text: str) -> str:
    """The error at the end of a traceback, without its type."""
    lines = [line for line in text.strip().splitlines() if not line.startswith(" ")] or ["no message"]
    return re.sub(r"^[\w.]+Errors?: ", "", lines[-1])


def measured(work: Work, folder: Path) -> Figures:
    """All figures of the drawing in a folder."""
    from benchmarks.likeness import for_pens, frame_of, likeness, plot_of, target_of
    from benchmarks.marks import marks
    from hardware.svgfile import read_svg

    record = json.loads((folder / "render.json").read_text(encoding="utf-8"))
    drawing = read_svg((folder / "drawing.svg").read_text(encoding="utf-8"))
    frame = frame_of(record["frame"])
    target = for_pens(target_of(work.image, drawing.paper, frame), drawing)
    figures: dict[str, Any] = dataclasses.asdict(likeness(drawing, frame, target))
    figures |= dataclasses.asdict(marks(drawing, frame, target.transpose(1, 2, 0).astype(float)))
    figures |= dict(zip(("metres", "minutes"), plot_of(drawing, MACHINE), strict=True))
    figures |= {"cpu_s": record["cpu_s"], "notes": list(record["notes"])}
    return Figures(picture=work.picture.name, kind=work.picture.kind, pen_set=work.pen_set, **figures)


def done(work: Work, keep: Path, options: argparse.Namespace) -> Figures:
    """Render, unless `--reuse` finds the drawing, and measure. Raises RuntimeError where rendering fails."""
    folder = work.folder(keep)
    if not (options.reuse and (folder / "render.json").exists()):
        drawn(work, folder, options)
    figures = measured(work, folder)
    (folder / "figures.json").write_text(json.dumps(dataclasses.asdict(figures)), encoding="utf-8")
    return figures


# --- all works --------------------------------------------------------------------------------------------------------


def works(only: list[str], files: dict[str, Path]) -> list[Work]:
    """The requested artworks whose pictures are available: pen set by pen set, kind by kind. Raises ValueError."""
    names = {one.name for one in PICTURES}
    unknown = [word for word in only if word not in names | set(KINDS) | set(PEN_SETS)]
    if unknown:
        known = f"a kind ({', '.join(KINDS)}), a pen set ({', '.join(PEN_SETS)})"
        raise ValueError(f"--only {unknown[0]}: name a picture, {known}")
    pen_sets = [name for name in PEN_SETS if name in only] or list(PEN_SETS)
    pictures = [one for one in PICTURES if {one.name, one.kind} & set(only)]
    if not pictures and not set(only) & (names | set(KINDS)):
        pictures = list(PICTURES)
    return [Work(one, pens, files[one.name]) for pens in pen_sets for one in pictures if one.name in files]


def run(all_works: list[Work], keep: Path, options: argparse.Namespace, console: Console) -> Iterator[Figures]:
    """The figures of each artwork, in order, as they come. One that fails is reported and left out."""
    with ThreadPoolExecutor(options.jobs) as pool:
        calls = [(work, pool.submit(done, work, keep, options)) for work in all_works]
        for number, (work, call) in enumerate(calls, 1):
            try:
                figures = call.result()
            except RuntimeError as error:
                console.print(f"left out: {error}", highlight=False, markup=False)
                continue
            told = f"{number} of {len(calls)}: {work.picture.name}, {work.pen_set}: SSIM {figures.ssim:.3f}"
            console.print(f"{told}, {figures.cpu_s:.1f} CPU s", highlight=False)
            yield figures


COLUMNS = {
    "SSIM": ("ssim", ".3f"),
    "PSNRv": ("psnr_blurred", ".2f"),
    "LPIPS": ("lpips", ".3f"),
    "stray mm2/cm2": ("stray_mm2_per_cm2", ".2f"),
    "rays mm2/cm2": ("rays_mm2_per_cm2", ".2f"),
    "frame %": ("frame_ink", ".2%"),
    "folded %": ("folded", ".2%"),
    "overdrawn": ("overdrawn", ".0%"),
    "hidden": ("hidden", "d"),
    "off form": ("off_form_deg", ".0f"),
    "lone": ("lone", "d"),
    "strokes": ("strokes", "d"),
    "m": ("metres", ".1f"),
    "min": ("minutes", ".0f"),
    "CPU s": ("cpu_s", ".1f"),
}


def table(rows: list[Figures]) -> Table:
    """A table for people, with a row for each artwork."""
    result = Table(title="Exported drawings against their pictures", title_justify="left")
    for name in ("pens", "picture"):
        result.add_column(name)
    for name in COLUMNS:
        result.add_column(name, justify="right")
    for row in rows:
        cells = [(getattr(row, field), form) for field, form in COLUMNS.values()]
        result.add_row(
            row.pen_set, row.picture, *("" if value is None else format(value, form) for value, form in cells)
        )
    return result


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures", description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--pictures", type=Path, action="append", default=[], metavar="DIR", help="folder of pictures; can be repeated")
    add("--only", action="append", default=[], metavar="NAME", help="a picture, a kind or a pen set; can be repeated")
    add("--layers", type=yaml.safe_load, metavar="YAML", help="layers for all, in the format of a spec")
    add("--framed", action="store_true", help="set `fit: contain` and the sheet's orientation, as older engines need")
    add("--set", action="append", default=[], metavar="FIELD=VALUE", help="change a field of the specs")
    add("--engine", type=Path, metavar="DIR", help="render with the checkout in this folder")
    add("--jobs", type=int, choices=(1, 2), default=1, help="artworks at a time, each on one thread")
    add("--keep", type=Path, metavar="DIR", help="folder for specs, drawings and figures")
    add("--reuse", action="store_true", help="measure the drawings that --keep already has; render the others")
    add("--sheets", type=Path, default=Path("out/pictures"), metavar="DIR", help="folder for the contact sheets")
    add("--cell", type=int, default=500, metavar="PX", help="width of each picture on the sheets")
    add("--beside", type=Path, metavar="DIR", help="also show the drawings that another run kept, beside ours")
    add(
        "--enlarge",
        action="append",
        default=[],
        metavar="NAME",
        help="also show the face or the middle of a picture at 3x",
    )
    add("--json", action="store_true", help="only JSON lines, without the table")
    return parser


def main() -> None:
    """Print JSON lines and then a table to stdout, progress to stderr; write contact sheets to a folder."""
    parser = arguments()
    options = parser.parse_args()
    console = Console(stderr=True, width=200)
    files = at_hand(options.pictures)
    try:
        all_works = works(options.only, files)
    except ValueError as error:
        parser.error(str(error))
    for one in PICTURES:
        if one.name not in files:
            console.print(f"left out: {one.name} was not found; {one.package} has it: {one.path}", highlight=False)
    keep = options.keep or Path(tempfile.mkdtemp(prefix="pictures-"))
    try:
        rows = _all(all_works, keep, options, console)
    finally:
        if options.keep is None:
            shutil.rmtree(keep)
    if not rows:
        sys.exit("nothing was drawn")
    if not options.json:
        Console(width=None if sys.stdout.isatty() else 170).print(table(rows))


def _all(all_works: list[Work], keep: Path, options: argparse.Namespace, console: Console) -> list[Figures]:
    from benchmarks.sheets import enlarged, sheets

    rows = []
    for figures in run(all_works, keep, options, console):
        rows.append(figures)
        print(json.dumps(dataclasses.asdict(figures)), flush=True)
    finished = [work for work in all_works if (work.folder(keep) / "figures.json").exists()]
    options.sheets.mkdir(parents=True, exist_ok=True)
    beside = [options.beside] if options.beside else []
    for pens in dict.fromkeys(work.pen_set for work in finished):
        ours = [work for work in finished if work.pen_set == pens]
        write = partial(sheets, [*beside, keep], options.sheets, options.cell)
        for path in write(pens, PEN_SETS[pens].title, ours):
            console.print(f"wrote {path}", highlight=False)
        for work in ours:
            if work.picture.name in options.enlarge:
                path = enlarged([*beside, keep], options.sheets, options.cell, work)
                console.print(f"wrote {path}", highlight=False)
    return rows


if __name__ == "__main__":
    main()
