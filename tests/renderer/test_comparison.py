"""Finished renders side by side: the settings in which they differ, and their figures."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from renderer import cli, output
from renderer.comparison import CompareError, compared, figure_text, page
from renderer.result import Result


@pytest.fixture
def folders(make_result: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    monkeypatch.chdir(tmp_path)
    first = make_result()
    artwork = first.work.artwork.model_copy(update={"seed": 7, "title": "<b>other</b>"})
    second = replace(first, work=replace(first.work, artwork=artwork), interrupted=True)
    output.write(first, Path("one"))
    output.write(second, Path("two"))
    return Path("one"), Path("two")


def test_only_the_settings_that_differ_are_shown(folders: tuple[Path, Path]) -> None:
    one, two = compared(folders)
    assert one.settings.keys() == {"seed", "title"}
    assert (one.settings["seed"], two.settings["seed"]) == ("1", "7")
    record = json.loads((folders[0] / "manifest.json").read_bytes())
    assert one.figures["SSIM"] == record["metrics"]["ssim"]
    assert one.figures["strokes"] == sum(part["strokes"] for part in record["passes"])
    assert (one.interrupted, two.interrupted) == (False, True)


def test_the_page_needs_no_other_file_and_shows_text_as_text(folders: tuple[Path, Path]) -> None:
    text = page(compared(folders))
    assert text.count('<img alt="disc" src="data:image/webp;base64,') == 2
    assert "&lt;b&gt;other&lt;/b&gt;" in text
    assert "<b>other" not in text
    assert "http" not in text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [("SSIM", 0.5349, "0.535"), ("inked", 0.614, "61%"), ("strokes", 260.0, "260"), ("metres", None, "-")],
)
def test_figures_are_written_for_people(name: str, value: float | None, text: str) -> None:
    assert figure_text(name, value) == text


@pytest.mark.parametrize("content", ["", "{}", '{"made_by": "another"}'])
def test_another_folder_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(CompareError, match="is not a finished render; name folders that render wrote"):
        compared((tmp_path,))


def test_the_command_prints_the_table_and_writes_the_page(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["compare", "one", "two", "--page", "both.html"]) == 0
    said = capsys.readouterr()
    assert said.out == "both.html\n"
    rows = [line.split() for line in said.err.splitlines()]
    assert rows[0] == ["one", "two", "(stopped)"]
    assert ["seed", "1", "7"] in rows
    assert cli.run(["compare", "one", "one", "--json"]) == 0
    assert [work["settings"] for work in json.loads(capsys.readouterr().out)["works"]] == [{}, {}]
    assert cli.run(["compare", "one", "none"]) == 2
    assert capsys.readouterr().err == "render: none: is not a finished render; name folders that render wrote\n"


def test_wide_tables_are_divided_at_the_width_of_the_terminal(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    many = []
    for number in range(9):
        many.append(f"a-rather-long-name-{number}")
        shutil.copytree("two" if number % 2 else "one", many[-1])
    assert cli.run(["compare", *many]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert max(map(len, lines)) <= 80
    heads = [line.split() for line in lines if "a-rather" in line]
    assert [name for head in heads for name in head if name != "(stopped)"] == many
    assert sum(line.startswith("seed") for line in lines) == len(heads) > 2
