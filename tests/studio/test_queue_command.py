"""`render queue`: what it says, and in JSON."""

import json
from pathlib import Path

import pytest

from renderer import cli

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
    monkeypatch.setattr("renderer.cli.queue.me", lambda: "ada")
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
    assert err == "render: there is no job 5; render queue list shows what there is\n"
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


def test_a_backup(spec: Path, capsys: Capture, tmp_path: Path) -> None:
    call(capsys, "add", spec)
    out, _ = call(capsys, "backup", tmp_path / "copy.db", "--json")
    assert json.loads(out)["bytes"] == (tmp_path / "copy.db").stat().st_size
    out, _ = call(capsys, "list", "--db", tmp_path / "copy.db")
    assert "Red <disc>" in out
