"""The state of a plot worker: its queue, its machine, and whether it was asked to leave."""

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
    """The machine of a worker."""

    name: str  # and the name of its queue
    port: str
    open_port: Opener
    lines: Callable[[Job], Lines]  # what is sent for a job; raises an error if the machine cannot draw it
    journals: Path  # a folder
    bare: Lines | None = None  # a job without a drawing, for moves outside a plot


@dataclass(frozen=True)
class PlotTimes:
    """Seconds."""

    lease_s: float = leases.LEASE_S
    beat_s: float = 1.0
    poll_s: float = 1.0


@dataclass
class WorkerState:
    """What all parts of a plot worker share."""

    store: Store
    name: str
    machine: PlotMachine
    times: PlotTimes = PlotTimes()
    say: Callable[[str], None] = lambda _: None
    leaving: bool = field(default=False, init=False)  # takes no other sheet
    at_once: bool = field(default=False, init=False)  # and stops the plot at hand, so that it can be resumed

    def leave(self) -> None:
        """Ask the worker to leave after the current plot; a second call asks it to stop that plot too."""
        self.at_once = self.leaving
        self.leaving = True

    def write(self, write: Callable[[], object]) -> bool:
        """Write to the database and return whether it answered. A plot does not depend on that."""
        try:
            write()
        except SQLAlchemyError as error:
            self.say(f"the queue does not answer ({error.__class__.__name__}); the plot goes on")
            return False
        return True
