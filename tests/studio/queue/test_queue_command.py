"""`render queue`: what it says, and in JSON."""

import hashlib
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from renderer import cli
from renderer.studio.queue import job_pictures, requests
from renderer.studio.queue.adding import NewJob
from renderer.studio.queue.store import Store

Capture = pytest.CaptureFixture[str]
SPEC = """
version: 1
title: Red <disc>
target: {image: disc.png}
canvas: {paper: A6}
pens: [{name: black, colour: "#111111", nib_mm: 4}]
layers: [{points: 40}]
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    (tmp_path / "disc.png").write_bytes(b"no picture is opened before it is rendered")
    path = tmp_path / "disc.yaml"
    path.write_text(SPEC.lstrip(), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def _db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENDER_DB", str(tmp_path / "queue.db"))


def call(capsys: Capture, *arguments: object, code: int = 0) -> tuple[str, str]:
    assert cli.run(["queue", *map(str, arguments)]) == code
    said = capsys.readouterr()
    return said.out, said.err


def test_works_are_added_listed_and_ordered(spec: Path, capsys: Capture) -> None:
    out, err = call(capsys, "add", spec, "--due", "2026-12-01", "--note", "for the long wall")
    assert (out, err) == ("", "added: 1 Red <disc>, queued\n")
    call(capsys, "add", spec, "--title", "Another")
    call(capsys, "move", 2, "--before", 1)
    out, _ = call(capsys, "list")
    assert out.splitlines() == [
        "job  kind    state   due         title       note",
        "  2  render  queued              Another",
        "  1  render  queued  2026-12-01  Red <disc>  for the long wall",
    ]


def test_a_matrix_makes_a_job_of_each_work(spec: Path, capsys: Capture) -> None:
    spec.write_text(SPEC + "matrix: {seed: [1, 2]}\n", encoding="utf-8")
    out, _ = call(capsys, "add", spec, "--json")
    assert [job["name"] for job in json.loads(out)["jobs"]] == ["disc-seed-1", "disc-seed-2"]


def test_nothing_is_added_where_one_spec_is_wrong(spec: Path, capsys: Capture) -> None:
    wrong = spec.with_name("wrong.yaml")
    wrong.write_text(SPEC.replace("points", "pionts"), encoding="utf-8")
    _, err = call(capsys, "add", spec, wrong, code=2)
    assert "unknown key 'pionts'; did you mean 'points'?" in err
    _, err = call(capsys, "list")
    assert err == "nothing is queued; render queue add SPEC adds a work\n"


def test_a_job_and_its_history_are_shown(spec: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    call(capsys, "add", spec)
    call(capsys, "pause", 1)
    out, _ = call(capsys, "show", 1)
    lines = out.splitlines()
    assert lines[0] == "1 Red <disc>: queued, held"
    assert lines[-2].endswith("queued, added (ada)")
    assert lines[-1].endswith("held back (ada)")
    out, _ = call(capsys, "history", "--json")
    assert [event["why"] for event in json.loads(out)["events"]] == ["added", "held back"]


def test_a_whole_queue_is_paused_and_goes_on(spec: Path, capsys: Capture) -> None:
    call(capsys, "add", spec)
    _, err = call(capsys, "pause", "--queue", "render")
    assert err == "queue render is paused\n"
    out, err = call(capsys, "list")
    assert err.startswith("queue render is paused (paused by ")
    assert "Red <disc>" in out
    out, _ = call(capsys, "resume", "--queue", "render", "--json")
    assert json.loads(out) == {"paused": {}}


def test_jobs_are_cancelled_tried_again_copied_and_removed(spec: Path, capsys: Capture) -> None:
    call(capsys, "add", spec)
    assert call(capsys, "cancel", 1)[1] == "1 Red <disc>: cancelled\n"
    assert call(capsys, "retry", 1)[1] == "1 Red <disc>: queued\n"
    assert call(capsys, "copy", 1)[1] == "2 Red <disc>: queued\n"
    call(capsys, "cancel", 1, 2)
    call(capsys, "remove", 1)
    out, _ = call(capsys, "list", "--all", "--json")
    assert [job["id"] for job in json.loads(out)["jobs"]] == [2]


def test_what_cannot_be_done_says_why(spec: Path, capsys: Capture) -> None:
    _, err = call(capsys, "resume", 5, code=1)
    assert err == "render: there is no job 5; render queue list shows the jobs\n"
    call(capsys, "add", spec)
    out, err = call(capsys, "resume", 1, "--json", code=1)
    assert json.loads(out) == {"error": "job 1 is queued; there is nothing to resume", "exit_code": 1}
    _, err = call(capsys, "pause", code=2)
    assert err == (
        "render: say what to pause: jobs by their numbers, or a queue with --queue NAME (see render queue pause"
        " --help)\n"
    )
    _, err = call(capsys, "move", 1, "--first", "--before", 2, code=2)
    assert "say where to, with one of --first, --last, --before JOB and --after JOB" in err


def test_a_job_is_edited(spec: Path, capsys: Capture) -> None:
    call(capsys, "add", spec, "--due", "2026-12-01")
    assert call(capsys, "edit", 1, "--title", "Disc", "--due", "", "--priority", 5)[1] == "1 Disc: queued\n"
    job = json.loads(call(capsys, "show", 1, "--json")[0])["job"]
    assert (job["title"], job["due"], job["priority"]) == ("Disc", "", 5)
    assert (
        "changed: title from 'Red <disc>' to 'Disc', due from 2026-12-01 to nothing, priority from 0 to 5"
        in (call(capsys, "history")[0])
    )
    _, err = call(capsys, "edit", 1, code=2)
    assert err.startswith("render: say what to change, with --title, --note, --due")
    assert err.endswith(" (see render queue edit --help)\n")
    _, err = call(capsys, "edit", 1, "--due", "soon", code=1)
    assert err == "render: due: 'soon' is not a date; write it as in 2026-12-01\n"


def test_an_emergency_stop_is_for_plots_and_says_what_it_is_not(spec: Path, capsys: Capture) -> None:
    call(capsys, "add", spec)
    _, err = call(capsys, "emergency", 1, code=1)
    assert err == "render: job 1 is a render and queued; only a plot at work can be stopped this way\n"
    assert "does not replace the emergency button" in " ".join(call(capsys, "emergency", "--help")[0].split())


def test_a_backup(spec: Path, capsys: Capture, tmp_path: Path) -> None:
    call(capsys, "add", spec)
    out, _ = call(capsys, "backup", tmp_path / "copy.db", "--json")
    assert json.loads(out)["bytes"] == (tmp_path / "copy.db").stat().st_size
    out, _ = call(capsys, "list", "--db", tmp_path / "copy.db")
    assert "Red <disc>" in out


# --- plots ---

MACHINE = """
name: a gantry
width_mm: 300
height_mm: 300
accel_mm_s2: 500
pen_lift: {kind: servo, up: 0, down: 500, settle_s: 0.15}
"""
SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="80mm" viewBox="0 0 100 80">
<path d="M10 10 L90 10" stroke="#000000" fill="none" stroke-width="0.5"/></svg>"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    path = tmp_path / "gantry.yaml"
    path.write_text(MACHINE.lstrip(), encoding="utf-8")
    return path


@pytest.fixture
def svg(tmp_path: Path) -> Path:
    path = tmp_path / "line.svg"
    path.write_text(SVG, encoding="utf-8")
    return path


def test_an_edition_of_plots_is_added_as_drafts_with_what_it_takes(svg: Path, machine: Path, capsys: Capture) -> None:
    out, _ = call(capsys, "add", svg, "--machine", machine, "--edition", 2, "--title", "A line", "--json")
    jobs = json.loads(out)["jobs"]
    assert [(job["kind"], job["state"], job["edition"], job["editions"], job["machine"]) for job in jobs] == [
        ("plot", "draft", 1, 2, "a gantry"),
        ("plot", "draft", 2, 2, "a gantry"),
    ]
    assert jobs[0]["result"]["pens"][0]["metres"] == 0.08
    assert call(capsys, "resume", 1)[1] == "1 A line (1 of 2): queued\n"


def test_a_spec_is_added_with_the_plots_of_it(spec: Path, machine: Path, capsys: Capture) -> None:
    _, err = call(capsys, "add", spec, "--plot", code=2)
    assert err == f"render: {spec}: names no machine that plots it; name one with --machine\n"
    _, err = call(capsys, "add", spec, "--plot", "--machine", machine)
    assert err == "added: 1 Red <disc>, queued\nadded: 2 Red <disc>, draft\n"
    _, err = call(capsys, "resume", 2, code=1)
    assert err == "render: job 2 plots what job 1 renders, which is queued\n"


def test_a_plot_of_a_finished_render_is_added_with_its_picture(svg: Path, machine: Path, capsys: Capture) -> None:
    folder = svg.with_name("made")
    folder.mkdir()
    svg.rename(folder / "drawing.svg")
    Image.new("RGB", (1600, 1280), "#c03020").save(folder / "preview.png")
    call(capsys, "add", folder, "--machine", machine)
    store = Store(str(svg.with_name("queue.db")))
    picture = job_pictures.get(store, 1, "preview")
    store.close()
    assert picture is not None
    with Image.open(io.BytesIO(picture.content)) as image:
        assert (image.format, image.size) == ("WEBP", (1000, 800))
    job = json.loads(call(capsys, "show", 1, "--json")[0])["job"]
    assert job["result"]["drawing"] == hashlib.sha256(SVG.encode()).hexdigest()


def test_what_the_machine_cannot_draw_is_not_added(svg: Path, machine: Path, capsys: Capture) -> None:
    machine.write_text(MACHINE.replace("300", "50"), encoding="utf-8")
    _, err = call(capsys, "add", svg, "--machine", machine, code=1)
    assert err.startswith(
        "render: pen 1 (#000000 0.5): a line reaches x = 90.0 mm, but the bed of 'a gantry' ends at 50 mm;"
    )
    assert call(capsys, "list")[0] == ""


def test_a_whole_plot_is_answered_from_the_command_line(svg: Path, machine: Path, capsys: Capture) -> None:
    call(capsys, "add", svg, "--machine", machine, "--title", "A line")
    call(capsys, "resume", 1)
    command = [
        sys.executable,
        "-c",
        "from renderer.cli import main; main()",
        "worker",
        "--kind",
        "plot",
        "-m",
        str(machine),
        "-p",
        "sim:fast",
    ]
    with subprocess.Popen([*command, "--drain"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: "is paused" in call(capsys, "list")[1])
            call(capsys, "resume", "--queue", "a gantry")
            for title in ("load paper", "pen 1 of 1", "clear the sheet"):
                until(lambda title=title: f"asks     {title}" in call(capsys, "show", 1)[0])  # type: ignore[misc]
                assert f"asks: {title}" in call(capsys, "list")[0]
                call(capsys, "answer", 1, "done")
            assert process.wait(30) == 0
        finally:
            process.kill()
    assert json.loads(call(capsys, "show", 1, "--json")[0])["job"]["state"] == "done"
    _, err = call(capsys, "answer", 1, "done", code=1)
    assert err == "render: job 1 is done and has no open question\n"


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_a_worker_that_plots_needs_a_machine_and_a_port(capsys: Capture) -> None:
    assert cli.run(["worker", "--kind", "plot"]) == 2
    assert capsys.readouterr().err == (
        "render: a worker that plots needs --machine and --port; sim:fast is a simulated port (see render worker"
        " --help)\n"
    )


def test_a_pen_that_will_run_dry_is_foretold(tmp_path: Path, capsys: Capture) -> None:
    pens = [{"name": "black", "metres": 40.0, "strokes": 9, "minutes": 3.0, "lasts_m": 100.0}]
    plots = [NewJob("plot", "a", "a", "a.svg", machine="gantry", result={"pens": pens}) for _ in range(3)]
    store = Store(str(tmp_path / "queue.db"))
    requests.add(store, plots, "ada")
    store.close()
    assert "warning" not in call(capsys, "show", 2)[0]
    line = "  warning  pen black will run dry in this plot, number 3 of those that use it"
    line += " (it lasts 100 m and has 120 m to draw by then)"
    assert line in call(capsys, "show", 3)[0].splitlines()
