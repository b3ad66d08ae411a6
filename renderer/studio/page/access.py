"""Who may look and who may act: links that carry a role, and the sessions that they open in a browser.

The server keeps one key, in a file that only its owner can read. The key signs links and sessions, so both outlive the
server; a new key ends them all.
"""

import base64
import hashlib
import hmac
import os
import secrets
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from renderer.studio.queue.states import StudioError

ROLES = ("viewer", "curator", "operator")  # each role may also do what the roles before it may
SESSION_S = 30 * 86400.0
KEY_BYTES = 32
MOST_NAME = 40  # characters
BRACKETS = {"Ps", "Pe"}  # categories of Unicode


def clean_name(text: str) -> str:
    """A display name without brackets, in which the history gives the role: no name can look like a role."""
    plain = "".join(c for c in text if c.isprintable() and unicodedata.category(c) not in BRACKETS)
    return " ".join(plain.split())[:MOST_NAME]


@dataclass(frozen=True)
class Session:
    """A browser that was opened by a link."""

    role: str
    name: str = ""

    def may(self, role: str) -> bool:
        return ROLES.index(self.role) >= ROLES.index(role)

    @property
    def who(self) -> str:
        """The name in the history: `Ada (curator)`."""
        return f"{self.name} ({self.role})" if self.name else f"the {self.role} at the page"


@dataclass(frozen=True)
class Access:
    """Links and sessions that the key has signed."""

    key: bytes
    now: Callable[[], float] = time.time

    def token(self, role: str) -> str:
        """The token in the link of this role."""
        return self._signed(f"link:{role}")

    def role_of(self, token: str) -> str | None:
        """The role whose link has this token, or None."""
        fits = [role for role in ROLES if hmac.compare_digest(self.token(role).encode(), token.encode())]
        return fits[0] if fits else None

    def cookie(self, session: Session) -> str:
        """A session as the browser keeps it."""
        name = base64.urlsafe_b64encode(session.name[:MOST_NAME].encode()).decode().rstrip("=")
        said = f"{session.role}.{name}.{int(self.now())}"
        return f"{said}.{self._signed(f'session:{said}')}"

    def session(self, cookie: str) -> Session | None:
        """The session in a cookie; None if the cookie is forged or has expired."""
        said, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(self._signed(f"session:{said}").encode(), signature.encode("utf-8", "replace")):
            return None
        role, name, began = said.split(".")
        if not -60 <= self.now() - int(began) <= SESSION_S:  # a clock can be set back a little
            return None
        return Session(role, clean_name(base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()))

    def _signed(self, said: str) -> str:
        digest = hmac.digest(self.key, said.encode("utf-8", "replace"), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def key_in(folder: Path, *, renewed: bool = False) -> bytes:
    """The key in this folder, made if there is none. `renewed` makes a new one, which ends all sessions.

    Raises StudioError if the key cannot be read or written, or if other users can read it.
    """
    path = folder / "page.key"
    try:
        if renewed:
            path.unlink(missing_ok=True)
        if not path.exists():
            _make(path)
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise StudioError(
                f"{path}: other users can read the key of the page; run chmod 600 on it, or use --new-links"
            )
        key = path.read_bytes()
    except OSError as error:
        raise StudioError(f"{path}: the key of the page cannot be read or written ({error.strerror})") from error
    if len(key) != KEY_BYTES:
        raise StudioError(f"{path}: is not a key of the page; --new-links makes a new one")
    return key


def _make(path: Path) -> None:
    """Write a key, complete or not at all; of two servers that start at once, one writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
    try:
        os.link(beside, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
