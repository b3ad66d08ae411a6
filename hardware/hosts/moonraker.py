"""Moonraker, the HTTP interface of Klipper.

Facts from its documentation, moonraker.readthedocs.io: `external_api/printer` (info, objects/query, print/start,
print/pause, print/resume, print/cancel, gcode/script, emergency_stop), `external_api/file_manager` (files/upload),
`external_api/authorization` (X-Api-Key) and `printer_objects` (print_stats, virtual_sdcard).
"""

from urllib.parse import quote

from hardware.hosts.host_request import HostError, HostRequests, plain_text
from hardware.hosts.host_status import HostState, HostStatus, fields_of, whole
from hardware.wire.host_address import HostAddress

_QUERY = "/printer/objects/query?print_stats&virtual_sdcard"
_STATES: dict[str, HostState] = {
    "standby": "idle", "printing": "drawing", "paused": "paused", "complete": "done", "cancelled": "cancelled",
    "error": "failed",
}  # fmt: skip


class Moonraker:
    """A machine under Klipper."""

    def __init__(self, address: HostAddress, requests: HostRequests) -> None:
        self.address, self._requests = address, requests

    def greet(self) -> str:
        info = fields_of(self._requests.get("/printer/info"), "result")
        state, text = str(info.get("state", "")), plain_text(str(info.get("state_message", "")))
        if state != "ready":
            raise HostError(
                f"{self.address.text}: the machine is not ready ({state or 'no state'}): {text or 'no reason given'};"
                " restart Klipper on its page once the cause is gone"
            )
        stats = fields_of(self._requests.get(_QUERY), "result", "status")
        if "virtual_sdcard" not in stats:
            raise HostError(f"{self.address.text}: Klipper draws no files; add [virtual_sdcard] to its configuration")
        now = self.status()
        if now.state in {"drawing", "paused"}:
            raise HostError(
                f"{self.address.text}: draws {now.file or 'another file'} at the moment; wait until it is done"
            )
        return f"Klipper {info.get('software_version', '')}".strip()

    def upload(self, name: str, text: str) -> str:
        answer = self._requests.upload("/server/files/upload", name, text, {"root": "gcodes"})
        return str(fields_of(answer, "item").get("path") or fields_of(answer, "result", "item").get("path") or name)

    def start(self, file: str) -> None:
        self._requests.post(f"/printer/print/start?filename={quote(file, safe='')}")

    def status(self) -> HostStatus:
        found = fields_of(self._requests.get(_QUERY), "result", "status")
        stats, card = fields_of(found, "print_stats"), fields_of(found, "virtual_sdcard")
        state = _STATES.get(str(stats.get("state")), "idle")
        message = plain_text(str(stats.get("message") or ""))
        return HostStatus(state, str(stats.get("filename") or ""), whole(card.get("file_position")), message)

    def pause(self) -> None:
        self._requests.post("/printer/print/pause")

    def resume(self) -> None:
        self._requests.post("/printer/print/resume")

    def cancel(self) -> None:
        self._requests.post("/printer/print/cancel")

    def run(self, lines: tuple[str, ...]) -> None:
        self._requests.post("/printer/gcode/script", {"script": "\n".join(lines)})

    def stop_at_once(self) -> None:
        self._requests.post("/printer/emergency_stop")
