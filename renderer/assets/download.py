"""A URL -> the rest of a file that may have been downloaded in part."""

import http.client
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from renderer.assets import public_network

Report = Callable[[int, int | None], None]  # bytes done, bytes in total if the server says so

TIMEOUT_S = 10.0  # to connect, and for each piece
MOST_BYTES = 2_000_000_000
LEAST_BYTES_S = 1000.0  # measured after a minute; a slower connection would take a day for a network's weights
_PIECE = 1 << 16


class UnreachedError(Exception):
    """The file cannot be fetched from there now; trying again at once would not help."""


class RefusedAddressError(UnreachedError):
    """The file is at an address that this process does not fetch from."""


class CutOffError(Exception):
    """The download stopped; trying again at once, from where it stopped, may help."""


def download(url: str, part: Path, report: Report | None = None) -> None:
    """Fetch what `part` lacks of the file at a URL. UnreachedError, CutOffError; OSError only for the disk."""
    have = part.stat().st_size if part.exists() else 0
    with _opened(url, have, part) as answer:
        start = _start(answer, have)
        length = answer.headers.get("Content-Length", "")
        total = start + int(length) if length.isdigit() else None
        if total is not None and total > MOST_BYTES:
            raise UnreachedError(f"the file has {total} bytes, more than the {MOST_BYTES} that are allowed")
        with part.open("r+b" if have else "wb") as file:
            file.truncate(start)
            file.seek(start)
            done = _copy(answer, file, start, total, report)
    if total is not None and done < total:
        raise CutOffError(f"the connection broke after {done} of {total} bytes")


def _copy(
    answer: http.client.HTTPResponse, file: BinaryIO, start: int, total: int | None, report: Report | None
) -> int:
    done, began = start, time.monotonic()
    while True:
        try:
            piece = answer.read1(_PIECE)
        except (OSError, http.client.HTTPException) as error:
            raise CutOffError(_reason(error)) from None
        if not piece:
            return done
        done += len(piece)
        if done > MOST_BYTES:
            raise UnreachedError(f"the file has more than the {MOST_BYTES} bytes that are allowed")
        file.write(piece)
        if report is not None:
            report(done, total)
        seconds = time.monotonic() - began
        if seconds > 60 and done - start < LEAST_BYTES_S * seconds:
            raise UnreachedError(f"the server sends less than {LEAST_BYTES_S:g} bytes a second")


def _opened(url: str, have: int, part: Path) -> http.client.HTTPResponse:
    if not url.startswith(("http://", "https://")):
        raise UnreachedError("only http:// and https:// are fetched")
    headers = {"User-Agent": "render", "Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    request = urllib.request.Request(url, headers=headers)
    try:
        answer: http.client.HTTPResponse = _opener().open(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        said = f"the server answered {error.code} {error.reason}"
        if error.code == 416:  # the part here is not the beginning of the file there
            part.unlink(missing_ok=True)
        if error.code in (408, 416, 429) or error.code >= 500:
            raise CutOffError(said) from None
        raise UnreachedError(said) from None
    except public_network.ForbiddenAddressError as error:
        raise RefusedAddressError(str(error)) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise UnreachedError(_reason(error)) from None
    return answer


def _opener() -> urllib.request.OpenerDirector:
    """Like urllib's own, without file:, ftp: and data:, to which a redirect could lead."""
    opener = urllib.request.OpenerDirector()
    connects = (
        (public_network.PublicHandler(),)
        if public_network.is_guarded()
        else (urllib.request.HTTPHandler(), urllib.request.HTTPSHandler())
    )
    for handler in (
        urllib.request.ProxyHandler(),
        *connects,
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _start(answer: http.client.HTTPResponse, have: int) -> int:
    """The place of the answer's first byte in the file: a server need not resume."""
    if answer.status != 206:
        return 0
    began = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    if began is None or int(began[1]) > have:
        raise UnreachedError("the server resumed the file at the wrong place")
    return int(began[1])


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return f"no answer within {TIMEOUT_S:g} s"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({cause.verify_message})"
    return str(getattr(cause, "strerror", None) or cause or type(cause).__name__)
