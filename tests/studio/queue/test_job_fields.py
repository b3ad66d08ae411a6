"""The fields of a job are described once: options, lists, the page and the table follow from the description."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from renderer.studio.queue import records, tables
from renderer.studio.queue.adding import NewJob
from renderer.studio.queue.job_fields import BY_NAME, COLUMNS, FIELDS, Day, Number, Text
from renderer.studio.queue.location import VERSION
from renderer.studio.queue.states import StudioError

QUEUE = Path(__file__).parent
SHELF = (
    "    shelf: str = described("
    f'Text(label="Shelf", help="Where its paper lies.", listed_as="on {{}}", since={VERSION + 1}))'
)
SPEC = """version: 1
title: Disc
target: {image: disc.png}
pens: [{name: black, colour: "#111111", nib_mm: 1}]
layers: [{points: 9}]
"""


def test_jobs_the_table_and_the_descriptions_have_the_same_fields() -> None:
    names = [field.name for field in COLUMNS]
    assert names[:3] == ["note", "due", "priority"]
    assert set(BY_NAME) <= {field.name for field in dataclasses.fields(records.Job)}
    assert {field.name for field in dataclasses.fields(records.Job)} == set(tables.jobs.columns.keys())
    new = NewJob("render", "a", "A", "a.yaml")
    assert [getattr(new, field.name) for field in COLUMNS] == [field.default for field in COLUMNS]
    assert [field.name for field in FIELDS] == ["title", *names]


def test_a_text_a_day_and_a_number_say_what_they_take() -> None:
    text, day = Text(name="shelf", label="", help="", is_required=True), Day(name="due", label="", help="")
    number = Number(name="rank", label="", help="", least=1, most=9)
    assert (text.checked(" Hall "), day.checked("2026-12-01"), day.checked(""), number.checked(9)) == (
        "Hall", "2026-12-01", "", 9
    )  # fmt: skip
    assert (text.from_form(""), day.from_form(""), number.from_form(""), number.from_form("3")) == (None, "", None, 3)
    assert (text.input, day.input, number.input) == (
        {"maxlength": 500}, {"type": "date"}, {"type": "number", "min": 1, "max": 9}
    )  # fmt: skip
    assert (text.history_text(""), text.history_text("Hall"), number.history_text(0)) == ("nothing", "'Hall'", "0")
    for field, wrong, message in (
        (text, " ", "shelf: a job needs one; give a text that is not empty"),
        (day, "1.12.2026", "due: '1.12.2026' is not a date; write it as in 2026-12-01"),
        (number, 10, "rank: 10 is not a whole number from 1 to 9"),
    ):
        with pytest.raises(StudioError, match=f"^{message}$"):
            field.checked(wrong)
    with pytest.raises(StudioError, match=r"^rank: '1e3' is not a whole number from 1 to 9$"):
        number.from_form("1e3")


def test_a_field_that_is_described_is_all_there(tmp_path: Path) -> None:
    """One more description, in another process: nothing else of the program is changed."""
    for folder in (tmp_path, tmp_path / "specs"):
        folder.mkdir(exist_ok=True)
        (folder / "disc.png").write_bytes(b"no picture is opened before it is rendered")
        (folder / "disc.yaml").write_text(SPEC)
    done = subprocess.run(
        [sys.executable, str(QUEUE / "one_more_field.py"), str(tmp_path), SHELF],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    head = said["listed"][0].split()
    assert head[:4] == ["job", "kind", "state", "due"]
    assert head[-3:] == ["shelf", "title", "note"]
    assert "Top left" in said["listed"][1]
    assert "  shelf    Top left" in said["shown"]
    assert "--shelf TEXT" in said["add_help"]
    assert "Change the title, note, due date, priority" in " ".join(said["edit_help"].split())
    assert " or shelf of a job." in " ".join(said["edit_help"].split())
    assert said["why"] == "changed: shelf from 'Top left' to 'Lower'"
    assert said["copied"] == "Lower"
    assert '<label>Shelf <input name="shelf" maxlength="500" value=""></label>' in said["page"]
    assert ", on Lower" in said["page"]
    assert said["posted"] == ["Middle", "Floor"]
    assert said["old"] == ["", "", ""]  # the jobs of a database that is older than the field
    assert said["old_edited"] == "Lower"
