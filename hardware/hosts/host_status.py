"""What a host reports about its job, and what every host can be asked to do."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from hardware.wire.host_address import HostAddress

HostState = Literal["idle", "starting", "drawing", "pausing", "paused", "cancelled", "done", "failed"]


@dataclass(frozen=True)
class HostStatus:
    """What a host does."""

    state: HostState
    file: str = ""  # of its job; empty if it has none
    at_byte: int = 0  # of that file, up to which it has read
    message: str = ""  # of a failure, or of a machine that is not ready


class Host(Protocol):
    """A host with a machine. All raise HostError."""

    address: HostAddress

    def greet(self) -> str:
        """Return its name and version. Raises HostError if its machine is not ready or draws something else."""
        ...

    def upload(self, name: str, text: str) -> str:
        """Store a file and return the name that it has on the host."""
        ...

    def start(self, file: str) -> None:
        """Begin with a stored file."""
        ...

    def status(self) -> HostStatus:
        """Return what it does."""
        ...

    def pause(self) -> None:
        """Pause its job once the lines that it has begun are drawn."""
        ...

    def resume(self) -> None:
        """Continue after a pause."""
        ...

    def cancel(self) -> None:
        """End its job."""
        ...

    def run(self, lines: tuple[str, ...]) -> None:
        """Run lines of G-code, while it has no job."""
        ...

    def stop_at_once(self) -> None:
        """Stop the machine this instant."""
        ...


def fields_of(found: Any, *names: str) -> dict[str, Any]:
    """Return the mapping at the end of these names in an answer; empty if the answer has none there."""
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def whole(value: Any) -> int:
    """Return a number of an answer as an integer; 0 if it is not a number."""
    return int(value) if isinstance(value, int | float) and abs(value) < 1e15 else 0
