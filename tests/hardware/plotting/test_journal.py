"""The journal: what is written is read again, also where the last line is torn or the disk was full."""

from pathlib import Path

import pytest

from hardware.plotting.journal import FileStore, Journal, JournalError, JournalState, read


def begun(path: Path) -> Journal:
    journal = Journal.open(path, lambda: 1.5, pytest.fail)
    journal.start("abc", 100, 7, {"air": False}, "card")
    return journal


def test_what_is_written_is_read(tmp_path: Path) -> None:
    journal = begun(tmp_path / "j")
    journal.sent(12, 8)
    journal.stroke(2)
    journal.pen(1, (0.5, 0.0, -0.1))
    journal.close()
    assert read(tmp_path / "j") == JournalState(
        digest="abc", options={"air": False}, source="card", strokes_done=2, sent=12, acked=8, part=1,
        offset_mm=(0.5, 0.0, -0.1), rest=None, stop=None, lost=None, guard=None, outcome=None,
    )  # fmt: skip


def test_lines_that_are_sent_after_a_rest_end_it(tmp_path: Path) -> None:
    journal = begun(tmp_path / "j")
    journal.rest(20, 1.0, 2.0)
    assert (read(tmp_path / "j").rest, read(tmp_path / "j").sent) == ((20, 1.0, 2.0), 20)
    journal.sent(21, 20)
    assert read(tmp_path / "j").rest is None
    journal.stop(20, 3.0, 4.0, kept=True)
    assert read(tmp_path / "j").stop == (20, 3.0, 4.0)
    journal.lost("the power was cut")
    assert read(tmp_path / "j").lost == "the power was cut"
    journal.continues(20)
    assert (read(tmp_path / "j").lost, read(tmp_path / "j").acked) == (None, 20)
    journal.end("done")
    assert read(tmp_path / "j").is_done
    journal.close()


@pytest.mark.parametrize("tear", range(1, 27))
def test_a_torn_last_line_is_left_out_and_written_over(tmp_path: Path, tear: int) -> None:
    journal = begun(tmp_path / "j")
    journal.sent(12, 8)
    journal.sent(13, 9)
    journal.close()
    content = (tmp_path / "j").read_bytes()
    (tmp_path / "j").write_bytes(content[:-tear])
    assert read(tmp_path / "j").sent in {12, 13}
    again = Journal.open(tmp_path / "j", lambda: 0.0, pytest.fail)
    again.stroke(5)
    again.close()
    assert read(tmp_path / "j").strokes_done == 5


def test_the_last_plot_counts(tmp_path: Path) -> None:
    first = begun(tmp_path / "j")
    first.stroke(4)
    first.close()
    second = begun(tmp_path / "j")
    second.close()
    assert read(tmp_path / "j").strokes_done == 0


def test_no_journal_and_no_journal_of_ours_are_reported(tmp_path: Path) -> None:
    with pytest.raises(JournalError) as caught:
        read(tmp_path / "j")
    assert (
        str(caught.value)
        == f"{tmp_path}/j: cannot be read (No such file or directory); there is no journal to resume from"
    )
    (tmp_path / "j").write_text("a diary\n")
    with pytest.raises(JournalError) as caught:
        read(tmp_path / "j")
    assert str(caught.value) == f"{tmp_path}/j: this is not the journal of a plot"
    (tmp_path / "file").touch()
    with pytest.raises(JournalError) as caught:
        begun(tmp_path / "file" / "j")
    assert str(caught.value) == (
        f"{tmp_path}/file/j: the journal cannot be written: File exists; without it a plot cannot be resumed."
        " Name another file with --journal FILE"
    )


def test_what_finds_no_room_is_written_later(tmp_path: Path) -> None:
    full, reported, now = [False], [], [0.0]

    class Disk(FileStore):
        def write(self, content: bytes) -> None:
            if full[0]:
                raise OSError(28, "No space left on device")
            super().write(content)

    journal = Journal(Disk(tmp_path / "j"), lambda: now[0], reported.append)
    journal.start("abc", 100, 7, {}, "card")
    full[0] = True
    for line in range(5000):
        journal.sent(line, line)
    journal.stroke(3)
    full[0], now[0] = False, 11.0
    journal.stroke(4)
    journal.close()
    assert len(reported) == 2
    assert (read(tmp_path / "j").strokes_done, read(tmp_path / "j").sent) == (4, 4999)
