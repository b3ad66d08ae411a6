"""The folder that a render writes: its content, and that it is complete or not there."""

import csv
import errno
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hardware.pen import Pen
from hardware.svgfile import read_svg
from renderer import output
from renderer.colours import Choice
from renderer.manifest import duration, manifest, spec_sha256
from renderer.output import OutputError, contents, place
from renderer.planning import Decision
from renderer.result import Film, PenChoice, Result

Make = Callable[..., Result]


def listing(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def entries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def snapshot(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in listing(folder)}


# --- what is written ---


def test_everything_is_written(result: Result, tmp_path: Path) -> None:
    output.write(result, tmp_path / "out" / "disc")
    assert listing(tmp_path / "out" / "disc") == {
        "drawing.svg",
        "passes/01-warm-grey.svg",
        "passes/02-black.svg",
        "gcode/drawing.gcode",
        "gcode/01-warm-grey.gcode",
        "gcode/02-black.gcode",
        "preview.png",
        "progress/01-points-0.png",
        "progress/02-points-40.png",
        "progress/03-end.png",
        "progress.gif",
        "loss.csv",
        "report.html",
        "manifest.json",
    }
    assert entries(tmp_path / "out") == ["disc"]


def test_the_svg_holds_the_drawing(result: Result, tmp_path: Path) -> None:
    output.write(result, tmp_path / "disc")
    drawing = read_svg(tmp_path / "disc" / "drawing.svg")
    assert [(p.pen.name, p.pen.nib_mm, len(p.lines)) for p in drawing.passes] == [("warm grey", 3, 10), ("black", 4, 1)]


def test_the_preview_has_its_true_size_in_print(result: Result, tmp_path: Path) -> None:
    output.write(result, tmp_path / "disc")
    with Image.open(tmp_path / "disc" / "preview.png") as image:
        assert image.size == (210, 296)
        assert image.size[0] / image.info["dpi"][0] * 25.4 == pytest.approx(105, rel=1e-3)
        assert image.getpixel((209, 0)) == (255, 0, 128)  # red grows to the right, green downwards


def test_free_colours_give_no_gcode(make_result: Make, tmp_path: Path) -> None:
    free = make_result("pens={colours: free}")
    passes = tuple(replace(p, colours=("#123456",) * len(p.lines)) for p in free.drawing.passes)
    record = output.write(replace(free, drawing=replace(free.drawing, passes=passes)), tmp_path / "disc")
    assert not any("gcode" in name for name in listing(tmp_path / "disc"))
    assert record["plotting"] is None
    assert "no set of pens can draw this" in (tmp_path / "disc" / "report.html").read_text()


def test_without_a_machine_there_is_no_gcode(make_result: Make, tmp_path: Path) -> None:
    record = output.write(make_result("machine=null"), tmp_path / "disc")
    assert not any("gcode" in name for name in listing(tmp_path / "disc"))
    assert record["passes"][0]["minutes"] is None


def test_what_the_machine_cannot_draw_is_noted_and_the_rest_is_kept(result: Result, tmp_path: Path) -> None:
    far = replace(result.drawing.passes[0], lines=(np.array([[50.0, 60.0], [900.0, 60.0]]),))
    record = output.write(replace(result, drawing=replace(result.drawing, passes=(far,))), tmp_path / "disc")
    [note] = record["notes"]
    assert note.startswith("there is no G-code: pen 1 (warm grey 3): a line reaches x = ")
    assert "drawing.svg" in listing(tmp_path / "disc")
    assert note.split(":")[0] in (tmp_path / "disc" / "report.html").read_text()


def test_the_loss_table_has_a_row_a_step(result: Result, tmp_path: Path) -> None:
    output.write(result, tmp_path / "disc")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "disc" / "loss.csv").read_text())))
    assert len(rows) == 80
    assert rows[40] == {"layer": "1", "name": "curves", "step": "1", "loss": "0.2", "mse": "0.3", "blurred_mse": "0.1"}


def test_a_term_that_a_layer_has_not_is_left_empty(result: Result, tmp_path: Path) -> None:
    steps = [replace(s, terms=s.terms[:1]) if s.layer == 0 else s for s in result.history]
    output.write(replace(result, history=tuple(steps)), tmp_path / "disc")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "disc" / "loss.csv").read_text())))
    assert (rows[0]["blurred_mse"], rows[40]["blurred_mse"]) == ("", "0.1")


def test_a_long_film_is_thinned_and_its_loop_can_be_mailed(result: Result, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    frames = tuple(random.random((3, 300, 260), np.float32) for _ in range(50))  # noise is the hardest to pack
    film = Film(frames, tuple(f"points {n}/49" for n in range(50)))
    output.write(replace(result, film=film), tmp_path / "disc")
    names = entries(tmp_path / "disc" / "progress")
    assert (len(names), names[0], names[-1]) == (24, "01-points-0.png", "24-points-49.png")
    assert (tmp_path / "disc" / "progress.gif").stat().st_size <= contents.MOST_GIF_BYTES
    with Image.open(tmp_path / "disc" / "progress.gif") as gif:
        assert gif.n_frames == 24  # type: ignore[attr-defined]


def test_a_render_without_frames_has_no_film(result: Result, tmp_path: Path) -> None:
    output.write(replace(result, film=Film((), ())), tmp_path / "disc")
    assert not any("progress" in name for name in listing(tmp_path / "disc"))


def test_the_same_result_gives_the_same_bytes_but_for_the_time(result: Result, tmp_path: Path) -> None:
    output.write(result, tmp_path / "a")
    output.write(replace(result, seconds=99.0), tmp_path / "b")
    a, b = snapshot(tmp_path / "a"), snapshot(tmp_path / "b")
    assert {name for name in a if a[name] != b[name]} == {"manifest.json"}
    first, second = json.loads(a["manifest.json"]), json.loads(b["manifest.json"])
    assert {key for key in first if first[key] != second[key]} == {"time"}


# --- the manifest ---


def test_the_manifest_names_every_file_by_its_hash(result: Result, tmp_path: Path) -> None:
    folder = tmp_path / "disc"
    assert output.write(result, folder) == json.loads((folder / "manifest.json").read_bytes())
    files = json.loads((folder / "manifest.json").read_bytes())["files"]
    assert files == {
        name: hashlib.sha256(content).hexdigest()
        for name, content in snapshot(folder).items()
        if name != "manifest.json"
    }


def test_the_manifest_says_what_was_made_from_what(result: Result) -> None:
    record = manifest(result, {}, finished=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), changes=("seed=3",), draft=True)
    assert record["title"] == "Red <disc> & friends"
    assert record["time"] == {
        "started": "2026-01-02T03:03:52+00:00",
        "finished": "2026-01-02T03:04:05+00:00",
        "seconds": 12.3,
    }
    assert record["target"] == {"sha256": "ab" * 32, "image": "disc.png"}
    assert record["metrics"] == {"psnr": 18.25, "psnr_blurred": 24.5, "ssim": 0.456, "coverage": 0.87}
    assert (record["seed"], record["device"], record["spec"]["changes"]) == (1, "cpu", ["seed=3"])
    assert record["spec"]["resolved"]["layers"][0]["points"] == {"count": 40, "diameter_mm": None}
    assert set(record["versions"]) == {"renderer", "python", "torch", "numpy", "numba", "pillow"}
    assert [(p["pen"]["name"], p["strokes"], p["metres"]) for p in record["passes"]] == [
        ("warm grey", 10, 0),
        ("black", 1, 0.089),
    ]


def test_the_manifest_keeps_what_was_worked_out_and_why(make_result: Callable[..., Result]) -> None:
    decision = Decision("layers.0.curves.count", "300", "the picture wants it")
    record = manifest(make_result(decisions=(decision,)), {})
    assert record["decisions"] == [
        {"field": "layers.0.curves.count", "value": "300", "why": "the picture wants it"},
    ]


def test_the_manifest_says_what_each_pen_was_worth(result: Result) -> None:
    pens = tuple(Pen(name=name, colour="#204080", nib_mm=1) for name in ("navy", "blue"))
    choices = (PenChoice(("points", "curves"), Choice(pens, (0.5, 0.25, 0.12345678), 1)),)
    assert manifest(replace(result, choices=choices), {})["pen_choices"] == [
        {
            "layers": ["points", "curves"],
            "used": 1,
            "difference_without": 0.5,
            "picks": [
                {"pen": "navy", "colour": "#204080", "difference": 0.25},
                {"pen": "blue", "colour": "#204080", "difference": 0.123457},
            ],
        }
    ]


def test_the_hash_of_a_spec_knows_values_and_no_layout(make_result: Make, spec: Path) -> None:
    before = spec_sha256(make_result().work.artwork)
    spec.write_text("# a comment\n" + spec.read_text())
    assert spec_sha256(make_result().work.artwork) == before
    assert spec_sha256(make_result("pens.rack.pens.0.nib_mm=0.5").work.artwork) != before


def test_a_measure_without_a_limit_is_null_in_json(result: Result) -> None:
    record = manifest(replace(result, metrics=replace(result.metrics, psnr=float("inf")), believed=float("nan")), {})
    assert (record["metrics"]["psnr"], record["believed_loss"]) == (None, None)


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.4, "4 s"), (60, "1 min"), (59 * 60 + 31, "1 h 00 min"), (3900, "1 h 05 min")]
)
def test_a_time_is_as_exact_as_an_estimate_deserves(seconds: float, text: str) -> None:
    assert duration(seconds) == text


# --- replacing ---


def test_an_older_render_is_replaced_whole(result: Result, tmp_path: Path) -> None:
    folder = tmp_path / "disc"
    output.write(replace(result, film=Film(result.film.frames[:1], ("old",))), folder)
    assert "progress/01-old.png" in listing(folder)
    output.write(result, folder)
    assert "progress/01-old.png" not in listing(folder)
    assert entries(tmp_path) == ["disc", "specs"]


def test_an_empty_folder_is_nobodys(result: Result, tmp_path: Path) -> None:
    (tmp_path / "disc").mkdir()
    output.write(result, tmp_path / "disc")
    assert "manifest.json" in listing(tmp_path / "disc")


def test_a_link_to_a_folder_stays_a_link(result: Result, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "disc").symlink_to(tmp_path / "elsewhere")
    output.write(result, tmp_path / "disc")
    assert (tmp_path / "disc").is_symlink()
    assert "manifest.json" in listing(tmp_path / "elsewhere")


def occupied(folder: Path, result: Result, how: str) -> str:
    """Put something in the way, and return the expected message."""
    match how:
        case "a file":
            folder.write_text("mine")
            return "is a file; move it away, or write elsewhere with --out"
        case "a foreign folder":
            folder.mkdir()
            (folder / "manifest.json").write_text('{"name": "a web page has one too", "files": {}}')
            return "exists and is not a finished render; use another --out, or replace it with --force"
        case "a file beside ours":
            output.write(result, folder)
            (folder / "photo.jpg").touch()
            return "holds files that render did not make (photo.jpg); move them away, or replace all with --force"
        case _:
            output.write(result, folder)
            (folder / "drawing.svg").write_text("<svg>better</svg>")
            return (
                "holds files that were changed since they were made (drawing.svg); "
                "copy them away, or replace all with --force"
            )


OCCUPIED = ["a file", "a foreign folder", "a file beside ours", "an edited file"]


@pytest.mark.parametrize("how", OCCUPIED)
def test_the_work_of_others_is_refused_before_and_after_the_fit(result: Result, tmp_path: Path, how: str) -> None:
    folder = tmp_path / "disc"
    text = occupied(folder, result, how)
    before = folder.read_bytes() if folder.is_file() else snapshot(folder)
    for attempt in (lambda: output.check(folder), lambda: output.write(result, folder)):
        with pytest.raises(OutputError) as told:
            attempt()
        assert str(told.value) == f"{folder}: {text}"
    assert (folder.read_bytes() if folder.is_file() else snapshot(folder)) == before


@pytest.mark.parametrize("how", OCCUPIED[1:])
def test_force_replaces_the_work_of_others(result: Result, tmp_path: Path, how: str) -> None:
    folder = tmp_path / "disc"
    occupied(folder, result, how)
    output.write(result, folder, force=True)
    output.check(folder)


def test_what_file_managers_leave_behind_is_no_work(result: Result, tmp_path: Path) -> None:
    output.write(result, tmp_path / "disc")
    (tmp_path / "disc" / ".DS_Store").touch()
    output.check(tmp_path / "disc")


# --- what goes wrong ---

FAILURES = [
    (errno.ENOSPC, "the disk is full; free some space, or write elsewhere with --out"),
    (errno.EROFS, "cannot be written there; change the permissions, or write elsewhere with --out"),
    (errno.EIO, "cannot be written (Input/output error); write elsewhere with --out"),
]


@pytest.mark.parametrize(("number", "text"), FAILURES)
@pytest.mark.parametrize("there", [False, True], ids=["new", "replacing"])
def test_a_failure_while_writing_leaves_what_was_there_and_no_litter(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, text: str, there: bool
) -> None:
    folder = tmp_path / "out" / "disc"
    if there:
        output.write(result, folder)
    before = snapshot(folder) if there else None
    written: list[int] = []

    def fails(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) == 5:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OutputError) as told:
        output.write(result, folder)
    assert str(told.value) == f"{folder}: {text}"
    assert entries(tmp_path / "out") == (["disc"] if there else [])
    assert (snapshot(folder) if there else None) == before


@pytest.mark.parametrize("at", ["first rename", "second rename", "third write"])
def test_ctrl_c_while_writing_leaves_what_was_there_and_no_litter(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    folder = tmp_path / "out" / "disc"
    output.write(result, folder)
    before = snapshot(folder)
    counted = {"rename": 0, "write": 0}

    def interrupted(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            counted[name] += 1
            if at in {f"{['', 'first', 'second', 'third'][min(counted[name], 3)]} {name}"}:
                counted[name] = 99
                raise KeyboardInterrupt
            return original(*arguments)

        return call

    monkeypatch.setattr(Path, "rename", interrupted("rename", Path.rename))
    monkeypatch.setattr(os, "fsync", interrupted("write", os.fsync))
    with pytest.raises(KeyboardInterrupt):
        output.write(result, folder)
    assert entries(tmp_path / "out") == ["disc"]
    assert snapshot(folder) == before


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_a_killed_render_left_is_cleared_away(result: Result, tmp_path: Path) -> None:
    dead = dead_process()
    (tmp_path / f".disc.tmp-{dead}").mkdir()
    (tmp_path / f".disc.tmp-{os.getppid()}").mkdir()  # somebody else is writing here right now
    output.check(tmp_path / "disc")
    assert entries(tmp_path) == [f".disc.tmp-{os.getppid()}", "specs"]


def test_a_render_killed_between_two_renames_is_put_back(result: Result, tmp_path: Path) -> None:
    output.write(result, tmp_path / "disc")
    before = snapshot(tmp_path / "disc")
    (tmp_path / "disc").rename(tmp_path / f".disc.old-{dead_process()}")
    output.check(tmp_path / "disc")
    assert snapshot(tmp_path / "disc") == before


def test_a_check_leaves_no_trace(tmp_path: Path) -> None:
    output.check(tmp_path / "a" / "b" / "disc")
    assert entries(tmp_path) == []


def test_a_parent_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(OutputError) as told:
        output.check(tmp_path / "out" / "disc")
    why = "there is a file where a folder is needed; move it away, or write elsewhere with --out"
    assert str(told.value) == f"{tmp_path / 'out' / 'disc'}: {why}"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_closed_parent_is_told_before_the_fit(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o500)
    with pytest.raises(OutputError, match="may not be written there"):
        output.check(tmp_path / "out" / "disc")


def test_a_read_only_disk_is_told_before_the_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    with pytest.raises(OutputError) as told:
        output.check(tmp_path / "disc")
    assert str(told.value) == f"{tmp_path / 'disc'}: {FAILURES[1][1]}"


def test_a_disk_with_little_room_is_told_before_the_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 10**6, 10**6))  # type: ignore[attr-defined]
    with pytest.raises(OutputError) as told:
        output.check(tmp_path / "disc")
    why = "the disk has 1 MB left, but 30 MB are needed; free some space, or use --out"
    assert str(told.value) == f"{tmp_path / 'disc'}: {why}"


def test_a_name_that_is_too_long_is_told(result: Result, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="the name is too long for this disk; give the spec a shorter name"):
        output.write(result, tmp_path / ("x" * 300))


def test_a_process_that_is_not_ours_counts_as_alive() -> None:
    assert place._lives(os.getpid())
    assert place._lives(1)
    assert not place._lives(dead_process())


def test_a_drawing_that_was_plotted_is_kept_with_its_journal(result: Result, tmp_path: Path) -> None:
    folder = tmp_path / "one"
    output.write(result, folder)
    (folder / "plot.journal").write_text("{}\n")
    output.check(folder)
    assert output.earlier_to_keep(folder, False, ()) == tmp_path / "one.1"
