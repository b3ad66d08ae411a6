"""A part of a drawing: a range of strokes, a region, pauses."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from samples import BLACK, RED, SERVO, line, sheet, two_pens

from hardware.__main__ import main
from hardware.drawing import Drawing, PenPass
from hardware.drawing_part import DrawingPart, PartError, PauseEvery, part_of, pause_every, region, stroke_range
from hardware.estimate import timed
from hardware.job.prepare import from_drawing
from hardware.machine import load_machine
from hardware.pauses import with_pauses, with_short_strokes
from hardware.program import ChangePen, Refill, program
from hardware.svgfile import to_svg


def counts(drawing: Drawing) -> list[int]:
    return [len(one.lines) for one in drawing.passes]


@pytest.mark.parametrize(("text", "found"), [("100-250", (100, 250)), ("7-", (7, None)), (" 3 ", (3, 3))])
def test_a_range_is_read(text: str, found: tuple[int, int | None]) -> None:
    assert stroke_range(text) == found


@pytest.mark.parametrize("text", ["", "a-b", "0-3", "9-3", "-4", "1,2"])
def test_what_is_not_a_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a range of strokes"):
        stroke_range(text)


def test_a_region_is_read() -> None:
    assert region("20, 30, 100x80") == (20, 30, 100, 80)
    for text in ("20,30", "1,2,3", "1,2,0x5", "1,2,3.4.5x5"):
        with pytest.raises(ValueError, match=r"write left,top,width x height in mm, as in 20,30,100x80"):
            region(text)


def test_strokes_are_counted_through_all_passes() -> None:
    drawing = two_pens()
    assert counts(drawing) == [4, 3]
    assert counts(part_of(drawing, DrawingPart(strokes=(3, 5)))) == [2, 1]
    assert counts(part_of(drawing, DrawingPart(strokes=(5, None)))) == [3]
    with pytest.raises(PartError, match="the drawing has 7 strokes, so there is none from 8 on"):
        part_of(drawing, DrawingPart(strokes=(8, None)))


def test_a_region_cuts_what_leaves_it() -> None:
    drawing = two_pens()
    part = part_of(drawing, DrawingPart(region_mm=(0, 0, 30, 20)))
    points = np.concatenate([line for one in part.passes for line in one.lines])
    assert (points >= 0).all()
    assert (points <= (30, 20)).all()
    assert (part.width_mm, part.height_mm) == (drawing.width_mm, drawing.height_mm)
    with pytest.raises(PartError, match=r"there is nothing in the region 500,500,1x1 of the sheet, 60 x 40 mm"):
        part_of(drawing, DrawingPart(region_mm=(500, 500, 1, 1)))


def test_pauses_come_after_so_many_metres() -> None:
    machine = load_machine("gantry_grbl_servo")
    steps = [
        program(part_of(two_pens(), DrawingPart(pause_every=PauseEvery(every))), machine) for every in (None, 0.02)
    ]
    assert [sum(isinstance(step, Refill) for step in each) > 0 for each in steps] == [False, True]


@pytest.mark.parametrize(
    ("text", "found"),
    [("5", PauseEvery(metres=5)), ("0.5 m", PauseEvery(metres=0.5)), (".5min", PauseEvery(minutes=0.5))],
)
def test_pauses_are_read_as_metres_or_minutes(text: str, found: PauseEvery) -> None:
    assert pause_every(text) == found


@pytest.mark.parametrize("text", ["", "min", "5 km", "-3", "1.2.3", "0", "0min", "20000"])
def test_what_is_not_a_pause_is_refused(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"is neither metres nor minutes; write 5 or 5m|is out of range; write 0\.0?1 to"
    ):
        pause_every(text)


def test_pauses_come_after_so_many_minutes() -> None:
    """Between two stops a pen is in use for no longer than asked, whatever its feed; dots count too."""
    rows = tuple(line((5, y), (55, y)) for y in range(5, 36))
    dots = tuple(line((x, 38)) for x in range(5, 56))
    drawing = sheet(PenPass("a", BLACK, rows + dots), PenPass("b", RED, rows))
    steps = program(with_short_strokes(drawing, SERVO, 0.5), SERVO)
    paused = with_pauses(steps, SERVO, 0.5)
    assert [step for step in steps if isinstance(step, Refill)] == []
    used_s = [0.0]
    for each in timed(paused, SERVO):
        used_s[-1] += each.seconds
        if isinstance(each.step, Refill | ChangePen):
            used_s.append(0.0)
    assert max(used_s) < 30 + 5  # 5 s for the stop and the way back from it
    assert len(used_s) - 3 <= sum(used_s) / 25  # only before the first pen and at the end of each may it be short
    refills = [step for step in paused if isinstance(step, Refill)]
    assert {step.pen for step in refills} == {BLACK, RED}
    assert all(step.drawn_mm > 0 for step in refills if step.pen == RED)


def test_a_stroke_longer_than_the_minutes_is_divided() -> None:
    drawing = sheet(PenPass("a", BLACK, (line((5, 5), (55, 5)),)))
    made = with_short_strokes(drawing, SERVO, 0.01)  # 18 mm at 1800 mm/min
    assert counts(made) == [3]
    assert counts(with_short_strokes(drawing, SERVO, 1)) == [1]


def test_the_job_and_the_command_pause_by_minutes(tmp_path: Path) -> None:
    plain, paused = (from_drawing(two_pens(), SERVO, "a", minutes) for minutes in (None, 0.1))
    assert len(paused.stops) > len(plain.stops)
    file = tmp_path / "a.svg"
    file.write_text(to_svg(two_pens()), encoding="utf-8")
    words = ["plot", str(file), "-m", "gantry_grbl_servo", "--dry-run", "--pause-every"]
    whole, often = (CliRunner().invoke(main, [*words, every]) for every in ("500min", "0.1min"))
    assert (whole.exit_code, often.exit_code) == (0, 0), often.output
    assert whole.output != often.output
    refused = CliRunner().invoke(main, [*words, "often"])
    assert refused.exit_code == 2
    assert "'often' is neither metres nor minutes" in refused.output


def test_the_command_plots_a_part(tmp_path: Path) -> None:
    file = tmp_path / "a.svg"
    file.write_text(to_svg(two_pens()), encoding="utf-8")
    words = ["plot", str(file), "-m", "gantry_grbl_servo", "--dry-run"]
    whole, part = (CliRunner().invoke(main, [*words, *more]) for more in ([], ["--strokes", "1-2"]))
    assert (whole.exit_code, part.exit_code) == (0, 0), part.output
    assert whole.output != part.output
    assert CliRunner().invoke(main, [*words, "--strokes", "x"]).exit_code == 2
    refused = CliRunner().invoke(main, [*words, "--strokes", "99"])
    assert (refused.exit_code, "has 7 strokes" in refused.output) == (1, True)
