"""`render worker` on a real, small work: the same bytes as `render SPEC` makes."""

import base64
import hashlib
import http.server
import io
import json
import subprocess
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from renderer import cli
from renderer.studio.queue import job_pictures
from renderer.studio.queue.store import Store
from renderer.studio.rendering.attempt import CHILD

SPEC = """
version: 1
title: Red disc
target: {image: disc.png}
canvas: {paper: A6, margin_mm: 8, px_per_mm: 1}
pens: [{name: black, colour: "#111111", nib_mm: 4}]
layers: [{points: 40, steps: 10}]
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    y, x = np.mgrid[0:148, 0:105]
    picture = np.where(((x - 52) ** 2 + (y - 60) ** 2 < 900)[..., None], (200, 30, 35), 245).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "disc.png")
    path = tmp_path / "disc.yaml"
    path.write_text(SPEC, encoding="utf-8")
    return path


def child(spec: Path, name: str = "disc", *changes: str, **more: object) -> "subprocess.Popen[str]":
    """The process that renders, with its order given."""
    started = subprocess.Popen([*CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    order = {"job": 1, "token": 1, "source": str(spec), "name": name, "changes": changes, "draft": False,
             "folder": str(spec.parent / "out" / "disc"), "staged": str(spec.parent / "out" / "staged"),
             "device": "cpu", "threads": 1, **more}  # fmt: skip
    assert started.stdin is not None
    started.stdin.write(json.dumps(order) + "\n")
    started.stdin.flush()
    return started


def last(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """The last word of a child."""
    assert process.stdout is not None
    word: dict[str, Any] = json.loads(process.stdout.read().splitlines()[-1])
    return word


def test_a_child_whose_worker_is_gone_ends_by_itself(spec: Path) -> None:
    with child(spec) as orphan:
        assert orphan.stdin is not None
        orphan.stdin.close()
        assert orphan.wait(60) == 3
    assert not (spec.parent / "out").exists()


def test_a_child_says_what_is_wrong_and_whether_another_try_would_do(spec: Path) -> None:
    with child(spec, "other") as process:
        assert last(process) == {
            "failed": {"why": f"{spec}: the spec no longer has a work other", "again": False, "bug": False}
        }
    with child(spec, "disc", "layers.0.stps=2") as process:
        assert last(process)["failed"]["again"] is False


@pytest.mark.parametrize("is_allowed", [False, True])
def test_a_spec_cannot_make_a_worker_ask_this_machine(
    spec: Path, monkeypatch: pytest.MonkeyPatch, is_allowed: bool
) -> None:
    monkeypatch.setenv("RENDER_CACHE", str(spec.parent / "cache"))
    monkeypatch.setenv("RENDER_OFFLINE", "0")
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/secret.png"
        target = f"{{image: {{url: '{url}', sha256: '{'0' * 64}'}}}}"
        spec.write_text(SPEC.replace("{image: disc.png}", target), encoding="utf-8")
        with child(spec, private_addresses=is_allowed) as process:
            failed = last(process)["failed"]
        server.shutdown()
    assert asked == (["/secret.png"] if is_allowed else [])
    assert failed["again"] is is_allowed
    assert (f"{url} is not fetched: 127.0.0.1 is not a public address" in failed["why"]) is not is_allowed


@pytest.mark.slow
def test_a_child_that_is_asked_to_stop_stops_and_leaves_nothing(spec: Path) -> None:
    with child(spec, "disc", "layers.0.steps=100000") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        words = []
        for line in process.stdout:
            words += json.loads(line).items()
            if words[-1][0] == "picture":
                break
        with Image.open(io.BytesIO(base64.b64decode(words[-1][1]["base64"]))) as image:
            assert (image.format, image.size) == ("WEBP", (89, 125)), "what is fitted, no larger than it is"
        assert words[-2][1]["text"].startswith("fitting points ")
        process.stdin.write("stop\n")
        process.stdin.flush()
        assert last(process) == {"stopped": {}}
        assert process.wait(60) == 0
    assert not (spec.parent / "out" / "staged").exists()


@pytest.mark.slow
def test_a_worker_makes_what_render_makes(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RENDER_DB", str(tmp_path / "queue.db"))
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
    assert job["result"]["drawing"] == hashlib.sha256((tmp_path / "queued/disc/drawing.svg").read_bytes()).hexdigest()
    curve = job["progress"]["curve"]
    assert (job["progress"]["layer"], job["progress"]["layers"], curve[-1][0]) == (1, 1, 1.0)
    assert len(curve) == 11
    store = Store(str(tmp_path / "queue.db"))
    preview = job_pictures.get(store, 1, "preview")
    store.close()
    assert preview is not None
    with Image.open(io.BytesIO(preview.content)) as image, Image.open(tmp_path / "queued/disc/preview.png") as whole:
        assert (image.format, max(image.size)) == ("WEBP", 1000)
        small = np.asarray(whole.convert("RGB").resize(image.size, Image.Resampling.BOX), np.float32)
        assert np.abs(small - np.asarray(image.convert("RGB"), np.float32)).mean() < 4
