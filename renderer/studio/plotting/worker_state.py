"""What a plot worker is and has: its queue, its machine, and whether it was asked to leave."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from hardware.job.gcode_job import GcodeJob as Lines
from hardware.wire.port import Opener
from renderer.studio.queue import leases
from renderer.studio.queue.records import Job
from renderer.studio.queue.store import Store


@dataclass(frozen=True)
class PlotMachine:
    """What this worker plots with."""

    name: str  # of its queue
    port: str
    open_port: Opener
    lines: Callable[[Job], Lines]  # what is sent for a job; raises where the machine cannot draw it
    journals: Path  # a folder


@dataclass(frozen=True)
class PlotTimes:
    """Seconds."""

    lease_s: float = leases.LEASE_S
    beat_s: float = 1.0
    poll_s: float = 1.0


@dataclass
class WorkerState:
    """What all parts of a plot worker need to know of it."""

    store: Store
    name: str
    machine: PlotMachine
    times: PlotTimes = PlotTimes()
    say: Callable[[str], None] = lambda _: None
    leaving: bool = field(default=False, init=False)  # takes up no other sheet
    at_once: bool = field(default=False, init=False)  # and stops the plot at hand, so that it can be resumed

    def leave(self) -> None:
        """Asks it to leave after the plot at hand; the second call asks it to stop that plot too."""
        self.at_once = self.leaving
        self.leaving = True

    def write(self, write: Callable[[], object]) -> bool:
        """Whether the database has taken it. A plot does not depend on that."""
        try:
            write()
        except SQLAlchemyError as error:
            self.say(f"the queue does not answer ({error.__class__.__name__}); the plot goes on")
            return False
        return True
