"""PDF and PNG at print size: as large as the sheet, and with the colours of the preview."""

import io
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hardware.drawing import Drawing, Ink, Pen, PenPass
from hardware.svgfile import to_svg
from renderer import cli, preview
from renderer.print_size import PrintError, as_pdf, as_png

Capture = pytest.CaptureFixture[str]
YELLOW = Pen(name="yellow", colour="#ffdd00", nib_mm=4, ink=Ink.TRANSPARENT)
BLUE = Pen(name="blue", colour="#2456a8", nib_mm=4, ink=Ink.TRANSPARENT)
RED = Pen(name="red", colour="#d02030", nib_mm=2)


def crossed() -> Drawing:
    """Two transparent inks that cross, opaque paint over them, and a dot."""
    lines = (((5, 20), (55, 20)), ((30, 5), (30, 35)), ((10, 10), (50, 30)))
    passes = [
        PenPass("x", pen, (np.array(line, dtype=float),)) for pen, line in zip((YELLOW, BLUE, RED), lines, strict=True)
    ]
    dot = PenPass("x", RED, (np.array([[50.0, 8.0]]),))
    return Drawing(60, 40, "#fdfbf5", (*passes, dot))


def test_a_png_has_the_size_and_the_colours_of_the_drawing() -> None:
    picture = Image.open(io.BytesIO(as_png(crossed(), 254)))
    assert picture.size == (600, 400)
    assert picture.info["dpi"] == pytest.approx((254, 254), abs=0.1)
    shown = np.asarray(picture.convert("RGB"), dtype=float)
    right = preview.picture(crossed(), 10.0).transpose(1, 2, 0) * 255
    assert np.abs(shown - right).mean() < 0.3
    assert shown[185, 315].tolist() == pytest.approx([0x24, 0x4A, 0x00], abs=2)  # blue over yellow is dark green
    assert shown[80, 500].tolist() == [0xD0, 0x20, 0x30]


def test_a_pdf_is_as_large_as_the_sheet_and_multiplies_transparent_ink() -> None:
    pdf = as_pdf(crossed())
    width, height = map(float, re.findall(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+)", pdf)[0])
    assert (width * 25.4 / 72, height * 25.4 / 72) == pytest.approx((60, 40), abs=0.01)
    assert b"/Multiply" in pdf and b"/Image" not in pdf


def test_too_many_pixels_are_refused_with_what_would_work() -> None:
    with pytest.raises(PrintError) as fault:
        as_png(Drawing(2000, 100, "#ffffff", ()), 600)
    assert str(fault.value) == (
        "--dpi 600: a sheet of 2000 x 100 mm would have 47244 x 2362 px; at most 32000 a side can be drawn:"
        " choose --dpi 406 or less, or --pdf"
    )


def test_without_cairo_the_message_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cairocffi", None)
    with pytest.raises(PrintError, match=r"pip install 'artwork-renderer\[export\]', and install Cairo"):
        as_pdf(crossed())


def test_export_writes_beside_the_source(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "a.svg").write_text(to_svg(crossed()), encoding="utf-8")
    assert cli.run(["export", str(tmp_path / "a.svg"), "--pdf", "--png", "--dpi", "100"]) == 0
    assert capsys.readouterr().out.splitlines() == [str(tmp_path / "a.pdf"), str(tmp_path / "a.png")]
    assert Image.open(io.BytesIO((tmp_path / "a.png").read_bytes())).size == (236, 157)
    (tmp_path / "a").mkdir()
    (tmp_path / "a.svg").rename(tmp_path / "a" / "drawing.svg")
    assert cli.run(["export", str(tmp_path / "a"), "--out", str(tmp_path / "b.pdf")]) == 0
    assert (tmp_path / "b.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "choose --pdf, --png or both"),
        (["--pdf", "--png", "--out", "x.pdf"], "--out names one file; choose --pdf or"),
    ],
)
def test_export_without_one_format_is_a_wrong_usage(
    tmp_path: Path, arguments: list[str], message: str, capsys: Capture
) -> None:
    (tmp_path / "a.svg").write_text(to_svg(crossed()), encoding="utf-8")
    assert cli.run(["export", str(tmp_path / "a.svg"), *arguments]) == 2
    assert message in capsys.readouterr().err
