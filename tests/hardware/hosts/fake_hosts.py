"""A Moonraker and an OctoPrint on 127.0.0.1: their HTTP interfaces, and a machine that reads the file line by line."""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

KEY = "k3y-of-the-test"
STEP_S = 0.002


@dataclass
class FakeMachine:
    """What both hosts drive: it has files, and draws one of them in a thread."""

    lines_per_step: int = 4
    needs_key: bool = False
    is_ready: bool = True
    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    state: str = "idle"  # idle, drawing, paused, cancelled, done, failed
    file: str = ""
    at_byte: int = 0
    is_dead: bool = False  # closes every connection without an answer
    delay_s: float = 0.0
    gate: threading.Event = field(default_factory=threading.Event)  # opened: it draws; closed: it stands still

    def __post_init__(self) -> None:
        self.gate.set()

    def start(self, file: str) -> None:
        self.file, self.at_byte, self.state = file, 0, "drawing"
        threading.Thread(target=self._draw, args=(self.files[file],), daemon=True).start()

    def _draw(self, data: bytes) -> None:
        for number, raw in enumerate(data.splitlines(keepends=True)):
            while self.state == "paused" or not self.gate.is_set():
                time.sleep(STEP_S)
            if self.state != "drawing":
                return
            self.at_byte += len(raw)
            if re.match(rb"PAUSE|M0\b", raw):
                self.state = "paused"
            if number % self.lines_per_step == 0:
                time.sleep(STEP_S)
        while self.state == "paused":
            time.sleep(STEP_S)
        if self.state == "drawing":
            self.state = "done"

    def end(self, state: str = "cancelled") -> None:
        self.state = state


class _Handler(BaseHTTPRequestHandler):
    machine: FakeMachine

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._take(b"")

    def do_POST(self) -> None:
        self._take(self.rfile.read(int(self.headers["Content-Length"])))

    def _take(self, body: bytes) -> None:
        machine = self.machine
        time.sleep(machine.delay_s)
        if machine.is_dead:
            self.close_connection = True
            return
        machine.requests.append(f"{self.command} {self.path}")
        if machine.needs_key and self.headers.get("X-Api-Key") != KEY:
            self.refuse_key()
        else:
            self.route(f"{self.command} {urlsplit(self.path).path}", body)

    def refuse_key(self) -> None:
        self.answer(401, {"error": {"message": f"Unauthorized: {self.headers.get('X-Api-Key')}"}})

    def route(self, what: str, body: bytes) -> None:
        raise NotImplementedError

    def answer(self, status: int, values: Any = None) -> None:
        data = b"" if values is None else json.dumps(values).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def store(self, body: bytes) -> str:
        """Take the file out of a form."""
        edge = self.headers["Content-Type"].partition("boundary=")[2].encode()
        part = next(part for part in body.split(b"--" + edge) if b'name="file"' in part)
        head, _, data = part.partition(b"\r\n\r\n")
        found = re.search(rb'filename="([^"]+)"', head)
        assert found is not None
        name = found[1].decode()
        self.machine.files[name] = data.removesuffix(b"\r\n")
        return name


KLIPPER_STATES = {"idle": "standby", "drawing": "printing", "done": "complete", "failed": "error"}


class FakeMoonraker(_Handler):
    """The paths of Moonraker that a plot uses."""

    def route(self, what: str, body: bytes) -> None:
        machine = self.machine
        query = parse_qs(urlsplit(self.path).query)
        match what:
            case "GET /printer/info":
                state = ("ready", "Printer is ready") if machine.is_ready else ("shutdown", "Lost MCU 'mcu'")
                info = {"state": state[0], "state_message": state[1], "software_version": "v0.12.0"}
                self.answer(200, {"result": info})
            case "GET /printer/objects/query":
                stats = {"state": KLIPPER_STATES.get(machine.state, machine.state), "filename": machine.file,
                         "message": "Timer too close" if machine.state == "failed" else ""}  # fmt: skip
                card = {"file_position": machine.at_byte}
                self.answer(200, {"result": {"status": {"print_stats": stats, "virtual_sdcard": card}}})
            case "POST /server/files/upload":
                self.answer(201, {"item": {"path": self.store(body), "root": "gcodes"}, "action": "create_file"})
            case "POST /printer/print/start":
                machine.start(query["filename"][0])
                self.answer(200, {"result": "ok"})
            case "POST /printer/print/pause" | "POST /printer/print/resume":
                machine.state = "paused" if what.endswith("pause") else "drawing"
                self.answer(200, {"result": "ok"})
            case "POST /printer/print/cancel":
                machine.end()
                self.answer(200, {"result": "ok"})
            case "POST /printer/gcode/script":
                machine.ran += json.loads(body)["script"].splitlines()
                self.answer(200, {"result": "ok"})
            case "POST /printer/emergency_stop":
                machine.end("failed")
                self.answer(200, {"result": "ok"})
            case _:
                self.answer(404, {"error": {"code": 404, "message": "Not Found"}})


OCTOPRINT_STATES = {
    "idle": "Operational", "drawing": "Printing", "paused": "Paused", "done": "Operational",
    "cancelled": "Operational", "failed": "Offline after error",
}  # fmt: skip


class FakeOctoPrint(_Handler):
    """The paths of OctoPrint that a plot uses."""

    def refuse_key(self) -> None:
        self.answer(403, {"error": f"You have no permission: {self.headers.get('X-Api-Key')}"})

    def route(self, what: str, body: bytes) -> None:
        machine = self.machine
        values = json.loads(body) if body[:1] == b"{" else {}
        match what:
            case "GET /api/version":
                self.answer(200, {"api": "0.1", "server": "1.10.0", "text": "OctoPrint 1.10.0"})
            case "GET /api/job":
                self.answer(200, self._job())
            case "POST /api/files/local":
                name = self.store(body)
                self.answer(201, {"done": True, "files": {"local": {"name": name, "path": name}}})
            case "POST /api/job" if machine.state not in {"drawing", "paused"}:
                self.answer(409, {"error": "Printer is neither printing nor paused"})
            case "POST /api/job":
                match values:
                    case {"command": "pause", "action": "pause"}:
                        machine.state = "paused"
                    case {"command": "pause", "action": "resume"}:
                        machine.state = "drawing"
                    case {"command": "cancel"}:
                        machine.end()
                self.answer(204)
            case "POST /api/printer/command":
                machine.ran += values.get("commands", [values.get("command")])
                if machine.ran[-1] == "M112":
                    machine.end("failed")
                self.answer(204)
            case _ if what.startswith("POST /api/files/local/") and values == {"command": "select", "print": True}:
                machine.start(unquote(what.rpartition("/")[2]))
                self.answer(204)
            case _:
                self.answer(404)

    def _job(self) -> dict[str, Any]:
        machine = self.machine
        size = len(machine.files.get(machine.file, b""))
        has_ended = machine.state in {"idle", "cancelled"}
        share = 100 * machine.at_byte / size if size and not has_ended else None
        found = {
            "job": {"file": {"name": machine.file or None, "path": machine.file or None, "origin": "local"}},
            "progress": {"completion": share, "filepos": None if has_ended else machine.at_byte},
            "state": OCTOPRINT_STATES[machine.state] if machine.is_ready else "Offline",
        }
        return found | ({"error": "Timer too close"} if machine.state == "failed" else {})


FAKES = {"moonraker": FakeMoonraker, "octoprint": FakeOctoPrint}


@contextmanager
def served(kind: str, machine: FakeMachine) -> Iterator[str]:
    """Serve a host of this kind; yield its address."""
    handler = type("Handler", (FAKES[kind],), {"machine": machine})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"{kind}://127.0.0.1:{server.server_address[1]}"
    finally:
        machine.end()
        server.shutdown()
        server.server_close()
