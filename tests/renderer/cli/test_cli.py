"""The command line without a fit: what it says, where it says it, and the exit codes."""

import errno
import importlib
import inspect
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

import renderer.pipeline
from hardware.machine import MachineError
from hardware.program import ProgramError
from hardware.svgfile import SvgError
from renderer import cli, output
from renderer.assets import AssetError
from renderer.cli import printing
from renderer.cli.codes import CODES, code_of
from renderer.cli.interrupt import Interrupt
from renderer.cli.render_commands import commands
from renderer.pipeline import RenderError
from renderer.progress import Progress, Report
from renderer.result import Result
from renderer.specfile import Work
from renderer.target import TargetError

Make = Callable[..., Result]
Golden = Callable[[str, str], None]
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RENDER_OFFLINE", "1")
    monkeypatch.delenv("RENDER_DEBUG", raising=False)
    printing.console.cache_clear()


@pytest.fixture
def fit(make_result: Make, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], list[dict[str, Any]]]:
    """Puts something in the pipeline's place: an error, or fields of the result. Gives the calls."""

    def put(what: Any) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = []

        def render(work: Work, report: Any, **options: Any) -> Result:
            calls.append({"work": work, **options})
            outcome = what(work, report, options) if callable(what) else what
            if isinstance(outcome, BaseException):
                raise outcome
            return replace(make_result(), work=work, **outcome)

        monkeypatch.setattr(renderer.pipeline, "render", render)
        return calls

    return put


def progress(step: int, stage: Any = "fitting") -> Progress:
    return Progress(stage, 0, 2, "points", step, 10, 0.25, {}, 1.0, lambda: None)  # type: ignore[arg-type,return-value]


# --- help ---


def every_command(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path]
    for name, command in sorted(group.commands.items()):
        found += every_command(command, (*path, name)) if isinstance(command, click.Group) else [(*path, name)]
    return found


@pytest.mark.parametrize("path", every_command(commands), ids=lambda path: " ".join(path) or "render")
def test_help_is_as_it_was(path: tuple[str, ...], golden: Golden, capsys: Capture) -> None:
    assert cli.run([*path, "--help"]) == 0
    text = capsys.readouterr().out
    assert max(len(line) for line in text.splitlines()) <= 80
    golden(f"help-{'-'.join(path) or 'render'}.txt", text)


def test_a_help_text_that_changed_is_seen(golden: Golden, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        pytest.skip("this one would spoil the golden file")
    with pytest.raises(AssertionError, match=r"help-render\.txt differs"):
        golden("help-render.txt", "something else")


@pytest.mark.parametrize("path", every_command(commands)[1:], ids=" ".join)
def test_every_command_shows_an_example(path: tuple[str, ...], capsys: Capture) -> None:
    cli.run([*path, "--help"])
    text = capsys.readouterr().out
    assert "Example" in text or path == ("assets", "list")


def test_without_arguments_there_is_help(capsys: Capture) -> None:
    assert cli.run([]) == 0
    assert capsys.readouterr().out.startswith("Usage: render [OPTIONS] SPEC... | COMMAND")


def test_no_command_is_offered_before_it_works() -> None:
    works = {"run", "new", "examples", "validate", "plan", "gallery", "film", "compare", "export", "tile"}
    machines = {"gcode", "plot", "card", "measure"}
    queue = {"queue", "worker", "serve"}
    assert set(commands.commands) == works | machines | queue | {"assets", "schema", "doctor"}


# --- quickness ---


@pytest.mark.parametrize("arguments", [["--help"], ["validate", "SPEC"], ["schema"]], ids=lambda a: a[0])
def test_what_needs_no_network_of_neurons_imports_none(arguments: list[str], spec: Path) -> None:
    code = (
        "import sys; from renderer import cli; "
        f"assert cli.run({[str(spec) if a == 'SPEC' else a for a in arguments]!r}) == 0; "
        "slow = {'torch', 'numba', 'lpips', 'PIL', 'rich', 'jinja2', 'distributed', 'dask'}; "
        "print(slow & sys.modules.keys(), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    opens_pictures = arguments[0] == "validate"  # of the target, the header is read
    assert done.stderr.strip() in {"set()", "{'PIL'}" if opens_pictures else "set()"}


def test_help_imports_not_even_numpy() -> None:
    code = "import sys; from renderer import cli; cli.run(['--help']); print('numpy' in sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "False"


# --- exit codes ---

FORESEEN = [
    (RenderError("layer 1 has no steps left"), 1),
    (TargetError("disc.png: is damaged (truncated); save it again from its source"), 1),
    (AssetError("https://example.org/x.jpg could not be fetched"), 1),
    (ProgramError("pen 1 (black 4): a line reaches x = 900.0 mm"), 1),
    (SvgError("x.svg: has no strokes"), 1),
    (MachineError("m.yaml: name: is missing"), 2),
]


@pytest.mark.parametrize(("error", "code"), FORESEEN, ids=lambda value: type(value).__name__)
def test_a_foreseen_error_is_a_line_and_its_code(
    error: Exception, code: int, spec: Path, tmp_path: Path, fit: Any, capsys: Capture
) -> None:
    fit(error)
    assert cli.run([str(spec), "--out", str(tmp_path / "out")]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"disc: starting\nrender: disc: {error}\n"
    assert not (tmp_path / "out").exists()


def test_every_name_in_the_table_of_codes_is_an_error_of_ours() -> None:
    modules = [
        importlib.import_module(".".join(path.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__"))
        for root in (
            Path(inspect.getfile(package)).parent for package in (renderer, importlib.import_module("hardware"))
        )
        for path in root.rglob("*.py")
        if path.name != "__main__.py"
    ]
    ours = {name for module in modules for name, kind in vars(module).items() if inspect.isclass(kind)}
    assert set(CODES) <= ours


def test_an_error_of_somebody_else_by_the_same_name_is_not_ours() -> None:
    assert code_of(type("RenderError", (Exception,), {"__module__": "elsewhere"})()) is None


def test_an_unexpected_error_is_one_line(spec: Path, tmp_path: Path, fit: Any, capsys: Capture) -> None:
    fit(IndexError("list index\nout of range"))
    assert cli.run([str(spec), "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        "disc: starting\n"
        "render: unexpected error: IndexError: list index out of range "
        "(please report; RENDER_DEBUG=1 shows the traceback)\n"
    )


def test_its_traceback_is_shown_where_somebody_wants_it(
    spec: Path, tmp_path: Path, fit: Any, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RENDER_DEBUG", "1")
    fit(IndexError("list index out of range"))
    assert cli.run([str(spec), "--out", str(tmp_path)]) == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err


USAGE = [
    (["--no-such-option"], "render: No such option '--no-such-option'. (see render run --help)"),
    (["validat"], "render: 'validat' is neither a command nor a file; did you mean 'validate'? (see render --help)"),
    (["run"], "render: Missing argument 'SPEC...'. (see render run --help)"),
    (["gcode", "x.svg"], "render: Missing option '--machine' / '-m'. (see render gcode --help)"),
    (["x.yaml", "-d", "tpu"], "render: Invalid value for '--device' / '-d': 'tpu' is not one of 'auto', 'cpu', 'cuda'. "
                              "(see render run --help)"),
    (["assets", "fetch", "screem"], "render: no file is known as 'screem'; did you mean 'scream'? "
                                    "(see render assets fetch --help)"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "text"), USAGE, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_wrong_usage_is_a_line_and_code_2(arguments: list[str], text: str, capsys: Capture) -> None:
    assert cli.run(arguments) == 2
    assert capsys.readouterr().err == f"{text}\n"


def test_a_device_that_is_not_there_is_code_3(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert cli.run([str(spec), "--device", "cuda", "--out", str(tmp_path / "out")]) == 3
    why = "there is no CUDA device that torch can use; use --device cpu (see render doctor)"
    assert capsys.readouterr().err == f"render: {why}\n"


def test_a_bad_spec_is_reported_with_its_places_and_code_2(spec: Path, capsys: Capture) -> None:
    spec.write_text(spec.read_text().replace("steps: 10", "stpes: 10"))
    assert cli.run([str(spec)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"{spec}:16:5: layers.0.stpes: ")


def test_an_output_that_cannot_be_is_reported_before_the_fit(
    spec: Path, tmp_path: Path, fit: Any, capsys: Capture
) -> None:
    calls = fit({})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "disc").write_text("mine")
    assert cli.run([str(spec), "--out", str(tmp_path / "out")]) == 1
    assert calls == []
    assert "is a file; move it away, or write elsewhere with --out" in capsys.readouterr().err


def test_a_disk_that_fills_is_reported(
    spec: Path, tmp_path: Path, fit: Any, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    fit({})
    monkeypatch.setattr(os, "fsync", full)
    assert cli.run([str(spec), "--out", str(tmp_path / "out")]) == 1
    assert "the disk is full; free some space, or write elsewhere with --out" in capsys.readouterr().err
    assert list((tmp_path / "out").iterdir()) == []


# --- rendering ---


def test_the_folder_is_all_that_goes_to_stdout(spec: Path, tmp_path: Path, fit: Any, capsys: Capture) -> None:
    fit({"notes": ("drawing the fallback",)})
    assert cli.run(["run", str(spec), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert said.out == f"{tmp_path / 'out' / 'disc'}\n"
    assert "1  warm grey  3 mm       10     0.0     10" in said.err
    assert "likeness: 18.2 dB close up, 24.5 dB from afar, SSIM 0.46; 87% inked" in said.err
    assert "2 pen changes included" in said.err
    assert "note: drawing the fallback" in said.err
    assert f"done in 12 s; see {tmp_path / 'out' / 'disc' / 'report.html'}" in said.err


def test_what_people_read_is_at_most_80_columns_wide(
    spec: Path, fit: Any, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(spec.parent)
    fit({})
    assert cli.run([spec.name]) == 0
    assert max(len(line) for line in capsys.readouterr().err.splitlines()) <= 80


def test_no_colours_are_written_where_there_is_no_terminal(
    spec: Path, tmp_path: Path, fit: Any, capsys: Capture
) -> None:
    fit({})
    cli.run([str(spec), "--out", str(tmp_path / "out")])
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
    assert "●" not in said.err


def test_what_a_person_should_know_is_said_before_the_fit_and_once(
    spec: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, make_result: Callable[..., Result]
) -> None:
    def render(work: Work, report: Report, *, noted: Callable[[str], None], **_: Any) -> Result:
        noted("too few strokes")
        report(progress(1))
        return replace(make_result(), work=work, notes=("too few strokes", "left out: a dot"))

    monkeypatch.setattr(renderer.pipeline, "render", render)
    assert cli.run([str(spec), "--out", str(tmp_path / "out"), "--json"]) == 0
    said = capsys.readouterr()
    assert [line for line in said.err.splitlines() if line.startswith("note: ")] == [
        "note: too few strokes",
        "note: left out: a dot",
    ]
    assert said.err.index("note: too few strokes") < said.err.index("disc: points")
    assert json.loads(said.out)["works"][0]["notes"] == ["too few strokes", "left out: a dot"]


def test_json_is_one_document(spec: Path, tmp_path: Path, fit: Any, capsys: Capture) -> None:
    fit({})
    assert cli.run([str(spec), "--json", "--out", str(tmp_path / "out")]) == 0
    document = json.loads(capsys.readouterr().out)
    [work] = document["works"]
    assert (document["exit_code"], work["status"], work["folder"]) == (0, "done", str(tmp_path / "out" / "disc"))
    assert work["metrics"]["psnr"] == 18.25
    assert [row["pen"]["name"] for row in work["passes"]] == ["warm grey", "black"]


@pytest.mark.parametrize(
    "arguments", [["--no-such-option"], ["plan", "nowhere.yaml"], ["gcode", "x.svg", "-m", "no.yaml"]]
)
def test_an_error_is_json_too_where_that_is_asked_for(arguments: list[str], capsys: Capture) -> None:
    code = cli.run([*arguments, "--json"])
    document = json.loads(capsys.readouterr().out)
    assert code == document["exit_code"] == 2
    assert document["error"]


def test_options_reach_the_pipeline(spec: Path, tmp_path: Path, fit: Any) -> None:
    import torch

    calls, threads = fit({}), torch.get_num_threads()
    try:
        arguments = ["--draft", "--set", "seed=7", "-s", "layers.0.steps=3", "--device", "cpu", "--threads", "1"]
        assert cli.run([*arguments, str(spec), "--out", str(tmp_path / "out")]) == 0
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(threads)
    [call] = calls
    assert (call["draft"], call["device"]) == (True, "cpu")
    assert (call["work"].artwork.seed, call["work"].artwork.layers[0].steps) == (7, 3)
    record = json.loads((tmp_path / "out" / "disc-draft" / "manifest.json").read_bytes())
    assert (record["spec"]["changes"], record["spec"]["draft"]) == (["seed=7", "layers.0.steps=3"], True)


def test_a_draft_never_replaces_the_finished_work(spec: Path, tmp_path: Path, fit: Any) -> None:
    fit({})
    cli.run([str(spec), "--out", str(tmp_path / "out")])
    cli.run([str(spec), "--draft", "--out", str(tmp_path / "out")])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["disc", "disc-draft"]


def test_a_failing_spec_does_not_keep_the_others_from_being_rendered(
    spec: Path, tmp_path: Path, fit: Any, capsys: Capture
) -> None:
    broken, other = spec.with_name("broken.yaml"), spec.with_name("other.yaml")
    broken.write_text("version: 1\n")
    other.write_text(spec.read_text())
    fit(lambda work, *_: RenderError("no luck") if work.name == "disc" else {})
    assert cli.run([str(broken), str(spec), str(other), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr()
    assert said.out == f"{tmp_path / 'out' / 'other'}\n"
    assert "render: disc: no luck" in said.err
    assert f"{broken}:1:1: the key 'title' is missing" in said.err


def test_even_an_unexpected_error_does_not(spec: Path, tmp_path: Path, fit: Any, capsys: Capture) -> None:
    other = spec.with_name("other.yaml")
    other.write_text(spec.read_text())
    fit(lambda work, *_: ZeroDivisionError() if work.name == "disc" else {})
    assert cli.run([str(spec), str(other), "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().out == f"{tmp_path / 'out' / 'other'}\n"


def test_a_matrix_makes_a_folder_for_each_work(spec: Path, tmp_path: Path, fit: Any) -> None:
    fit({})
    spec.write_text(spec.read_text() + "matrix: {layers.0.points.count: [10, 20]}\n")
    assert cli.run([str(spec), "--out", str(tmp_path / "out")]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["disc-count-10", "disc-count-20"]


def test_two_works_for_one_folder_are_refused(spec: Path, tmp_path: Path, fit: Any, capsys: Capture) -> None:
    fit({})
    assert cli.run([str(spec), str(spec), "--out", str(tmp_path / "out")]) == 2
    folder = tmp_path / "out" / "disc"
    why = f"{spec}: would be written to {folder}, as {spec} is; render it with another --out"
    assert f"render: disc: {why}\n" in capsys.readouterr().err
    assert (folder / "manifest.json").exists()


# --- Ctrl-C ---


def press(times: int = 1) -> None:
    for _ in range(times):
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_in_the_fit_keeps_what_there_is(spec: Path, tmp_path: Path, fit: Any, capsys: Capture) -> None:
    other = spec.with_name("other.yaml")
    other.write_text(spec.read_text())

    def interrupted(_: Work, report: Any, options: Any) -> dict[str, Any]:
        report(progress(1))
        assert not options["stop"]()
        press()
        assert options["stop"]()
        return {"interrupted": True, "notes": ("interrupted: layer 1 stopped after 1 of 10 steps",)}

    calls = fit(interrupted)
    assert cli.run([str(spec), str(other), "--out", str(tmp_path / "out")]) == 130
    said = capsys.readouterr()
    assert len(calls) == 1  # the other one is not begun
    assert said.out == f"{tmp_path / 'out' / 'disc'}\n"
    assert "stopping and keeping the drawing so far; Ctrl-C again ends at once" in said.err
    assert json.loads((tmp_path / "out" / "disc" / "manifest.json").read_bytes())["interrupted"] is True


@pytest.mark.parametrize("presses", [1, 2], ids=["before the first step", "twice"])
def test_ctrl_c_ends_at_once_and_writes_nothing(
    presses: int, spec: Path, tmp_path: Path, fit: Any, capsys: Capture
) -> None:
    def interrupted(_: Work, report: Any, __: Any) -> dict[str, Any]:
        report(progress(0, "placing") if presses == 1 else progress(1))
        press(presses)
        raise AssertionError("not reached")

    fit(interrupted)
    assert cli.run([str(spec), "--json", "--out", str(tmp_path / "out")]) == 130
    said = capsys.readouterr()
    assert "render: disc: interrupted; nothing was written" in said.err
    assert json.loads(said.out)["works"][0]["status"] == "interrupted"
    assert not (tmp_path / "out").exists()


def test_ctrl_c_twice_while_writing_leaves_the_old_render(
    spec: Path, tmp_path: Path, fit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out" / "disc"
    fit({})
    cli.run([str(spec), "--out", str(tmp_path / "out")])
    before = (folder / "manifest.json").read_bytes()
    fit(lambda _, report, __: report(progress(1)) or {})
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (press(2), sync(descriptor)))
    assert cli.run([str(spec), "--out", str(tmp_path / "out")]) == 130
    assert (folder / "manifest.json").read_bytes() == before
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["disc"]


def test_sigterm_stops_like_ctrl_c(spec: Path, tmp_path: Path, fit: Any, capsys: Capture) -> None:
    def stopped(_: Work, report: Any, options: Any) -> dict[str, Any]:
        report(progress(1))
        signal.raise_signal(signal.SIGTERM)
        assert options["stop"]()
        return {"interrupted": True, "notes": ()}

    fit(stopped)
    assert cli.run([str(spec), "--out", str(tmp_path / "out")]) == 130
    assert json.loads((tmp_path / "out" / "disc" / "manifest.json").read_bytes())["interrupted"] is True
    assert "stopping and keeping the drawing so far" in capsys.readouterr().err


def test_ctrl_c_waits_for_imports_to_be_complete() -> None:
    complete = []

    def imported(interrupt: Interrupt) -> None:
        with interrupt.importing():
            press()
            complete.append("torch")

    with Interrupt() as interrupt, pytest.raises(KeyboardInterrupt):
        imported(interrupt)
    assert complete == ["torch"]


# --- earlier drawings are kept ---


def drawn(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    return {"interrupted": record["interrupted"], "changes": record["spec"]["changes"]}


def test_a_stopped_render_does_not_replace_a_finished_one(
    spec: Path, tmp_path: Path, fit: Any, capsys: Capture
) -> None:
    out = tmp_path / "out"
    fit({})
    assert cli.run([str(spec), "--out", str(out)]) == 0
    fit({"interrupted": True})
    for _ in range(2):
        assert cli.run([str(spec), "--set", "seed=5", "--out", str(out)]) == 130
    said = capsys.readouterr().err
    assert f"note: the finished drawing that was in {out / 'disc'} is kept in {out / 'disc.1'}\n" in said
    assert sorted(path.name for path in out.iterdir()) == ["disc", "disc.1"]  # a stopped one is replaced
    assert drawn(out / "disc.1") == {"interrupted": False, "changes": []}
    assert drawn(out / "disc") == {"interrupted": True, "changes": ["seed=5"]}


def test_a_trial_does_not_replace_a_finished_drawing(spec: Path, tmp_path: Path, fit: Any) -> None:
    out = tmp_path / "out"
    fit({})
    for changes in ([], ["--set", "seed=5"], ["--set", "seed=5"], ["--set", "seed=6"]):
        assert cli.run([str(spec), *changes, "--out", str(out)]) == 0
    assert [drawn(out / name)["changes"] for name in ("disc.1", "disc.2", "disc")] == [[], ["seed=5"], ["seed=6"]]


def test_with_force_and_for_drafts_nothing_is_kept(spec: Path, tmp_path: Path, fit: Any) -> None:
    out = tmp_path / "out"
    fit({})
    for changes in ([], ["--set", "seed=5", "--force"], ["--draft"], ["--draft", "--set", "seed=6"]):
        assert cli.run([str(spec), *changes, "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["disc", "disc-draft"]


def test_the_same_spec_again_replaces_its_drawing(spec: Path, tmp_path: Path, fit: Any) -> None:
    fit({})
    for _ in range(2):
        assert cli.run([str(spec), "--out", str(tmp_path / "out")]) == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["disc"]


def test_a_second_render_into_a_folder_is_refused(spec: Path, tmp_path: Path, fit: Any, capsys: Capture) -> None:
    folder, calls = tmp_path / "out" / "disc", fit({})
    with output.locked(folder):
        assert cli.run([str(spec), "--out", str(tmp_path / "out")]) == 1
    why = f"another render is writing there (process {os.getpid()}); wait for it, or render with another --out"
    assert capsys.readouterr().err == f"render: disc: {folder}: {why}\n"
    assert not calls
    assert cli.run([str(spec), "--out", str(tmp_path / "out")]) == 0  # it is free again


def test_ctrl_c_is_pythons_again_afterwards(spec: Path, tmp_path: Path, fit: Any) -> None:
    before = signal.getsignal(signal.SIGINT)
    fit(RenderError("no luck"))
    cli.run([str(spec), "--out", str(tmp_path / "out")])
    assert signal.getsignal(signal.SIGINT) is before


# --- the other commands ---


def test_validate_says_what_a_spec_holds(spec: Path, capsys: Capture) -> None:
    assert cli.run(["validate", str(spec)]) == 0
    assert capsys.readouterr() == (f"{spec}: ok, 1 work: disc\n", "")


def test_validate_shows_all_faults_of_all_specs(spec: Path, capsys: Capture) -> None:
    broken = spec.with_name("broken.yaml")
    broken.write_text(spec.read_text().replace("count", "cuont").replace("steps: 10", "steps: many"))
    assert cli.run(["validate", str(broken), str(spec), "--set", "sed=7", "--json"]) == 2
    said = capsys.readouterr()
    first, second = json.loads(said.out)["specs"]
    assert (first["ok"], second["ok"]) == (False, False)
    fault = next(fault for fault in first["faults"] if fault["line"])
    assert (fault["file"], fault["line"], fault["column"], fault["path"]) == (
        str(broken),
        16,
        12,
        ["layers", 0, "steps"],
    )
    assert "did you mean seed?" in said.err or "did you mean 'seed'?" in said.err


def test_the_schema_is_json(capsys: Capture) -> None:
    assert cli.run(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Artwork spec"


AS_IT_IS = ["-s", "target.fit=cover", "-s", "target.tone=none", "-s", "canvas.orientation=portrait"]


def test_a_plan_shows_what_was_worked_out_and_why(spec: Path, capsys: Capture) -> None:
    assert (
        cli.run(["plan", str(spec), "-s", "layers=[curves]", "-s", "canvas.px_per_mm=null", "-s", "target.tone=none"])
        == 0
    )
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out == (
        "Red <disc> & friends (disc)\n"
        "  sheet    105 x 148 mm, drawn on 89 x 125.4 mm\n"
        "  fitted   at 227 x 320 px, 2.55 px a mm\n"
        "  layer 1  curves: 85 curves of 3 to 4 mm can cover 31% of the area, at about 9 mm each; 2 pens\n"
        "  picture  wants about 17% of the area under ink\n"
        "  time     about 3 min on a gantry, pen changes included\n"
        + planned("canvas.orientation", "portrait", "the picture is 1.41 times as high as wide")
        + planned("layers.0.loss", LOSS, "for strokes of 3.5 mm, seen from where details of 1 mm blur")
        + planned("canvas.px_per_mm", "2.55", "the thinnest nib, 3 mm, is 7.6 px wide, and the longer side 320 px")
        + planned(
            "layers.0.curves.count",
            "85",
            "0.768 m of 3.5 mm in strokes of about 9 mm; these inks need to cover about 17% of 89 x 125 mm",
        )
        + planned(
            "layers.0.curves.max_length_mm",
            "16.3",
            "1.8 times the planned mean: long contours balance short details",
        )
        + planned("layers.0.steps", "160", "more steps make no visible difference")
        + planned("layers.0.curves.knots", "4", "one per 18 nib widths of the longest curve")
        + planned(
            "budget",
            "22 minutes",
            "a sensible time for A6, plus pen changes; planned: about 3 minutes with 2 pen changes, 0.768 m, "
            "85 strokes, on a gantry",
        )
    )


LOSS = "mse 0.5, blurred_mse 0.5, ssim 0.003"


def planned(field: str, value: str, why: str) -> str:
    """A line of the table of what was worked out."""
    return f"  planned  {field:29}  {value:{len(LOSS)}}  {why}\n"


def test_a_plan_in_json_has_each_decision(spec: Path, capsys: Capture) -> None:
    assert cli.run(["plan", str(spec), "-s", "layers=[curves]", "--json"]) == 0
    [work] = json.loads(capsys.readouterr().out)["works"]
    layer = [f"layers.0.{name}" for name in ("curves.count", "curves.max_length_mm", "steps", "curves.knots")]
    fields = ["canvas.orientation", "layers.0.loss", "target.tone", *layer, "budget"]
    assert [list(decision) for decision in work["decisions"]] == [["field", "value", "why"]] * len(fields)
    assert [decision["field"] for decision in work["decisions"]] == fields


def test_a_plan_says_what_a_spec_takes(spec: Path, capsys: Capture) -> None:
    assert cli.run(["plan", str(spec), *AS_IT_IS]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out == (
        "Red <disc> & friends (disc)\n"
        "  sheet    105 x 148 mm, drawn on 89 x 132 mm\n"
        "  fitted   at 89 x 132 px, 1 px a mm\n"
        "  layer 1  points: 40 points of 3 to 4 mm can cover 3% of the area; 2 pens\n"
        "  picture  wants about 18% of the area under ink\n"
        "  time     roughly 3 min on a gantry, pen changes included\n"
        f"  planned  layers.0.loss  {LOSS}  for strokes of 3.5 mm, seen from where details of 1 mm blur\n"
        "  note     `fit: cover` cuts off 5% of the picture, left and right; `fit: contain` shows all of it\n"
        "  warning  40 points of 3.5 mm cover 3% of the area, but the picture needs about 18% under ink: too much of "
        "the paper stays bare; any of these would work: about 230 points, nibs of 8.3 mm, dots of `diameter_mm: 8.3`\n"
    )


def test_a_plan_takes_strokes_without_a_limit_to_be_as_long_as_so_many_usually_are(spec: Path, capsys: Capture) -> None:
    assert cli.run(["plan", str(spec), "-s", "layers=[{curves: 20}]", "-s", "machine=null", *AS_IT_IS]) == 0
    out = capsys.readouterr().out
    assert "curves: 20 curves of 3 to 4 mm can cover 80% of the area, at about 132 mm each; 2 pens" in out
    assert "warning  the spec does not name a machine, so there will be no G-code and no plotting time" in out
    assert "stays bare" not in out


def test_a_plan_of_a_finished_render_knows_its_machine(
    spec: Path, tmp_path: Path, result: Result, capsys: Capture
) -> None:
    record = output.write(result, tmp_path / "disc")
    assert cli.run(["plan", str(tmp_path / "disc"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["lifts"] for row in document["passes"]] == [10, 1]
    assert document["plotting"]["minutes"] == pytest.approx(record["plotting"]["minutes"], abs=0.05)
    assert cli.run(["plan", str(tmp_path / "disc" / "drawing.svg")]) == 0
    said = capsys.readouterr()
    assert said.err == "note: name a machine with --machine to see how long it takes\n"
    assert "1  warm grey    3       10    10     0.0\n" in said.out


def test_a_plan_of_nothing_is_reported(tmp_path: Path, capsys: Capture) -> None:
    assert cli.run(["plan", str(tmp_path)]) == 1
    why = "has no drawing.svg; name a folder that render wrote, a spec or an SVG"
    assert capsys.readouterr().err == f"render: {tmp_path}: {why}\n"


MACHINE = str(Path(__file__).parents[3] / "specs" / "machines" / "gantry_grbl_servo.yaml")
SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="50mm" height="50mm" viewBox="0 0 50 50">
<g><path d="{}" stroke="#000" fill="none" stroke-width="1"/></g></svg>"""


@pytest.fixture
def svg(tmp_path: Path) -> Path:
    path = tmp_path / "a drawing.svg"
    path.write_text(SVG.format("M5,5 L45,45"))
    return path


def test_gcode_goes_beside_the_svg(svg: Path, capsys: Capture) -> None:
    assert cli.run(["gcode", str(svg), "--machine", MACHINE]) == 0
    assert capsys.readouterr().out == f"{svg.with_suffix('.gcode')}\n"
    assert svg.with_suffix(".gcode").read_text().startswith("G21\nG90\n")
    assert sorted(path.name for path in svg.parent.iterdir()) == ["a drawing.gcode", "a drawing.svg"]


RACK = str(Path(__file__).parents[3] / "specs" / "pens" / "fineliners.yaml")


def test_gcode_comes_with_the_svg_in_the_order_of_drawing_marked_for_pauses(svg: Path, capsys: Capture) -> None:
    two = SVG.format("M5,5 L45,45").replace("</svg>", '<g><path d="M9,9H20" stroke="#f00"/></g></svg>')
    svg.write_text(two.replace("fill=", 'stroke-linecap="round" fill='))
    ordered = svg.with_name("ordered.svg")
    said = ["--svg", str(ordered), "--pens", RACK]
    assert cli.run(["gcode", str(svg), "-m", MACHINE, *said]) == 0
    labels = ("1 black 0.4 transparent", "!2 red 0.4 transparent")
    assert all(f'inkscape:label="{label}"' in ordered.read_text() for label in labels)
    assert cli.run(["gcode", str(svg), "-m", MACHINE, *said, "--no-pauses"]) == 0
    assert "!2" not in ordered.read_text() and 'inkscape:label="2 red 0.4 transparent"' in ordered.read_text()
    assert "insert pen 2: red 0.4" in svg.with_suffix(".gcode").read_text()


def test_fills_are_hatched_on_request(svg: Path, capsys: Capture) -> None:
    svg.write_text(SVG.format("M5,5 H15 V15 H5 Z").replace('stroke="#000" fill="none"', 'fill="#00f"'))
    assert cli.run(["gcode", str(svg), "-m", MACHINE]) == 1
    assert "hatch it (--hatch), or remove it" in capsys.readouterr().err
    assert cli.run(["gcode", str(svg), "-m", MACHINE, "--hatch", "1", "-o", "-"]) == 0
    assert capsys.readouterr().out.count("\nG1 ") > 10


def test_the_sheet_lies_as_the_command_line_says(svg: Path, capsys: Capture) -> None:
    assert cli.run(["gcode", str(svg), "-m", MACHINE, "--rotate", "90", "--centre", "-o", "-"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert "G0 X200 Y140" in rows  # the nearer end of a diagonal of 50 x 50 mm, in the middle of 440 x 320


def test_a_plan_is_drawn_on_request(svg: Path, capsys: Capture) -> None:
    plot = svg.with_name("plan.svg")
    assert cli.run(["plan", str(svg), "-m", MACHINE, "--plot", str(plot)]) == 0
    assert "1 pen is put in" in plot.read_text()
    assert cli.run(["plan", str(svg), "--plot", str(plot)]) == 2
    assert "--plot cannot draw how" in capsys.readouterr().err


def test_a_spec_is_not_drawn_before_it_is_rendered(spec: Path, capsys: Capture) -> None:
    assert cli.run(["plan", str(spec), "--plot", "x.svg"]) == 2
    assert "render the spec first, then name its folder" in capsys.readouterr().err


def test_cards_go_into_a_folder(tmp_path: Path, capsys: Capture) -> None:
    assert cli.run(["card", "-m", MACHINE, "--pens", RACK, "--paper", "A5", "--out", str(tmp_path / "card")]) == 0
    cards = ("inks", "measure-1", "measure-2", "pens")
    names = [f"{card}.{kind}" for card in cards for kind in ("gcode", "svg")]
    assert sorted(path.name for path in (tmp_path / "card").iterdir()) == names
    assert cli.run(["card", "-m", MACHINE, "--pens", RACK, "--paper", "A9"]) == 2
    assert cli.run(["card", "-m", MACHINE, "--pens", "no.yaml"]) == 2
    assert "no.yaml: cannot be read: No such file or directory" in capsys.readouterr().err


def test_gcode_goes_to_stdout_alone(svg: Path, capsys: Capture) -> None:
    assert cli.run(["gcode", str(svg), "-m", MACHINE, "-o", "-"]) == 0
    assert capsys.readouterr().out.startswith("G21\nG90\n")
    assert not svg.with_suffix(".gcode").exists()


def test_gcode_into_a_folder_has_a_file_a_pen(svg: Path, tmp_path: Path) -> None:
    (tmp_path / "robot").mkdir()
    assert cli.run(["gcode", str(svg), "-m", MACHINE, "-o", str(tmp_path / "robot")]) == 0
    assert "drawing.gcode" in {path.name for path in (tmp_path / "robot").iterdir()}
    assert len(list((tmp_path / "robot").iterdir())) == 2


def test_gcode_is_not_written_where_the_machine_cannot_draw_it(svg: Path, capsys: Capture) -> None:
    svg.write_text(svg.read_text().replace("50mm", "500mm"))
    assert cli.run(["gcode", str(svg), "-m", MACHINE]) == 1
    assert "a line reaches" in capsys.readouterr().err
    assert not svg.with_suffix(".gcode").exists()


def test_what_lies_off_the_sheet_is_left_out_and_told(svg: Path, capsys: Capture) -> None:
    svg.write_text(SVG.format("M5,5 L75,5"))
    assert cli.run(["gcode", str(svg), "-m", MACHINE]) == 0
    assert capsys.readouterr().err == f"note: {svg}: what lies outside its 50 x 50 mm is left out\n"


def test_assets_are_added_and_listed(spec: Path, capsys: Capture) -> None:
    picture = spec.with_name("disc.png")
    assert cli.run(["assets", "add", str(picture), str(picture.with_name("none.png"))]) == 1
    said = capsys.readouterr()
    assert said.out.endswith("  disc.png\n")
    assert "none.png: no such file" in said.err
    assert cli.run(["assets", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["assets"]
    assert {row["name"]: row["path"] for row in rows}["scream"] is None


def test_a_file_that_is_out_of_reach_is_reported(capsys: Capture) -> None:
    assert cli.run(["assets", "fetch", "scream", "--json"]) == 1
    [row] = json.loads(capsys.readouterr().out)["assets"]
    assert "RENDER_OFFLINE is set" in row["error"]


def test_doctor_shows_what_there_is(capsys: Capture) -> None:
    assert cli.run(["doctor", "--json"]) == 0
    findings = {one["name"]: one for one in json.loads(capsys.readouterr().out)["findings"]}
    assert set(findings) >= {
        "render",
        "python",
        "torch",
        "threads",
        "devices",
        "memory",
        "compiled",
        "cache",
        "assets",
        "ports",
    }
    assert findings["devices"]["text"].startswith("cpu")
    assert findings["python"]["well"]
    assert cli.run(["doctor"]) == 0
    assert all(line.startswith(("ok    ", "warn  ")) for line in capsys.readouterr().out.splitlines())


def test_doctor_warns_of_a_cache_that_cannot_be_written(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path / "file"))
    assert cli.run(["doctor"]) == 0
    [line] = [line for line in capsys.readouterr().out.splitlines() if "RENDER_CACHE" in line]
    assert line.startswith("warn  cache")


def test_a_reader_that_goes_away_is_no_error_to_speak_of() -> None:
    code = "import sys; from renderer import cli; sys.exit(cli.run(['schema']))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1


def test_shells_complete_commands_and_files(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setenv("_RENDER_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "render val")
    monkeypatch.setenv("COMP_CWORD", "1")
    with pytest.raises(SystemExit):
        cli.run([])
    assert "plain,validate" in capsys.readouterr().out
