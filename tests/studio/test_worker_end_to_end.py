"""`render worker` on a real, small work: the same bytes as `render SPEC` makes."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from renderer import cli

SPEC = """
version: 1
title: Red disc
target: {image: disc.png}
canvas: {paper: A6, margin_mm: 8, px_per_mm: 1}
pens: [{name: black, colour: "#111111", nib_mm: 4}]
layers: [{points: 40, steps: 10}]
"""


@pytest.mark.slow
def test_a_worker_makes_what_render_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RENDER_DB", str(tmp_path / "queue.db"))
    y, x = np.mgrid[0:148, 0:105]
    picture = np.where(((x - 52) ** 2 + (y - 60) ** 2 < 900)[..., None], (200, 30, 35), 245).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "disc.png")
    spec = tmp_path / "disc.yaml"
    spec.write_text(SPEC, encoding="utf-8")
    assert cli.run(["queue", "add", str(spec), "--out", str(tmp_path / "queued")]) == 0
    assert cli.run(["queue", "add", str(spec), "--set", "layers.0.steps=5", "--title", "wrong soon"]) == 0
    assert cli.run(["queue", "cancel", "2"]) == 0
    capsys.readouterr()
    assert cli.run(["worker", "--drain", "--threads", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["done"] == 1
    assert cli.run(["run", str(spec), "--out", str(tmp_path / "plain"), "--threads", "1"]) == 0
    for name in ("drawing.svg", "preview.png", "loss.csv"):
        assert (tmp_path / "queued/disc" / name).read_bytes() == (tmp_path / "plain/disc" / name).read_bytes()
    capsys.readouterr()
    cli.run(["queue", "show", "1", "--json"])
    job = json.loads(capsys.readouterr().out)["job"]
    assert job["state"] == "done"
    assert job["result"]["passes"][0]["strokes"] > 0
