"""Racks and machines by name: which file a name means, in a clone and in the wheel."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from hardware import starters
from hardware.machine import MachineError, load_machine
from hardware.rack import RackError, load_rack
from renderer.specfile import SpecErrors, Work, load

ROOT = Path(__file__).parents[2]
PENS = ", ".join(sorted(path.stem for path in (ROOT / "specs" / "pens").glob("*.yaml")))
MACHINES = ", ".join(sorted(path.stem for path in (ROOT / "specs" / "machines").glob("*.yaml")))
SPEC = """\
version: 1
title: A dot
target: {image: x.png}
pens: {rack: fineliners, use: 2}
machine: gantry_grbl_servo
layers:
  - points: 2
  - points: 2
    pens: {rack: micron_black}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.png").touch()
    return tmp_path


def work(folder: Path, text: str = SPEC, within: Path | None = None) -> Work:
    (folder / "spec.yaml").write_text(text, encoding="utf-8")
    [one] = load(Path("spec.yaml"), within=within)
    return one


def faults(folder: Path, text: str, within: Path | None = None) -> list[str]:
    with pytest.raises(SpecErrors) as caught:
        work(folder, text, within)
    return str(caught.value).splitlines()


# --- names ---


def test_the_starters_are_the_files_of_the_clone() -> None:
    assert ", ".join(starters.names("pens")) == PENS
    assert ", ".join(starters.names("machines")) == MACHINES
    assert starters.path("pens", "fineliners") == ROOT / "specs" / "pens" / "fineliners.yaml"


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("pens", "finelinres", f"rack 'finelinres'; did you mean 'fineliners'? The starters are {PENS}"),
        ("pens", "Micron_Black", f"rack 'Micron_Black'; did you mean 'micron_black'? The starters are {PENS}"),
        ("machines", "gantry", f"machine 'gantry'; did you mean 'gantry_grbl_servo'? The starters are {MACHINES}"),
        (
            "machines",
            "drawbot",
            f"machine 'drawbot'; did you mean 'drawbot_grbl_solenoid'? The starters are {MACHINES}",
        ),
        ("machines", "laser", f"machine 'laser'; the starters are {MACHINES}"),
        (
            "pens",
            "../pens/fineliners",
            f"rack '../pens/fineliners'; did you mean 'fineliners'? The starters are {PENS}",
        ),
    ],
)
def test_a_name_that_is_not_known_is_answered_with_the_nearest(kind: starters.Kind, name: str, text: str) -> None:
    with pytest.raises(starters.StarterError) as caught:
        starters.path(kind, name)
    assert str(caught.value) == f"there is no starter {text}"


def test_a_copy_without_starters_says_so(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(starters, "_CLONE", folder)
    assert starters.names("pens") == ()
    assert starters.suggestion("pens", "fineliners") == "this copy of the program has no starters; name a file"


@pytest.mark.parametrize("text", ["", ".", "..", "a.yaml", "a/b", "a\\b", "a\0b", ".hidden"])
def test_what_has_a_folder_or_an_ending_is_not_a_name(text: str) -> None:
    assert not starters.is_name(text)


# --- on the command line ---


def test_a_machine_and_a_rack_load_by_name(folder: Path) -> None:
    assert load_machine("gantry_grbl_servo").name == "gantry with a servo"
    assert load_machine(Path("gantry_grbl_servo")) == load_machine(starters.path("machines", "gantry_grbl_servo"))
    assert len(load_rack("fineliners")) == 20


def test_a_file_that_is_there_comes_before_the_starter(folder: Path) -> None:
    (folder / "fineliners").write_text("pens: [{name: mine, colour: '#000000', nib_mm: 1}]")
    assert [pen.name for pen in load_rack("fineliners")] == ["mine"]


def test_a_folder_of_the_same_name_does_not_hide_the_starter(folder: Path) -> None:
    (folder / "fineliners").mkdir()
    assert len(load_rack("fineliners")) == 20
    assert len(work(folder).artwork.pens.rack.pens) == 20  # type: ignore[union-attr]


def test_a_name_that_is_neither_is_an_error_of_the_machine_or_the_rack(folder: Path) -> None:
    with pytest.raises(MachineError) as machine:
        load_machine("gantry_grbl_servos")
    assert str(machine.value) == (
        "'gantry_grbl_servos' is neither a file nor a starter machine; did you mean 'gantry_grbl_servo'? "
        f"The starters are {MACHINES}"
    )
    with pytest.raises(RackError) as rack:
        load_rack("crayons")
    assert str(rack.value) == f"'crayons' is neither a file nor a starter rack; the starters are {PENS}"


# --- in a spec ---


def test_a_spec_names_starters(folder: Path) -> None:
    made = work(folder)
    assert made.artwork.machine == load_machine("gantry_grbl_servo")
    assert made.artwork.pens.rack.name == "fineliners 0.4"  # type: ignore[union-attr]
    assert made.artwork.layers[1].pens.rack.name == "black liner 0.45"  # type: ignore[union-attr]
    assert made.sources == (Path("spec.yaml"),)  # what comes with the program is not a source of the work


def test_a_file_beside_the_spec_comes_before_the_starter(folder: Path) -> None:
    (folder / "fineliners").write_text(
        "[{name: mine, colour: '#000000', nib_mm: 1}, {name: b, colour: '#ffffff', nib_mm: 1}]"
    )
    made = work(folder)
    assert made.artwork.pens.rack.name == "fineliners"  # type: ignore[union-attr]
    assert made.sources == (Path("spec.yaml"), Path("fineliners"))


def test_set_takes_a_starter(folder: Path) -> None:
    work(folder)
    [one] = load(Path("spec.yaml"), ("pens.rack=paint_markers_24",))
    assert len(one.artwork.pens.rack.pens) == 24  # type: ignore[union-attr]


def test_names_that_are_not_known_are_faults_with_their_place(folder: Path) -> None:
    (folder / "mine.yaml").touch()
    text = SPEC.replace("micron_black", "micron_blak").replace("rack: fineliners", "rack: mine")
    assert faults(folder, text.replace("gantry_grbl_servo", "plotter")) == [
        "spec.yaml:4:14: pens.rack: 'mine' is neither a file beside the spec nor a starter rack; "
        "did you mean 'mine.yaml'?",
        f"spec.yaml:5:10: machine: 'plotter' is neither a file beside the spec nor a starter machine; "
        f"the starters are {MACHINES}",
        "spec.yaml:9:18: layers.1.pens.rack: 'micron_blak' is neither a file beside the spec nor a starter rack; "
        f"did you mean 'micron_black'? The starters are {PENS}",
    ]


def test_a_folder_of_specs_that_nothing_may_leave_has_starters_and_nothing_else(folder: Path) -> None:
    specs = folder / "specs"
    specs.mkdir()
    (folder / "outside.yaml").write_text("[{name: mine, colour: '#000000', nib_mm: 1}]")
    (specs / "x.png").touch()
    (specs / "spec.yaml").write_text(SPEC)
    assert len(load(Path("specs/spec.yaml"), within=specs)) == 1
    (specs / "fineliners").symlink_to(folder / "outside.yaml")
    with pytest.raises(SpecErrors) as caught:
        load(Path("specs/spec.yaml"), within=specs)
    assert str(caught.value) == (
        "specs/spec.yaml:4:14: pens.rack: 'fineliners' is outside the folder of the specs; copy the file into it, "
        "and name the copy"
    )


# --- in the wheel ---


def test_the_wheel_is_told_to_take_them() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {source: place.removeprefix("hardware/starters/") for source, place in wheel["force-include"].items()} == {
        "specs/machines": "machines",
        "specs/pens": "pens",
        "specs/marks": "marks",
        "specs/scream_study.yaml": "scream_study.yaml",
        "specs/targets/scream_study.png": "targets/scream_study.png",
    }


@pytest.mark.slow
@pytest.mark.network  # the build's own tool may have to be fetched
def test_the_wheel_has_them_and_they_are_found_there(tmp_path: Path) -> None:
    build = ["uv", "build", "--wheel", "--out-dir", str(tmp_path / "dist"), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    [wheel] = (tmp_path / "dist").glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    code = (
        "import hardware.starters as s; from hardware.rack import load_rack; "
        "from renderer.specfile import load; assert load('flow')[0].name == 'flow'; "
        "print(s.path('machines', 'gantry_grbl_servo'), *s.names('pens'), len(load_rack('fineliners')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "installed", capture_output=True, text=True, check=True
    )
    place = tmp_path / "installed" / "hardware" / "starters" / "machines" / "gantry_grbl_servo.yaml"
    assert done.stdout.strip() == f"{place} {PENS.replace(',', '')} 20"
