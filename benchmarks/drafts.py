"""How long the page's draft takes after a change of pens or style: `python -m benchmarks.drafts PICTURE...`.

The process is warm, as on the page. Each line is one change: seconds from the request to the answer, and the seconds of
processor time that it took. On a machine with other work, the second number is the one to compare.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from renderer.studio.drafting.draft_worker import DraftWorker

PENS = ("fineliners", "micron_black", "paint_markers_24", "stabilo_point_88")
STYLES = ("curves", "lines", "points", "hatching", "flow", "waves", "scribble", "poster", "stipple", "one-line")


@dataclass(frozen=True)
class Change:
    """One draft."""

    picture: str
    style: str
    pens: str
    wall_s: float
    processor_s: float
    strokes: int


def processor_s(process: int) -> float:
    """Seconds of processor time that a process has taken, by /proc."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(worker: DraftWorker, photo: Path, folder: Path, style: str, pens: str) -> Change:
    wanted: dict[str, Any] = {
        "photo": str(photo), "out": str(folder / f"{photo.stem}.yaml"), "only": [], "paper": "A4", "minutes": 60.0,
        "style": style, "pens": pens, "force": True,
    }  # fmt: skip
    process = worker.process_id
    before, began = processor_s(process) if process else 0.0, time.monotonic()
    made = worker.ask("benchmark", {"choices": wanted}).result()
    wall_s = time.monotonic() - began
    took_s = processor_s(process) - before if process else float("nan")
    return Change(photo.name, style, pens, wall_s, took_s, made["strokes"])


def main() -> None:
    """Print a line for each change, then the medians and the worst."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    worker = DraftWorker(patience_s=600.0)
    changes: list[Change] = []
    with tempfile.TemporaryDirectory() as folder:
        for picture in options.pictures:
            measured(worker, picture.absolute(), Path(folder), "curves", PENS[0])  # reads the picture, finds faces
            each = [(style, PENS[0]) for style in STYLES] + [("curves", pens) for pens in PENS]
            changes += [measured(worker, picture.absolute(), Path(folder), *one) for one in each]
    worker.close()
    if options.json:
        sys.stdout.write(json.dumps([vars(one) for one in changes]) + "\n")
        return
    for one in changes:
        sys.stdout.write(
            f"{one.picture:<28} {one.style:<9} {one.pens:<18} {one.wall_s:6.2f} s   processor {one.processor_s:5.2f} s"
            f"   {one.strokes} strokes\n"
        )
    for what in ("wall_s", "processor_s"):
        values = [getattr(one, what) for one in changes]
        sys.stdout.write(f"{what}: median {statistics.median(values):.2f}, worst {max(values):.2f}\n")
    sys.stdout.write(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")


if __name__ == "__main__":
    main()
