"""Requests to a host by HTTP, with bounded time and size. Its key travels in a header and never to another server."""

import http.client
import json
import secrets
import socket
import time
import urllib.error
import urllib.request
from typing import Any

from hardware.wire.host_address import HostAddress
from hardware.wire.port import PortError

TIMEOUT_S = 10.0
UPLOAD_S = 120.0
MOST_BYTES = 4_000_000  # of an answer
MOST_TEXT = 300  # characters of a host's own message that are repeated


class HostError(PortError):
    """A host that refuses a request, or whose machine has failed; the message says what to do."""


class HostGone(HostError):
    """A host that cannot be reached, or does not answer in time."""


class HostRefused(HostError):
    """A host that answers with an error. `status`: that of HTTP."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect, which would hand the key to another server."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirects)


class HostRequests:
    """Sends requests to one host."""

    def __init__(self, address: HostAddress, timeout_s: float = TIMEOUT_S) -> None:
        self.address, self._timeout_s = address, timeout_s

    def get(self, path: str) -> Any:
        """Return the JSON at this path; None if the answer is empty. Raises HostGone and HostRefused."""
        return self._send(path, None, {}, self._timeout_s)

    def post(self, path: str, values: dict[str, Any] | None = None) -> Any:
        """Send values as JSON and return the JSON of the answer. Raises HostGone and HostRefused."""
        body = json.dumps(values or {}).encode()
        return self._send(path, body, {"Content-Type": "application/json"}, self._timeout_s)

    def upload(self, path: str, name: str, text: str, fields: dict[str, str]) -> Any:
        """Send a file and fields as a form and return the JSON of the answer. Raises HostGone and HostRefused."""
        edge = f"----{secrets.token_hex(16)}"
        rows = [f'--{edge}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{v}\r\n' for key, v in fields.items()]
        head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/x-gcode'
        rows.append(f"--{edge}\r\n{head}\r\n\r\n{text}\r\n--{edge}--\r\n")
        kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        return self._send(path, "".join(rows).encode(), kind, max(UPLOAD_S, self._timeout_s))

    def _send(self, path: str, body: bytes | None, headers: dict[str, str], timeout_s: float) -> Any:
        if self.address.key:
            headers = headers | {"X-Api-Key": self.address.key}
        request = urllib.request.Request(self.address.url + path, body, {"Accept": "application/json"} | headers)
        try:
            with _OPENER.open(request, timeout=timeout_s) as answer:
                return self._read(answer, time.monotonic() + timeout_s)
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise self._refused(refusal) from None
        except (OSError, http.client.HTTPException) as fault:
            raise HostGone(f"{self.address.text}: {self._why(fault, timeout_s)}") from None

    def _read(self, answer: Any, end: float) -> Any:
        parts: list[bytes] = []
        while part := answer.read1(65536):
            parts.append(part)
            if time.monotonic() > end:
                raise TimeoutError
            if sum(map(len, parts)) > MOST_BYTES:
                raise HostError(f"{self.address.text}: the answer is larger than {MOST_BYTES} bytes; is this the host?")
        text = b"".join(parts).strip()
        try:
            return json.loads(text) if text else None
        except ValueError:
            raise HostError(f"{self.address.text}: does not answer as {self.address.kind} does; {_OTHER}") from None

    def _refused(self, refusal: urllib.error.HTTPError) -> HostError:
        address, status = self.address, refusal.code
        said = self._says(refusal)
        if status == 401 or (status == 403 and (address.kind == "octoprint" or not said)):
            return HostRefused(self._key_text(), status)
        if status in {301, 302, 303, 307, 308}:
            return HostRefused(f"{address.text}: sends requests on to another address; {_OTHER}", status)
        if status == 404 and not said:
            return HostRefused(f"{address.text}: does not answer as {address.kind} does; {_OTHER}", status)
        return HostRefused(f"{address.text}: refuses it ({status}): {said or refusal.reason}", status)

    def _key_text(self) -> str:
        variable, found = self.address.key_variable, "refuses this key" if self.address.key else "asks for a key"
        return (
            f"{self.address.text}: {found}; put a valid API key into {variable}, or the name of a file that holds it"
            f" into {variable}_FILE"
        )

    def _says(self, refusal: urllib.error.HTTPError) -> str:
        """Return the host's own message in an error, `error` or `error.message` of its JSON; empty without one."""
        try:
            found = json.loads(refusal.read(MOST_BYTES))["error"]
            found = found["message"] if isinstance(found, dict) else found
            return plain_text(self._without_key(str(found)))
        except (ValueError, KeyError, TypeError, OSError, http.client.HTTPException):
            return ""

    def _without_key(self, text: str) -> str:
        return text.replace(self.address.key, "***") if self.address.key else text

    def _why(self, fault: Exception, timeout_s: float) -> str:
        reason = getattr(fault, "reason", fault)
        if isinstance(reason, TimeoutError):
            return f"no answer within {timeout_s:g} s; is it switched on, and in this network?"
        if isinstance(reason, socket.gaierror):
            return "no computer of this name was found; check the name, or give the number of its address"
        if isinstance(reason, ConnectionRefusedError):
            return f"nothing listens there; is {self.address.kind} running, and is {self.address.port} its port?"
        return f"the connection failed ({getattr(reason, 'strerror', None) or type(reason).__name__})"


_OTHER = "check the host and the port"


def plain_text(text: str) -> str:
    """Return a host's message as one short line without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MOST_TEXT]
