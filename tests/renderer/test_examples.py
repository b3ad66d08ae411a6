"""Specs, racks and machines that come with the program: by name, and written as files to edit."""

from pathlib import Path

import pytest
from PIL import Image

from renderer import cli
from renderer.examples import ExampleError, examples, written
from renderer.specfile import SpecErrors, load

NAMES = [one.name for one in examples()]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_examples_are_specs_racks_and_machines() -> None:
    assert {"scream_study", "hatching", "fineliners", "gelly_roll", "gantry_grbl_servo"} <= set(NAMES)
    assert len(set(NAMES)) == len(NAMES)
    assert all(one.title for one in examples())


@pytest.mark.parametrize("name", [one.name for one in examples() if one.kind == "spec"])
def test_a_spec_loads_by_its_name_and_as_it_is_written(name: str, folder: Path) -> None:
    [by_name] = load(name)
    spec, picture = written(name, folder)
    [copy] = load(spec)
    with Image.open(picture) as image:
        assert image.size
    same = {"target": by_name.artwork.target}  # its path differs
    assert copy.artwork.model_copy(update=same) == by_name.artwork
    assert (by_name.name, copy.name) == (name, name)


@pytest.mark.parametrize("name", [one.name for one in examples() if one.kind != "spec"])
def test_a_rack_or_a_machine_is_one_file(name: str, folder: Path) -> None:
    [path] = written(name, folder / "new")
    assert path == folder / "new" / f"{name}.yaml"
    assert path.stat().st_size > 100


def test_examples_that_share_a_picture_go_into_one_folder(folder: Path) -> None:
    written("flow", folder)
    assert len(written("waves", folder)) == 2


def test_a_file_that_was_edited_is_not_replaced(folder: Path) -> None:
    [path] = written("pencil", folder)
    path.write_text("mine")
    with pytest.raises(ExampleError, match="already exists; use another folder with --out, or replace it with --force"):
        written("pencil", folder)
    assert path.read_text() == "mine"
    written("pencil", folder, force=True)
    assert path.read_text() != "mine"


def test_a_file_hides_the_example_of_its_name(folder: Path) -> None:
    (folder / "flow").write_text("version: 1\n")
    with pytest.raises(Exception, match="title"):
        load("flow")


def test_the_command_lists_and_writes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["examples"]) == 0
    assert "rack     pencil                     pencil" in capsys.readouterr().out
    assert cli.run(["examples", "pencil", "--out", "x"]) == 0
    assert capsys.readouterr().out.strip() == str(Path("x") / "pencil.yaml")
    assert cli.run(["validate", "waves"]) == 0
    assert capsys.readouterr().out == "waves: ok, 1 work: waves\n"


def test_a_misspelt_example_is_answered_with_the_nearest(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["examples", "pensil"]) == 2
    assert capsys.readouterr().err == "render: there is no example 'pensil'; did you mean 'pencil'?\n"


def test_the_queue_takes_an_example_by_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["queue", "add", "waves", "--db", "queue.db", "--json"]) == 0
    assert '"name": "waves"' in capsys.readouterr().out


def test_a_name_that_is_nearly_that_of_an_example_is_recognised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecErrors, match=r"; did you mean the example 'hatching'\?$"):
        load("hatchin")
    with pytest.raises(SpecErrors, match=r"no file 'my-own' \(looked in \.\); the folder has no such files$"):
        load("my-own")
