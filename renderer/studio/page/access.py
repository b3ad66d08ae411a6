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
from dataclasses import dataclass, field
from pathlib import Path

from renderer.studio.page.ended_access import EndedAccess
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
    link: str = field(default="", compare=False)  # the name of the link that opened it
    id: str = field(default="", compare=False)  # of all its cookies; empty until it has one

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
    ended: EndedAccess | None = None  # without it, links and sessions end only with the key

    def token(self, role: str) -> str:
        """The token in the link of this role."""
        return self._signed(f"link:{role}")

    def role_of(self, token: str) -> str | None:
        """The role whose link has this token, or None."""
        opened = self.opened_by(token)
        return opened.role if opened else None

    def personal_token(self, role: str, name: str) -> tuple[str, str]:
        """The token of a link for one person, and the name by which the link can be revoked."""
        link = secrets.token_hex(4)
        said = f"{role}.{_encoded(name)}.{link}"
        return f"{said}.{self._signed(f'personal:{said}')}", link

    def opened_by(self, token: str) -> Session | None:
        """The session that a link opens; None if the link is forged or was revoked."""
        session = next((Session(role, link=role) for role in ROLES if self._is(self.token(role), token)), None)
        said, _, signature = token.rpartition(".")
        if session is None and said.count(".") == 2 and self._is(self._signed(f"personal:{said}"), signature):
            role, name, link = said.split(".")
            session = Session(role, _decoded(name), link)
        return None if session is None or self._has_ended(session) else session

    def end(self, session: Session) -> None:
        """Close a session: its cookies are not valid any more. Raises StudioError if that cannot be written."""
        if self.ended is not None and session.id:
            self.ended.end(session.id)

    def _has_ended(self, session: Session) -> bool:
        return self.ended is not None and any(map(self.ended.has_ended, (session.link, session.id)))

    @staticmethod
    def _is(signature: str, given: str) -> bool:
        return hmac.compare_digest(signature.encode(), given.encode("utf-8", "replace"))

    def cookie(self, session: Session) -> str:
        """A session as the browser keeps it."""
        own = session.id or secrets.token_hex(8)
        said = f"{session.role}.{_encoded(session.name)}.{int(self.now())}.{session.link}.{own}"
        return f"{said}.{self._signed(f'session:{said}')}"

    def session(self, cookie: str) -> Session | None:
        """The session in a cookie; None if the cookie is forged or has expired."""
        said, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(self._signed(f"session:{said}").encode(), signature.encode("utf-8", "replace")):
            return None
        role, name, began, link, own = [*said.split("."), "", ""][:5]
        if not -60 <= self.now() - int(began) <= SESSION_S:  # a clock can be set back a little
            return None
        session = Session(role, _decoded(name), link, own)
        return None if self._has_ended(session) else session

    def _signed(self, said: str) -> str:
        digest = hmac.digest(self.key, said.encode("utf-8", "replace"), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _encoded(name: str) -> str:
    return base64.urlsafe_b64encode(clean_name(name).encode()).decode().rstrip("=")


def _decoded(name: str) -> str:
    return clean_name(base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode())


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
