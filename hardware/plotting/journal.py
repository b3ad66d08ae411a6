"""The journal of a plot: an append-only file beside the drawing, from which the plot can be resumed after any failure.

One JSON object per line; the key `j` gives its kind:

    start   the job's digest, its size, options, time
    sent    `s` lines of the job were written to the port, `a` of them acknowledged: at each change
    stroke  `n` strokes are finished; flushed to the disk
    pen     the pen of part `p` is in, with the offset that a person gave it
    rest    the head rests at x, y, parked or paused; all lines sent are executed
    stop    stopped within line `l` at x, y; `kept`: the position is valid; `parked`: it is parked by now
    lost    the position is lost, and why
    fault   something went wrong: until the plot continues, other lines than those of the job are sent
    guard   written by the guard: the plotting program died, and the guard lifted the pen; `held`: it stopped the
            machine within a line, by a hold (earlier versions: after all lines sent); `oks`: it heard so many more
            acknowledgements
    from    the plot continues from line `l`
    end     done, aborted or emergency

An incomplete last line is ignored. A full disk does not stop a plot: what cannot be written is kept in memory and
written once there is room.
"""

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

RETRY_S = 10.0
MOST_KEPT = 100_000  # bytes; the oldest `sent` rows are dropped first


class JournalError(Exception):
    """A journal that cannot be opened or read; the message says what would work."""


class ByteStore(Protocol):
    """Where the journal's bytes go: a file, except in tests."""

    def write(self, content: bytes) -> None: ...

    def sync(self) -> None: ...

    def close(self) -> None: ...


class FileStore:
    """A file, opened for appending."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def write(self, content: bytes) -> None:
        """Append bytes. Raises OSError where the disk has no room for all of them."""
        written = self._file.write(content)
        if written != len(content):  # the disk had room for a part only
            raise OSError(28, "No space left on device")

    def sync(self) -> None:
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


class Journal:
    """Writes a journal. `now` is the plot's clock; `on_trouble` reports when writing fails and when it works again."""

    def __init__(self, store: ByteStore, now: Callable[[], float], on_trouble: Callable[[str], None]) -> None:
        self._store = store
        self._now = now
        self._on_trouble = on_trouble
        self._kept: list[bytes] = []
        self._failed_at: float | None = None
        self._torn = False
        self._last = (-1, -1)

    @classmethod
    def open(cls, path: Path, now: Callable[[], float], on_trouble: Callable[[str], None]) -> "Journal":
        """Open a journal for appending. Raises JournalError where that fails."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            journal = cls(FileStore(path), now, on_trouble)
        except OSError as fault:
            raise JournalError(
                f"{path}: the journal cannot be written: {fault.strerror}; without it a plot cannot be resumed."
                " Name another file with --journal FILE"
            ) from None
        journal._torn = _ends_torn(path)
        return journal

    def start(self, digest: str, lines: int, strokes: int, options: dict[str, Any], source: str) -> None:
        self._put("start", digest=digest, lines=lines, strokes=strokes, options=options, source=source, at=time.time())
        self._sync()

    def sent(self, sent: int, acked: int) -> None:
        """Record how many lines were sent and acknowledged, if that has changed."""
        if (sent, acked) != self._last:
            self._last = (sent, acked)
            self._put("sent", s=sent, a=acked)

    def stroke(self, finished: int) -> None:
        self._put("stroke", n=finished, t=round(self._now(), 2))
        self._sync()

    def pen(self, part: int, offset_mm: tuple[float, float, float]) -> None:
        self._put("pen", p=part, offset=offset_mm)
        self._sync()

    def rest(self, line: int, x_mm: float, y_mm: float) -> None:
        self._put("rest", l=line, x=x_mm, y=y_mm)
        self._sync()

    def stop(self, line: int, x_mm: float, y_mm: float, *, kept: bool, parked: bool = True) -> None:
        self._put("stop", l=line, x=x_mm, y=y_mm, kept=kept, parked=parked)
        self._sync()

    def lost(self, why: str) -> None:
        self._put("lost", why=why)
        self._sync()

    def fault(self) -> None:
        self._put("fault")

    def continues(self, line: int) -> None:
        self._last = (-1, -1)
        self._put("from", l=line)
        self._sync()

    def end(self, outcome: str) -> None:
        self._put("end", outcome=outcome, at=time.time())
        self._sync()

    def close(self) -> None:
        self._store.close()

    def _put(self, what: str, **values: Any) -> None:
        self._kept.append(json.dumps({"j": what} | values, separators=(",", ":")).encode() + b"\n")
        if self._failed_at is None or self._now() - self._failed_at > RETRY_S or what == "end":
            self._flush()

    def _flush(self) -> None:
        try:
            while self._kept:
                self._store.write((b"\n" if self._torn else b"") + self._kept[0])
                self._torn = False
                self._kept.pop(0)
        except OSError as fault:
            if self._failed_at is None:
                self._on_trouble(
                    f"the journal cannot be written ({fault.strerror}); the plot continues, but until there is room"
                    " a crash would lose its position"
                )
            self._failed_at, self._torn = self._now(), True
            while sum(map(len, self._kept)) > MOST_KEPT:
                self._kept.pop(next((at for at, row in enumerate(self._kept) if b'"sent"' in row[:12]), 0))
            return
        if self._failed_at is not None:
            self._failed_at = None
            self._on_trouble("the journal can be written again and is complete")

    def _sync(self) -> None:
        if self._failed_at is None:
            with suppress(OSError):  # not every file system can sync; the data is written
                self._store.sync()


def _ends_torn(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        if file.tell() == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


# --- reading ---


@dataclass(frozen=True)
class JournalState:
    """The state of a plot that ended early, read from its journal."""

    digest: str
    options: dict[str, Any]
    source: str
    strokes_done: int
    sent: int  # lines of the job that the controller may have received, from the first on
    acked: int  # lines that it has acknowledged
    part: int | None  # whose pen is in
    offset_mm: tuple[float, float, float]  # nudge that a person gave this pen
    rest: tuple[int, float, float] | None  # line, x, y where it rested, with all lines before executed
    stop: tuple[int, float, float] | None  # line, x, y where it was stopped within that line
    lost: str | None  # why the position is lost; None if it is valid
    guard: str | None  # the status report before the guard lifted the pen
    outcome: str | None
    held: bool = False  # the guard stopped it within a line
    parked: bool = True  # after `stop`
    in_fault: bool = False  # acknowledgements may be those of other lines
    going_to: tuple[int, tuple[float, float] | None] | None = None  # line from which it continues, and where within it

    @property
    def is_done(self) -> bool:
        return self.outcome == "done"


def read(path: Path) -> JournalState:
    """Return the state of the last plot in a journal. Raises JournalError where there is none."""
    try:
        rows = [row for raw in path.read_bytes().split(b"\n") if (row := _row(raw)) is not None]
    except OSError as fault:
        raise JournalError(f"{path}: cannot be read ({fault.strerror}); there is no journal to resume from") from None
    starts = [at for at, row in enumerate(rows) if row["j"] == "start"]
    if not starts:
        raise JournalError(f"{path}: this is not the journal of a plot")
    begin, *rest = rows[starts[-1] :]
    known = JournalState(begin["digest"], begin["options"], begin["source"], 0, 0, 0, None, (0.0, 0.0, 0.0),
                  None, None, None, None, None)  # fmt: skip
    for row in rest:
        known = _updated(known, row)
    return known


def _row(raw: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(raw)
        return row if isinstance(row, dict) and "j" in row else None
    except ValueError:  # incomplete or empty
        return None


def _updated(known: JournalState, row: dict[str, Any]) -> JournalState:
    from dataclasses import replace

    try:
        match row["j"]:
            case "sent":
                return replace(known, sent=row["s"], acked=row["a"], rest=None, stop=None, guard=None)
            case "stroke":
                return replace(known, strokes_done=row["n"])
            case "pen":
                x, y, z = row["offset"]
                return replace(known, part=row["p"], offset_mm=(x, y, z))
            case "rest":
                at = (row["l"], row["x"], row["y"])
                return replace(known, rest=at, stop=None, lost=None, sent=row["l"], acked=row["l"])
            case "stop":
                where = (row["l"], row["x"], row["y"])
                return replace(
                    known, stop=where, rest=None, lost=None if row["kept"] else known.lost or "it was stopped",
                    parked=bool(row.get("parked", True)),
                )  # fmt: skip
            case "lost":
                return replace(known, lost=row["why"])
            case "fault":
                return replace(known, in_fault=True)
            case "guard" if known.in_fault and known.guard is not None:  # killed again before it went on
                return known
            case "guard":
                more = 0 if known.in_fault else int(row.get("oks", 0))
                acked = min(known.acked + more, known.sent)
                return replace(known, guard=row["status"], held=bool(row.get("held")), acked=acked)
            case "from":
                within = known.stop[1:] if known.stop and known.stop[0] == row["l"] else None
                known = replace(known, in_fault=False, going_to=(row["l"], within))
                return replace(known, sent=row["l"], acked=row["l"], rest=None, stop=None, lost=None, guard=None)
            case "end":
                return replace(known, outcome=row["outcome"])
            case "start" | _:
                return known
    except (KeyError, TypeError, ValueError):
        return known
