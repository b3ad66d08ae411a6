"""The address and the key of a program that runs the machine by itself: `moonraker://host` or `octoprint://host`."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from hardware.wire.port import PortError

HOST_PORTS = {"moonraker": 7125, "octoprint": 80}  # of HTTP, where the address gives none
MOST_KEY_BYTES = 4096


@dataclass(frozen=True)
class HostAddress:
    """Where a host listens, and the key that it asks for. The key is in no message and no representation."""

    kind: str  # moonraker or octoprint
    name: str
    port: int
    key: str = field(default="", repr=False)

    @property
    def text(self) -> str:
        """The address as people write it."""
        return f"{self.kind}://{self._name}:{self.port}"

    @property
    def url(self) -> str:
        """The address for HTTP, without a slash at its end."""
        return f"http://{self._name}:{self.port}"

    @property
    def key_variable(self) -> str:
        """The environment variable that holds its key."""
        return f"{self.kind.upper()}_API_KEY"

    @property
    def _name(self) -> str:
        return f"[{self.name}]" if ":" in self.name else self.name


def is_host(port: str | None) -> bool:
    """Whether a port is the address of a host."""
    return port is not None and port.partition("://")[0] in HOST_PORTS and "://" in port


def host_address(text: str) -> HostAddress:
    """Return the address of a host, with the key that the environment holds. Raises PortError."""
    kind = text.partition("://")[0]
    shape = f"write {kind}://HOST or {kind}://HOST:PORT"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise PortError(f"this address of {kind} has a port that is not a number from 1 to 65535; {shape}") from None
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise PortError(
            f"an address of {kind} contains neither a name, a password nor a key; {shape}, and give the key"
            f" in {kind.upper()}_API_KEY"
        )
    if not parts.hostname or parts.path.strip("/") or port == 0 or any(c.isspace() for c in text):
        raise PortError(f"{text}: is not the address of a host; {shape}")
    address = HostAddress(kind, parts.hostname, port or HOST_PORTS[kind])
    return HostAddress(address.kind, address.name, address.port, _key(address.key_variable))


def _key(variable: str) -> str:
    """Return the key in this variable, or in the file that VARIABLE_FILE names; empty if there is none."""
    key, source = os.environ.get(variable, "").strip(), variable
    named = os.environ.get(f"{variable}_FILE", "")
    if not key and named:
        source = f"{variable}_FILE: {named}"
        try:
            with Path(named).open("rb") as file:
                key = file.read(MOST_KEY_BYTES).decode("ascii", "replace").strip()
        except OSError as fault:
            raise PortError(f"{source}: cannot be read: {fault.strerror}") from None
        if not key:
            raise PortError(f"{source}: the file is empty; it must hold the key and nothing else")
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        raise PortError(f"{source}: is not a key, which is one word of plain ASCII")
    return key
