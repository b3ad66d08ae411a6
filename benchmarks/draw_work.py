"""Render one spec with the engine that is first on PYTHONPATH, in its own process.

    PYTHONPATH=ENGINE python -P benchmarks/draw_work.py SPEC FOLDER [FIELD=VALUE ...]

It is called by its path, so that an older checkout can be measured; it imports nothing from the benchmarks. It writes
`drawing.svg` and `render.json` into the folder.
"""

import dataclasses
import json
import sys
import time
from pathlib import Path


def main(spec: str, folder: str, *changes: str) -> None:
    """Render on one thread, and count the CPU seconds from the spec to the drawing."""
    from renderer.cli.process import prepare

    prepare()
    import torch

    from hardware.svgfile import to_svg
    from renderer.pipeline import render
    from renderer.specfile import load

    torch.set_num_threads(1)
    cpu, wall = time.process_time(), time.perf_counter()
    [work] = load(Path(spec), changes)
    result = render(work)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    frame = dataclasses.asdict(result.frame)
    record = {"frame": frame, "cpu_s": cpu, "wall_s": wall, "notes": result.notes}
    (Path(folder) / "drawing.svg").write_text(to_svg(result.drawing), encoding="utf-8")
    (Path(folder) / "render.json").write_text(json.dumps(record, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
