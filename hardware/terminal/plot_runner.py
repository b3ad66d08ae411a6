"""The command `plot`: arguments -> a job -> a plot that people observe and control -> an exit code."""

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hardware.job.formatting import amount_text, duration_text
from hardware.job.gcode_job import GcodeJob, JobError
from hardware.plotting.control import Control
from hardware.plurals import counted

if TYPE_CHECKING:
    from hardware.hosts.host_program import HostProgram
    from hardware.machine import Machine

DONE, FAILED, USAGE, DEVICE, INTERRUPTED = 0, 1, 2, 3, 130
_CODES = {"done": DONE, "aborted": INTERRUPTED, "emergency": DEVICE}


class ControllerError(Exception):
    """A port that cannot be used, or a controller that does not answer on it."""


@dataclass(frozen=True)
class PlotArguments:
    """The options of `plot`."""

    port: str | None
    baud: int = 115200
    dry_run: bool = False
    air: bool = False
    outline: bool = False
    only_pens: tuple[int, ...] = ()
    from_pass: int = 1
    resume: bool = False
    check: bool = False
    home: bool = False
    wait: bool = False
    journal: Path | None = None
    as_json: bool = False

    def wanted(self, passes: int) -> set[int] | None:
        """Return the numbers of the passes to draw, from 1, of so many; None: all."""
        if self.only_pens:
            return set(self.only_pens)
        return set(range(self.from_pass, max(passes, self.from_pass) + 1)) if self.from_pass > 1 else None


def plot(job: GcodeJob, machine: "Machine", arguments: PlotArguments, journal: Path) -> int:
    """Plot the job, or print its plan for a dry run. Return the exit code.

    Raises JobError, JournalError, PortError and ControllerError.
    """
    from hardware.job.variants import selected
    from hardware.plotting import journal as journals

    path = arguments.journal or journal
    known = journals.read(path) if arguments.resume else None
    kept = known.options if known else _kept(arguments)
    job = selected(job, only=kept["only"], first=kept["first"], air=kept["air"], outline=kept["outline"])
    if known:
        _refuse_others(known, job, path)
    if arguments.dry_run:
        _say_plan(job, arguments)
        return DONE
    port = _port(arguments)
    noted = None if kept["outline"] or kept["air"] else path  # a plot without ink cannot be resumed
    if known is None and noted is not None:
        _set_aside(path)
    return _run(job, machine, replace(arguments, port=port), noted, kept, known)


def plot_on_host(program: "HostProgram", arguments: PlotArguments) -> int:
    """Let a host draw the program, or print the plan for a dry run. Return the exit code. Raises PortError."""
    from hardware.hosts.host_plot import HostPlot, host_at
    from hardware.terminal import answers
    from hardware.wire.host_address import host_address

    host = host_at(host_address(arguments.port or ""))
    if arguments.dry_run:
        _say_host_plan(program, arguments)
        return DONE
    control = Control()
    with ExitStack() as stack:
        _watch_lines(control, arguments)
        stack.enter_context(_interruptible(control))
        stack.enter_context(answers.listening(control, as_json=arguments.as_json))
        finished = HostPlot(program, host, control).run()
    return _CODES[finished.outcome]


def check_host_options(arguments: PlotArguments) -> None:
    """Raise PortError for an address that cannot be used, and JobError for options that a host cannot carry out."""
    from hardware.wire.host_address import host_address

    address = host_address(arguments.port or "")
    asked = {
        "--air": arguments.air, "--outline": arguments.outline, "--resume": arguments.resume,
        "--check": arguments.check, "--home": arguments.home, "--send-and-wait": arguments.wait,
        "--journal": arguments.journal is not None,
    }  # fmt: skip
    if found := [name for name, given in asked.items() if given]:
        raise JobError(
            f"{', '.join(found)}: {address.text} draws the file by itself, so these options have no effect there;"
            " leave them out"
        )


def exit_code_of(run: Callable[[], int]) -> int:
    """Return the exit code of a plot. A foreseen error is printed on stderr."""
    from hardware.machine import MachineError
    from hardware.plotting.journal import JournalError
    from hardware.program import ProgramError
    from hardware.svgfile import SvgError
    from hardware.wire.port import PortError

    try:
        return run()
    except (MachineError, SvgError) as fault:
        code, text = USAGE, str(fault)
    except (ProgramError, JobError, JournalError) as fault:
        code, text = FAILED, str(fault)
    except (PortError, ControllerError) as fault:
        code, text = DEVICE, str(fault)
    sys.stderr.write(text + "\n")
    return code


def _kept(arguments: PlotArguments) -> dict[str, Any]:
    return {
        "only": list(arguments.only_pens),
        "first": arguments.from_pass,
        "air": arguments.air,
        "outline": arguments.outline,
    }


def _port(arguments: PlotArguments) -> str:
    if arguments.port is not None:
        return arguments.port
    import click

    from hardware.wire.serial_port import names

    there = ", ".join(names())
    raise click.UsageError(
        f"name the port with --port: {'there are ' + there if there else 'no serial port is plugged in'};"
        " sim is a simulated port"
    )


def _refuse_others(known: Any, job: GcodeJob, path: Path) -> None:
    from hardware.plotting.journal import JournalError

    if known.is_done:
        raise JournalError(f"{path}: that plot is finished; there is nothing to resume")
    if known.digest != job.digest:
        raise JournalError(
            f"{path}: that plot was of another drawing or for another machine file, so it cannot be resumed;"
            " plot without --resume on a new sheet"
        )


def _set_aside(path: Path) -> None:
    """Move the journal of a plot that can still be resumed aside, so that it is not overwritten."""
    from hardware.plotting import journal as journals

    try:
        known = journals.read(path)
    except journals.JournalError:
        return
    if not known.is_done and known.strokes_done:
        aside = path.with_name(f"{path.name}.before")
        path.replace(aside)
        sys.stderr.write(
            f"note: an earlier plot ended after {counted(known.strokes_done, 'stroke')};"
            f" its journal is now {aside}. To resume it: --resume --journal {aside}\n"
        )


def _run(
    job: GcodeJob, machine: "Machine", arguments: PlotArguments, journal: Path | None, kept: dict[str, Any], known: Any
) -> int:
    from hardware.plotting.plot import Plot
    from hardware.plotting.resume import Resume
    from hardware.plotting.session import PlotOptions
    from hardware.plotting.sleep_inhibitor import awake
    from hardware.terminal import answers
    from hardware.wire.link_errors import CableOut, Silent
    from hardware.wire.opener import opener

    control = Control()
    port = arguments.port or ""
    options = PlotOptions(arguments.wait, arguments.check, arguments.home, port_name=port, kept=kept)
    open_port = opener(port, machine, arguments.baud)
    try:
        running = Plot(job, open_port, control, journal, options)
    except Silent as silent:
        raise ControllerError(
            f"{port}: nothing answers within {silent.seconds:.0f} s; is the machine switched on, is this the right"
            f" port, and does the controller speak {job.dialect} at {arguments.baud} baud?"
        ) from None
    except CableOut as cable:
        raise ControllerError(f"{port}: disconnected while it was opened ({cable.why})") from None
    with ExitStack() as stack:
        stack.enter_context(_watched(job, control, arguments))
        stack.enter_context(_interruptible(control))
        stack.enter_context(answers.listening(control, as_json=arguments.as_json))
        stack.enter_context(awake())
        finished = running.run(resumed=Resume(known) if known else None)
    return _CODES[finished.outcome]


@contextmanager
def _watched(job: GcodeJob, control: Control, arguments: PlotArguments) -> Iterator[None]:
    from rich.console import Console

    from hardware.terminal.screen import Screen

    console = Console(stderr=True, highlight=False)
    if not arguments.as_json and console.is_terminal and not console.is_dumb_terminal and sys.stdin.isatty():
        with Screen(job, console) as screen:
            control.watch(screen)
            yield
    else:
        _watch_lines(control, arguments)
        yield


def _watch_lines(control: Control, arguments: PlotArguments) -> None:
    from hardware.terminal.lines import JsonLines, PlainLines

    control.watch(JsonLines() if arguments.as_json else PlainLines())


@contextmanager
def _interruptible(control: Control) -> Iterator[None]:
    """Stop and keep the position on Ctrl-C; a second Ctrl-C is an emergency stop."""
    times = 0

    def take(_number: int, _frame: object) -> None:
        nonlocal times
        times += 1
        if times == 1:
            control.abort()
        else:
            control.emergency()

    before = {number: signal.signal(number, take) for number in (signal.SIGINT, signal.SIGTERM)}
    if hasattr(signal, "SIGHUP"):  # the terminal is gone, the plot continues
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say_plan(job: GcodeJob, arguments: PlotArguments) -> None:
    """Print the plan; nothing is opened and nothing moves."""
    bounds = job.bounds()
    if arguments.as_json:
        rows = [
            {"pass": number, "pen": part.name, "colour": part.colour, "strokes": part.strokes,
             "drawn_m": round(part.drawn_mm / 1000, 3), "minutes": round(part.seconds / 60, 2)}
            for number, part in enumerate(job.parts, 1)
        ]  # fmt: skip
        summary = {"title": job.title, "lines": len(job.lines), "strokes": job.strokes, "bounds_mm": bounds,
                 "minutes": round(job.seconds / 60, 2), "passes": rows}  # fmt: skip
        sys.stdout.write(json.dumps(summary, ensure_ascii=False, indent=2) + "\n")
        return
    widest = max((len(part.name) for part in job.parts), default=0)
    out = [f"{job.title} on {job.machine}"]
    for number, part in enumerate(job.parts, 1):
        drawn, took = amount_text(part.strokes, part.drawn_mm), duration_text(part.seconds)
        out.append(f"  {number:>2}  {part.name:<{widest}}  {drawn:>22}  {took:>7}")
    asked = sum(stop.is_pen for stop in job.stops)
    others = len(job.stops) - asked
    stops = f"{counted(asked, 'pen')} to insert" + (f", {counted(others, 'other pause')}" if others else "")
    out.append(f"{counted(len(job.lines), 'line')}, {duration_text(job.seconds)} without pen changes; {stops}")
    if bounds:
        out.append(f"the machine moves from x {bounds[0]:g}, y {bounds[1]:g} to x {bounds[2]:g}, y {bounds[3]:g} mm")
    out.append("nothing was sent")
    sys.stdout.write("\n".join(out) + "\n")


def _say_host_plan(program: "HostProgram", arguments: PlotArguments) -> None:
    """Print what would be sent; nothing is asked of the host."""
    size, pauses = len(program.text.encode()), len(program.stops)
    if arguments.as_json:
        rows = [
            {"pass": number, "pen": part.name, "colour": part.colour, "strokes": part.strokes,
             "drawn_m": round(part.drawn_mm / 1000, 3), "minutes": round(part.seconds / 60, 2)}
            for number, part in enumerate(program.parts, 1)
        ]  # fmt: skip
        summary = {"title": program.title, "file": program.file, "bytes": size, "pauses": pauses,
                   "minutes": round(program.seconds / 60, 2), "passes": rows}  # fmt: skip
        sys.stdout.write(json.dumps(summary, ensure_ascii=False, indent=2) + "\n")
        return
    out = [f"{program.title} on {program.machine}, by {arguments.port}"]
    for number, part in enumerate(program.parts, 1):
        drawn, took = amount_text(part.strokes, part.drawn_mm), duration_text(part.seconds)
        out.append(f"  {number:>2}  {part.name}  {drawn}  {took}")
    out.append(f"{program.file}, {size} bytes, {counted(pauses, 'pause')}")
    out.append("nothing was sent")
    sys.stdout.write("\n".join(out) + "\n")


__all__ = ["ControllerError", "JobError", "PlotArguments", "plot", "plot_on_host"]
