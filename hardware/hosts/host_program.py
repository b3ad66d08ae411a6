"""A drawing or a G-code file -> the file that a host runs, and what it has drawn at each byte of it."""

import hashlib
import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hardware.controllers import language_of, speech_of
from hardware.drawing import Drawing
from hardware.estimate import estimate
from hardware.gcode import lines_by_step, prompt
from hardware.job.gcode_job import JobError, JobPart
from hardware.program import ChangePen, Dot, Lift, Refill, program

if TYPE_CHECKING:
    from hardware.machine import Machine

RUNS = {"moonraker": {"klipper"}, "octoprint": {"marlin", "klipper", "grbl"}}  # dialects, by host
_PAUSE = re.compile(r"^\s*(?:M0*[01]\b|M600\b|PAUSE\b|@pause\b)", re.IGNORECASE)


@dataclass(frozen=True)
class HostStop:
    """A pause of the program: the byte at which its line begins, the index of its pass, what a person has to do."""

    at_byte: int
    part: int
    text: str
    is_pen: bool


@dataclass(frozen=True)
class HostProgram:
    """The file for a host. `ends`: for each finished stroke, the byte at which it ends, in order."""

    title: str
    machine: str
    text: str
    parts: tuple[JobPart, ...]
    stops: tuple[HostStop, ...]
    ends: tuple[int, ...]
    begins: tuple[int, ...]  # the byte at which each part begins
    lift: tuple[str, ...]  # lines that raise the pen

    @property
    def file(self) -> str:
        """Its name on the host, which contains a hash: no other file is replaced."""
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", self.title).strip("-")[:40] or "drawing"
        return f"{stem}-{hashlib.sha256(self.text.encode()).hexdigest()[:8]}.gcode"

    @property
    def seconds(self) -> float:
        """Its duration without pen changes, estimated; 0 if it is not known."""
        return sum(part.seconds for part in self.parts)

    def strokes_at(self, byte: int) -> int:
        """Return how many strokes are finished where the host has read up to this byte."""
        return bisect_right(self.ends, byte)

    def part_at(self, byte: int) -> int:
        """Return the number of the pass at this byte, from 1; 0 before the first."""
        return bisect_right(self.begins, byte)


def check_host(kind: str, machine: "Machine") -> None:
    """Raise JobError if a host of this kind cannot run files for this machine."""
    if (speaks := speech_of(machine.dialect)[0]) not in RUNS[kind] or language_of(machine.dialect):
        known = " or ".join(sorted(RUNS[kind]))
        raise JobError(
            f"machine: `dialect: {speaks}`, but {kind} runs files with `dialect: {known}`; with another dialect it"
            " would not pause for pens"
        )


def hosted_drawing(drawing: Drawing, machine: "Machine", title: str, wanted: set[int] | None = None) -> HostProgram:
    """Return the program of a drawing, or of these passes of it, from 1. Raises ProgramError and JobError."""
    if dipped := [part.pen.label for part in drawing.passes if part.pen.reload is not None]:
        raise JobError(f"{dipped[0]}: `reload` needs a plot that this program sends line by line, by serial port")
    drawing = _some_passes(drawing, wanted)
    steps = program(drawing, machine)
    changes = [(one.number, one.pen.label, one.pen.colour, one.strokes) for one in steps if isinstance(one, ChangePen)]
    times = {one.number: one for one in estimate(steps, machine).pens}
    parts = tuple(JobPart(label, colour, n, times[at].drawn_mm, times[at].seconds) for at, label, colour, n in changes)
    rows: list[str] = []
    stops, ends, begins, at = [], [], [], 0
    for written in lines_by_step(steps, machine):
        size = sum(len(line) + 1 for line in written.lines)
        step = written.step
        if isinstance(step, ChangePen):
            begins.append(at)
        if isinstance(step, ChangePen | Refill) and (asked := prompt(step)) is not None:
            stops.append(HostStop(at, max(len(begins) - 1, 0), asked, is_pen=True))
        at += size
        if isinstance(step, Lift | Dot):
            ends.append(at)
        rows.extend(f"{line}\n" for line in written.lines)
    return HostProgram(
        title, machine.name, "".join(rows), parts, tuple(stops), tuple(ends), tuple(begins), _lift(machine)
    )


def hosted_gcode(path: Path, machine: "Machine") -> HostProgram:
    """Return the program in a G-code file, which is sent as it is. Raises JobError."""
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError as fault:
        raise JobError(f"{path}: cannot be read: {fault.strerror}") from None
    if not text.strip():
        raise JobError(f"{path}: is empty")
    stops, at = [], 0
    for line in text.splitlines(keepends=True):
        if _PAUSE.match(line):
            stops.append(HostStop(at, 0, f"the file pauses: {line.strip()[:80]}", is_pen=False))
        at += len(line.encode())
    part = JobPart(path.stem, "#808080")
    return HostProgram(path.stem, machine.name, text, (part,), tuple(stops), (), (0,), _lift(machine))


def _some_passes(drawing: Drawing, wanted: set[int] | None) -> Drawing:
    if wanted is None:
        return drawing
    kept = tuple(part for number, part in enumerate(drawing.passes, 1) if number in wanted)
    if not kept:
        raise JobError(f"the job has passes 1 to {len(drawing.passes)}, but not {', '.join(map(str, sorted(wanted)))}")
    return replace(drawing, passes=kept)


def _lift(machine: "Machine") -> tuple[str, ...]:
    from hardware.job.prepare import setup_of

    return setup_of(machine).lift
