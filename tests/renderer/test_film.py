"""The film of a plot."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hardware.drawing import Drawing, Ink, Pen, PenPass
from hardware.svgfile import to_svg
from renderer import cli, preview
from renderer.film import FilmError, captioned, film, frames
from renderer.result import Result

Capture = pytest.CaptureFixture[str]


def drawing(count: int = 60, ink: Ink = Ink.OPAQUE) -> Drawing:
    """Two passes of crossing lines."""
    rng = np.random.default_rng(1)
    pens = [
        Pen(name=name, colour=colour, nib_mm=4, ink=ink) for name, colour in (("sea", "#2060c0"), ("sun", "#e0a020"))
    ]
    passes = [PenPass("lines", pen, tuple(rng.uniform(5, 75, (count, 2, 2)))) for pen in pens]
    return Drawing(80, 80, "#ffffff", tuple(passes), "Sea & sun")


@pytest.mark.parametrize("ink", list(Ink))
def test_the_last_frame_is_the_preview_and_the_first_the_bare_sheet(ink: Ink) -> None:
    made = list(frames(drawing(ink=ink), 20, 120))
    assert np.allclose(made[-1].picture, preview.picture(drawing(ink=ink), 1.5), atol=1e-6)
    assert float(made[0].picture.min()) == 1.0


def test_frames_follow_the_plot_pen_by_pen() -> None:
    made = list(frames(drawing(), 20, 60))
    assert len(made) in range(19, 24)
    assert [frame.number for frame in made] == sorted(frame.number for frame in made)
    assert [frame.strokes for frame in made] == sorted({frame.strokes for frame in made})
    assert made[-1].strokes == 120
    assert {frame.pen.name for frame in made if frame.pen} == {"sea", "sun"}


def test_a_pass_is_shown_however_few_frames_there_are() -> None:
    assert {frame.number for frame in frames(drawing(3), 1, 40)} == {0, 1, 2}


def test_free_colours_have_no_pen() -> None:
    whole = drawing(4)
    free = replace(whole, passes=(replace(whole.passes[0], colours=("#ff0000",) * 4, widths_mm=(1.0,) * 4),))
    made = list(frames(free, 4, 40))
    assert all(frame.pen is None for frame in made)
    assert captioned(made[-1], free).size == captioned(made[0], free).size


def test_video_gets_even_sides() -> None:
    for longer_px in (64, 65, 97):
        image = captioned(next(frames(drawing(3), 2, longer_px)), drawing(3))
        assert image.width % 2 == image.height % 2 == 0


@pytest.mark.parametrize("name", ["film.gif", "film.webp"])
def test_a_film_moves_and_rests_on_its_end(tmp_path: Path, name: str) -> None:
    count = film(drawing(), tmp_path / name, seconds=1, fps=10, longer_px=80)
    with Image.open(tmp_path / name) as image:
        assert image.n_frames == count  # type: ignore[attr-defined]
        image.seek(count - 1)
        image.load()
        assert image.info["duration"] == 2500
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
def test_a_film_as_mp4(tmp_path: Path) -> None:
    film(drawing(), tmp_path / "film.mp4", seconds=1, fps=10, longer_px=80)
    assert (tmp_path / "film.mp4").read_bytes()[4:8] == b"ftyp"


def test_what_cannot_be_filmed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FilmError) as error:
        film(drawing(), tmp_path / "film.avi")
    assert str(error.value) == f"{tmp_path / 'film.avi'}: not a film; use a name that ends in .gif, .webp or .mp4"
    with pytest.raises(FilmError) as error:
        film(replace(drawing(), passes=()), tmp_path / "film.gif")
    assert str(error.value) == "the drawing has no strokes, so there is nothing to show"
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(FilmError) as error:
        film(drawing(), tmp_path / "film.mp4")
    why = "MP4 needs ffmpeg, which is not installed; install it, or name a .webp or .gif file"
    assert str(error.value) == f"{tmp_path / 'film.mp4'}: {why}"
    with pytest.raises(FilmError) as error:
        film(drawing(2), tmp_path / "none" / "film.gif", seconds=1, longer_px=40)
    assert str(error.value).endswith("film.gif: cannot be written: No such file or directory; name another file")


def test_the_command_writes_beside_the_folder(
    tmp_path: Path, capsys: Capture, make_result: Callable[..., Result]
) -> None:
    folder = tmp_path / "disc"
    folder.mkdir()
    (folder / "drawing.svg").write_text(to_svg(make_result().drawing))
    assert cli.run(["film", str(folder), "--seconds", "1", "--size", "64"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'disc-plot.webp'}\n"
    assert [path.name for path in folder.iterdir()] == ["drawing.svg"]


def test_a_file_that_is_not_there_is_told(tmp_path: Path, capsys: Capture) -> None:
    assert cli.run(["film", str(tmp_path / "none.svg")]) == 1
    assert "none.svg" in capsys.readouterr().err
