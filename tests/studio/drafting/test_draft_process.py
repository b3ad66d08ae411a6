"""The process that makes drafts: what it answers, and that it ends with the page's server."""

import base64
import io
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from renderer.studio.drafting.draft_worker import CHILD, DraftWorker
from renderer.studio.queue.states import StudioError


@pytest.fixture(scope="module")
def worker() -> Iterator[DraftWorker]:
    one = DraftWorker(patience_s=240.0)
    yield one
    one.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    y, x = np.mgrid[0:120, 0:160]
    picture = np.where(((x - 80) ** 2 + (y - 60) ** 2 < 1600)[..., None], (190, 30, 40), (240, 240, 235))
    path = tmp_path / "disc.png"
    Image.fromarray(picture.astype(np.uint8)).save(path)
    return path


def choices(photo: Path, **more: Any) -> dict[str, Any]:
    usual = {"photo": str(photo), "out": str(photo.with_suffix(".yaml")), "only": [], "paper": "A5", "minutes": 20.0}
    return {"choices": usual | {"pens": "fineliners", "style": "curves", "force": True} | more}


def test_a_draft_shows_the_pens_on_a_small_sheet_and_says_what_the_finished_drawing_holds(
    worker: DraftWorker, photo: Path
) -> None:
    made = worker.ask("0", choices(photo, only=["red", "black"], minutes=10.0)).result(300)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(made["base64"]))).convert("RGB"), float)
    assert max(picture.shape) == 900
    height, width = picture.shape[:2]
    assert picture[height // 2, width // 4 : 3 * width // 4].mean() < picture[: height // 20].mean() - 20
    assert {name for name, _ in made["pens"]} <= {"red", "black"}
    assert made["finished_mm"] == [210.0, 148.0]  # as the picture lies
    assert made["sheet_mm"][0] <= 130.0
    assert made["finished"]["minutes"] <= 11.0 + 1e-9
    assert made["finished"]["strokes"] > made["strokes"]
    more = worker.ask("0", choices(photo, only=["red", "black"], minutes=20.0)).result(300)
    assert more["finished"]["strokes"] > made["finished"]["strokes"]
    assert list(photo.parent.iterdir()) == [photo]  # no spec stays


def test_the_same_choices_give_the_same_draft(worker: DraftWorker, photo: Path) -> None:
    first, second = (worker.ask("0", choices(photo)).result(300) for _ in range(2))
    assert first == second


def test_the_spec_is_the_one_of_render_new(worker: DraftWorker, photo: Path) -> None:
    from renderer.new_spec import NewSpecRequest, new_spec

    wanted = choices(photo, out=str(photo.with_name("page.yaml")), force=False, style="hatching")["choices"]
    assert worker.ask("0", {"write": wanted}).result(300) == {"spec": str(photo.with_name("page.yaml"))}
    own = NewSpecRequest(
        photo, "fineliners", paper="A5", minutes=20.0, style="hatching", out=photo.with_name("own.yaml")
    )
    own_text = new_spec(own).path.read_text(encoding="utf-8").replace("own.yaml", "page.yaml")
    assert photo.with_name("page.yaml").read_text(encoding="utf-8") == own_text
    with pytest.raises(StudioError, match="already exists"):
        worker.ask("0", {"write": wanted}).result(300)


def test_single_pens_of_a_rack_are_named_in_the_spec(photo: Path) -> None:
    from renderer.new_spec import NewSpecRequest, new_spec

    made = new_spec(NewSpecRequest(photo, "fineliners", only=("red", "pine green")))
    assert "pens: {rack: fineliners, only: [red, pine green]}" in made.text
    assert made.work.artwork.pens.only == ("red", "pine green")  # type: ignore[union-attr]


def test_a_process_whose_server_has_gone_ends() -> None:
    with subprocess.Popen(list(CHILD), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps({"spec": "none.yaml", "within": "."}) + "\n")
        process.stdin.close()  # as if the server were killed in the middle of a draft
        assert process.wait(120) == 3


def test_a_wrong_request_is_answered_in_words(worker: DraftWorker, photo: Path) -> None:
    with pytest.raises(StudioError, match="the rack has no pen named 'gold'"):
        worker.ask("0", choices(photo, only=["gold"])).result(300)
