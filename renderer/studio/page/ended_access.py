"""Links that were revoked and sessions that were closed: each an empty file in a folder beside the key of the page.

Files need no lock, outlive the server, and are seen at once by a server that runs while a command revokes a link.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from renderer.studio.queue.states import StudioError


@dataclass(frozen=True)
class EndedAccess:
    """The folder of these files."""

    folder: Path

    def end(self, name: str) -> None:
        """Note that the link or session with this name is over. Raises StudioError if that cannot be written."""
        if not re.fullmatch(r"[\w-]{1,40}", name):
            raise StudioError(f"{name[:40]!r} is not the name of a link; render serve prints the name with the link")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / name).touch()
        except OSError as error:
            raise StudioError(f"{self.folder / name}: cannot be written ({error.strerror})") from error

    def has_ended(self, name: str) -> bool:
        return bool(name) and (self.folder / name).exists()

    def forget(self) -> None:
        """Forget all, because a new key has ended every link and session."""
        for path in self.folder.glob("*"):
            path.unlink(missing_ok=True)
