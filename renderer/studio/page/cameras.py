"""The picture of a camera beside a machine, fetched for the browser: it never learns the address.

The person who starts the page chose the addresses, so they may be private. A redirect is not followed. A picture is
kept for a second, so that many browsers ask the camera as often as one.
"""

import threading
import time
import urllib.error
import urllib.request
from http.client import HTTPException

from hardware.hosts.host_request import NoRedirects

MEDIA = ("image/jpeg", "image/png", "image/webp", "image/gif")
MOST_BYTES = 5_000_000
PATIENCE_S = 5.0
FRESH_S = 1.0


class CameraError(Exception):
    """A camera that gives no picture; the message does not name its address."""


class Camera:
    """One camera."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._lock = threading.Lock()  # for one request at a time
        self._open = urllib.request.build_opener(NoRedirects, urllib.request.ProxyHandler({})).open
        self._kept: tuple[float, str, bytes] = (float("-inf"), "", b"")

    def picture(self) -> tuple[str, bytes]:
        """The media type and the content of a picture that is at most a second old. Raises CameraError."""
        with self._lock:
            if time.monotonic() - self._kept[0] > FRESH_S:
                self._kept = (time.monotonic(), *self._fetched())
            return self._kept[1:]

    def _fetched(self) -> tuple[str, bytes]:
        try:
            with self._open(self._address, timeout=PATIENCE_S) as answer:
                media = answer.headers.get_content_type()
                content = answer.read(MOST_BYTES + 1)
        except (OSError, HTTPException, ValueError) as error:
            status = getattr(error, "code", None)
            raise CameraError(f"the camera does not answer{f' (status {status})' if status else ''}") from None
        if media not in MEDIA or len(content) > MOST_BYTES:
            raise CameraError(
                f"the camera sends {media}, {len(content)} bytes; a JPEG, PNG or WebP up to 5 MB is shown"
            )
        return media, content
