"""OctoPrint, by its REST interface.

Facts from its documentation, docs.octoprint.org: `api/general` (X-Api-Key), `api/version`, `api/files` (upload, the
command `select`), `api/job` (start, pause, cancel, state and progress) and `api/printer` (arbitrary commands).
"""

from urllib.parse import quote

from hardware.hosts.host_request import HostError, HostRequests, plain_text
from hardware.hosts.host_status import HostState, HostStatus, fields_of, whole
from hardware.wire.host_address import HostAddress

_STATES: tuple[tuple[str, HostState], ...] = (  # by how its text begins; the list there is not exhaustive
    ("Operational", "idle"), ("Starting", "starting"), ("Printing", "drawing"), ("Sending", "drawing"),
    ("Pausing", "pausing"), ("Paused", "paused"), ("Resuming", "drawing"), ("Finishing", "drawing"),
    ("Cancelling", "drawing"), ("Error", "failed"), ("Offline", "failed"), ("Closed", "failed"),
)  # fmt: skip


class OctoPrint:
    """A machine that OctoPrint drives."""

    def __init__(self, address: HostAddress, requests: HostRequests) -> None:
        self.address, self._requests = address, requests

    def greet(self) -> str:
        version = fields_of(self._requests.get("/api/version"))
        found = fields_of(self._requests.get("/api/job"))
        text, now = plain_text(str(found.get("state") or "no state")), self.status()
        if now.state in {"starting", "drawing", "pausing", "paused"}:
            raise HostError(
                f"{self.address.text}: draws {now.file or 'another file'} at the moment; wait until it is done"
            )
        if not text.startswith("Operational"):
            why = f"{text}: {now.message}" if now.message else text
            raise HostError(f"{self.address.text}: the machine is not ready ({why}); connect it on OctoPrint's page")
        return str(version.get("text") or "OctoPrint")

    def upload(self, name: str, text: str) -> str:
        answer = self._requests.upload("/api/files/local", name, text, {})
        return str(fields_of(answer, "files", "local").get("path") or name)

    def start(self, file: str) -> None:
        self._requests.post(f"/api/files/local/{quote(file)}", {"command": "select", "print": True})

    def status(self) -> HostStatus:
        found = fields_of(self._requests.get("/api/job"))
        job, progress = fields_of(found, "job", "file"), fields_of(found, "progress")
        text = str(found.get("state") or "")
        state: HostState = next((each for start, each in _STATES if text.startswith(start)), "starting")
        share = progress.get("completion")
        if state == "idle" and isinstance(share, int | float):
            state = "done" if share >= 100 else "idle"
        file = str(job.get("path") or job.get("name") or "")
        return HostStatus(state, file, whole(progress.get("filepos")), plain_text(str(found.get("error") or "")))

    def pause(self) -> None:
        self._requests.post("/api/job", {"command": "pause", "action": "pause"})

    def resume(self) -> None:
        self._requests.post("/api/job", {"command": "pause", "action": "resume"})

    def cancel(self) -> None:
        self._requests.post("/api/job", {"command": "cancel"})

    def run(self, lines: tuple[str, ...]) -> None:
        self._requests.post("/api/printer/command", {"commands": list(lines)})

    def stop_at_once(self) -> None:
        self._requests.post("/api/printer/command", {"command": "M112"})
