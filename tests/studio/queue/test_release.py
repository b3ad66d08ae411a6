"""What was looked at is what is drawn."""

import hashlib
import io
import json
import time
from pathlib import Path

import pytest
from beside import Beside, added, job
from PIL import Image
from simulated_plot import SimulatedPlot, small_card

from renderer.studio.queue import job_pictures, leases, release, requests
from renderer.studio.queue.adding import NewJob
from renderer.studio.queue.states import Refused, StudioError
from renderer.studio.queue.store import Store

pytestmark = pytest.mark.usefixtures("here")


def test_what_has_changed_since_it_was_released_is_not_drawn(there: Store, tmp_path: Path) -> None:
    session = SimulatedPlot(drawing=small_card())
    (a,) = added(there, "a")
    at = time.strftime("%Y-%m-%d %H:%M", time.localtime(job(there, a).released["at"]))
    Path("a.svg").write_text("<svg> </svg>")
    with Beside(there, session, tmp_path) as beside:
        beside.lets_go()
        beside.reaches(a, "failed")
        assert job(there, a).error == (
            f"a.svg: has changed since it was released on {at} by ada; look at it and release it again"
        )
        assert session.bench.controller.machine.trace == []
        assert requests.retry(there, a, "ada").state == "draft"
        assert job(there, a).released == {}
        requests.resume(there, a, "bob")
        beside.asked(a, "load")
        requests.cancel(there, a, "ada")
        beside.reaches(a, "cancelled")


def test_of_a_folder_its_drawing_counts(store: Store) -> None:
    folder = Path("made")
    folder.mkdir()
    (folder / "drawing.svg").write_text("<svg/>")
    requests.add(store, [NewJob("plot", "made", "made", "made", machine="gantry")], "ada")
    released = requests.resume(store, 1, "ada").released
    assert released["sha256"] == hashlib.sha256(b"<svg/>").hexdigest()
    (folder / "report.html").write_text("new")
    release.check_unchanged(job(store, 1))
    (folder / "drawing.svg").write_text("<svg> </svg>")
    with pytest.raises(StudioError, match=r"^made: has changed since it was released on .+ by ada; look at it"):
        release.check_unchanged(job(store, 1))


def finished(folder: Path, strokes: int, colour: str) -> None:
    """What a render leaves, as far as it matters here."""
    folder.mkdir(exist_ok=True)
    (folder / "drawing.svg").write_text(f"<svg>{strokes}</svg>")
    rows = [
        {"pen": {"name": "black", "nib_mm": 0.5, "colour": "#101010"}, "strokes": strokes, "metres": 1, "minutes": 2}
    ]
    (folder / "manifest.json").write_text(json.dumps({"passes": rows, "plotting": {"minutes": 3.0}}))
    Image.new("RGB", (100, 80), colour).save(folder / "preview.png")


def test_what_has_changed_since_its_picture_was_taken_is_shown_before_it_is_released(store: Store) -> None:
    finished(Path("made"), 7, "red")
    known = {"drawing": hashlib.sha256(b"<svg>7</svg>").hexdigest(), "pens": [], "minutes": 1.0}
    first = ("image/webp", b"first")
    requests.add(store, [NewJob("plot", "made", "made", "made", machine="gantry", result=known, preview=first)], "ada")
    finished(Path("made"), 9, "blue")  # another render, into the same place
    with pytest.raises(
        Refused,
        match=r"^job 1: made has changed since the queue took its picture; cancel the job and retry it"
        r" to see what it draws now$",
    ):
        requests.resume(store, 1, "ada")
    requests.cancel(store, 1, "ada")
    assert requests.retry(store, 1, "ada").result["pens"][0]["strokes"] == 9
    picture = job_pictures.get(store, 1, "preview")
    assert picture is not None
    with Image.open(io.BytesIO(picture.content)) as image:
        red, _, blue = image.convert("RGB").getpixel((50, 40))
    assert blue > 200 > red
    assert requests.resume(store, 1, "ada").released["sha256"] == hashlib.sha256(b"<svg>9</svg>").hexdigest()


def test_what_is_as_it_was_keeps_what_the_queue_shows(store: Store) -> None:
    finished(Path("made"), 7, "red")
    known = {"drawing": hashlib.sha256(b"<svg>7</svg>").hexdigest(), "pens": [], "minutes": 1.0}
    first = ("image/webp", b"first")
    requests.add(store, [NewJob("plot", "made", "made", "made", machine="gantry", result=known, preview=first)], "ada")
    requests.cancel(store, 1, "ada")
    assert requests.retry(store, 1, "ada").result == known
    picture = job_pictures.get(store, 1, "preview")
    assert picture is not None
    assert picture.content == b"first"


def test_what_nobody_can_see_is_not_released(store: Store) -> None:
    known = {"drawing": "cd" * 32}  # by who added it, on the machine that has it
    requests.add(store, [NewJob("plot", "a", "a", "a.svg", machine="gantry")], "ada")
    requests.add(store, [NewJob("plot", "b", "b", "b.svg", machine="gantry", result=known)], "ada")
    with pytest.raises(
        Refused,
        match=r"^job 1: a\.svg cannot be read \(No such file or directory\), and without it the plot cannot be checked;"
        r" release the plot on the machine that has it$",
    ):
        requests.resume(store, 1, "ada")
    assert requests.resume(store, 2, "ada").released["sha256"] == "cd" * 32


def test_a_plot_waits_for_what_it_is_made_from(store: Store) -> None:
    render, plot = requests.add_all(
        store, [(NewJob("render", "a", "a", "a.yaml"), [NewJob("plot", "a", "a", "a.yaml")])], "ada"
    )
    with pytest.raises(Refused, match=r"^job 2 plots what job 1 renders, which is queued$"):
        requests.resume(store, plot.id, "ada")
    claimed = leases.claim(store, "render", "w")
    assert claimed is not None
    black = {"name": "black", "nib_mm": 0.5, "colour": "#101010", "max_draw_m": 90.0}
    rows = [{"pen": black, "strokes": 7, "metres": 1.5, "minutes": 2.0}]
    made = {"folder": "out/a", "passes": rows, "plotting": {"minutes": 3.0}, "drawing": "ab" * 32}
    leases.finish(store, render.id, claimed.token, "w", made, lambda: None)
    assert requests.resume(store, plot.id, "ada").state == "queued"
    assert job(store, plot.id).source == "out/a"
    pen = {"name": "black 0.5", "colour": "#101010", "lasts_m": 90.0, "strokes": 7, "metres": 1.5, "minutes": 2.0}
    assert job(store, plot.id).result == {"pens": [pen], "minutes": 3.0, "drawing": "ab" * 32}
