"""The cache, and downloads from a server on this computer."""

import errno
import hashlib
import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from renderer import assets
from renderer.assets import (
    AssetError,
    LastingAssetError,
    add,
    cache_folder,
    download,
    fetch,
    find,
    find_start,
    known,
    public_network,
    resolve,
)
from renderer.spec import RemoteImage

CONTENT = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("RENDER_OFFLINE", raising=False)
    monkeypatch.setattr(assets, "PAUSE_S", 0.0)
    return tmp_path / "cache"


@dataclass
class Server:
    """Serves CONTENT. `cuts` are the numbers of bytes after which the next answers stop."""

    url: str = ""
    resumes: bool = True
    status: int = 200
    location: str = ""
    cuts: list[int] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)  # the Range of each request

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        asked = handler.headers.get("Range")
        self.asked.append(asked)
        start = int(asked[6:-1]) if asked and self.resumes else 0
        status = 206 if start else self.status
        handler.send_response(status if start < len(CONTENT) else 416)
        if self.location:
            handler.send_header("Location", self.location)
        handler.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        handler.send_header("Content-Length", str(len(CONTENT) - start))
        handler.end_headers()
        stop = self.cuts.pop(0) if self.cuts else len(CONTENT)
        handler.wfile.write(CONTENT[start:stop])


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        state.url = f"http://127.0.0.1:{httpd.server_port}/x.png"
        threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield state
        httpd.shutdown()


def failure(url: str, sha256: str = SHA256) -> str:
    with pytest.raises(AssetError) as caught:
        fetch(url, sha256)
    return str(caught.value)


def ways_out(url: str) -> str:
    return f"To get it: render assets fetch {url}, or, with a copy of it, render assets add FILE"


# --- the cache --------------------------------------------------------------------------------------------------------


def test_the_cache_lies_where_the_variable_or_the_platform_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RENDER_CACHE", "~/somewhere")
    assert cache_folder() == Path.home() / "somewhere"
    monkeypatch.delenv("RENDER_CACHE")
    assert cache_folder().name == "render"


def test_a_file_that_was_added_is_found_by_its_content(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "x.png").write_bytes(CONTENT)
    asset = add(tmp_path / "x.png")
    assert (asset.name, asset.sha256, asset.size_bytes, asset.url) == ("x.png", SHA256, len(CONTENT), None)
    assert find(SHA256) == cache / "sha256" / SHA256
    assert add(tmp_path / "x.png") == asset
    assert sorted(path.name for path in (cache / "sha256").iterdir()) == [SHA256]


def test_a_file_that_somebody_put_there_by_hand_is_found(cache: Path) -> None:
    (cache / "sha256").mkdir(parents=True)
    (cache / "sha256" / SHA256).write_bytes(CONTENT)
    assert find(SHA256) == cache / "sha256" / SHA256


def test_what_is_not_there_is_not_found(cache: Path) -> None:
    assert find(SHA256) is None
    assert not cache.exists()


def test_a_file_is_read_again_only_after_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.png").write_bytes(CONTENT)
    add(tmp_path / "x.png")
    monkeypatch.setattr("renderer.assets.cache.sha256_of", lambda path: pytest.fail(f"{path} was read"))
    assert find(SHA256) is not None


def test_a_damaged_file_is_removed_and_said(tmp_path: Path, server: Server) -> None:
    (tmp_path / "x.png").write_bytes(CONTENT)
    add(tmp_path / "x.png")
    path = find(SHA256)
    assert path is not None
    path.write_bytes(b"something else")
    found = resolve(RemoteImage(url=server.url, sha256=SHA256), tmp_path)
    damaged = hashlib.sha256(b"something else").hexdigest()
    assert found.source == "web"
    assert (
        found.note
        == f"the cached file {path} was damaged and was removed (its sha256 is {damaged}); it was fetched again"
    )
    assert path.read_bytes() == CONTENT


def test_only_ordinary_files_are_added(tmp_path: Path) -> None:
    for path, text in (
        (tmp_path, "is not an ordinary file"),
        (Path("/dev/null"), "is not an ordinary file"),
        (tmp_path / "n", "no such file"),
    ):
        with pytest.raises(AssetError) as caught:
            add(path)
        assert str(caught.value) == f"{path}: {text}"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (
            errno.ENOSPC,
            "there is no space left for the asset cache {}; free some space, or name another folder in RENDER_CACHE",
        ),
        (
            errno.EROFS,
            "the asset cache {} is not writable; change its permissions, or name another folder in RENDER_CACHE",
        ),
        (
            errno.EIO,
            "the asset cache {} cannot be written to (Input/output error); repair it, "
            "or name another folder in RENDER_CACHE",
        ),
    ],
)
def test_a_cache_that_cannot_be_written_to_says_what_would_do(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, server: Server, code: int, text: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    (tmp_path / "x.png").write_bytes(CONTENT)
    monkeypatch.setattr(shutil, "copyfile", refuse)
    with pytest.raises(AssetError) as caught:
        add(tmp_path / "x.png")
    assert str(caught.value) == text.format(cache)
    assert list((cache / "sha256").iterdir()) == []
    monkeypatch.setattr(download, "_copy", refuse)
    assert failure(server.url) == text.format(cache)


def test_a_cache_below_a_file_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path / "file"))
    would_do = "remove what is there, or name another folder in RENDER_CACHE"
    assert failure(server.url) == f"the asset cache {tmp_path / 'file'} is not a folder; {would_do}"


def test_the_known_files_are_told_apart_and_have_a_licence() -> None:
    assert len({asset.name for asset in known()}) == len({asset.sha256 for asset in known()}) == len(known())
    for asset in assets.PICTURES:
        assert RemoteImage(url=asset.url or "", sha256=asset.sha256)
        assert asset.licence in ("public domain", "CC0")
    for asset in known():
        assert asset.size_bytes > 0
        assert asset.licence
        assert asset.source
        assert len(asset.sha256) in (8, 64)


# --- fetching ---------------------------------------------------------------------------------------------------------


def test_a_file_is_fetched_once_and_progress_is_reported(server: Server, cache: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    path = fetch(server.url, SHA256.upper(), lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert fetch(server.url, SHA256) == path
    assert server.asked == [None]
    assert not list((cache / "state").glob("*.part"))


def test_a_line_that_is_cut_is_taken_up_where_it_broke(server: Server) -> None:
    server.cuts = [100_000, 200_000]
    assert fetch(server.url, SHA256).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=100000-", "bytes=200000-"]


def test_what_an_earlier_run_left_is_taken_up(server: Server, cache: Path) -> None:
    (cache / "state").mkdir(parents=True)
    (cache / "state" / f"{SHA256}.part").write_bytes(CONTENT[:5000])
    assert fetch(server.url, SHA256).read_bytes() == CONTENT
    assert server.asked == ["bytes=5000-"]


def test_a_server_that_cannot_resume_starts_again(server: Server) -> None:
    server.resumes, server.cuts = False, [100_000]
    assert fetch(server.url, SHA256).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=100000-"]


@pytest.mark.parametrize("left", [b"x" * 5000, CONTENT + b"more", CONTENT])
def test_what_was_left_and_is_wrong_is_thrown_away(server: Server, cache: Path, left: bytes) -> None:
    (cache / "state").mkdir(parents=True)
    (cache / "state" / f"{SHA256}.part").write_bytes(left)
    assert fetch(server.url, SHA256).read_bytes() == CONTENT
    assert server.asked == [f"bytes={len(left)}-", None]


def test_a_line_that_is_always_cut_is_given_up_and_the_part_kept(server: Server, cache: Path) -> None:
    server.cuts = [100, 200, 300]
    why = "the connection broke after 300 of 256000 bytes, 3 times"
    assert failure(server.url) == f"{server.url} could not be fetched: {why}. {ways_out(server.url)}"
    assert (cache / "state" / f"{SHA256}.part").read_bytes() == CONTENT[:300]


def test_the_start_of_a_hash_does_where_no_more_is_published(server: Server, cache: Path) -> None:
    path = fetch(server.url, SHA256[:8])
    assert path == cache / "sha256" / SHA256 == find_start(SHA256[:8]) == find_start(SHA256)
    assert fetch(server.url, SHA256[:8]) == path
    assert len(server.asked) == 1
    assert ", not one that begins with 00000000: the file there has changed" in failure(server.url, "0" * 8)
    assert find_start("0" * 8) is None


def test_other_content_is_refused_with_both_hashes(server: Server, cache: Path) -> None:
    wanted = 64 * "0"
    why = f"its sha256 is {SHA256}, not {wanted}: the file there has changed, or the spec has the wrong sha256"
    assert failure(server.url, wanted) == f"{server.url} could not be fetched: {why}. {ways_out(server.url)}"
    assert server.asked == [None]
    assert [path for path in cache.rglob("*") if path.is_file() and path.stat().st_size] == []


@pytest.mark.parametrize(
    ("status", "requests", "why"),
    [(404, 1, "the server answered 404 Not Found"), (503, 3, "the server answered 503 Service Unavailable, 3 times")],
)
def test_only_what_may_pass_is_tried_again(server: Server, status: int, requests: int, why: str) -> None:
    server.status = status
    assert failure(server.url) == f"{server.url} could not be fetched: {why}. {ways_out(server.url)}"
    assert len(server.asked) == requests


def test_a_server_that_is_not_there_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}/x.png"
    assert failure(url) == f"{url} could not be fetched: Connection refused. {ways_out(url)}"


def test_a_server_that_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x.png"
        assert failure(url) == f"{url} could not be fetched: no answer within 0.05 s. {ways_out(url)}"


def test_a_redirect_is_followed_but_not_off_the_web(server: Server, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(CONTENT)
    server.status, server.location = 302, (tmp_path / "x.png").as_uri()
    assert "could not be fetched: the server answered 302" in failure(server.url)
    server.location = "ftp://127.0.0.1/x.png"
    assert "could not be fetched: unknown url type: ftp" in failure(server.url)


def test_a_file_beyond_the_limit_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MOST_BYTES", 1000)
    assert "the file has 256000 bytes, more than the 1000 that are allowed" in failure(server.url)


def test_a_hash_that_is_none_is_refused() -> None:
    assert failure("http://127.0.0.1/x", "../../x") == "'../../x' is not a sha256; write 64 hexadecimal digits"


def test_two_programs_fetch_a_file_once(server: Server) -> None:
    script = f"from renderer.assets import fetch; print(fetch({server.url!r}, {SHA256!r}).name)"
    both = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [program.communicate(timeout=60)[0] for program in both] == [f"{SHA256}\n"] * 2
    assert server.asked == [None]


# --- the image of a spec ----------------------------------------------------------------------------------------------


def test_a_path_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(CONTENT)
    found = resolve("x.png", tmp_path)
    assert (found.path, found.sha256, found.source, found.note) == (tmp_path / "x.png", SHA256, "file", None)
    with pytest.raises(AssetError) as caught:
        resolve("y.png", tmp_path)
    assert str(caught.value) == f"{tmp_path / 'y.png'}: no such file; name a picture"


def test_the_web_is_asked_once_and_then_the_cache(server: Server, tmp_path: Path) -> None:
    image = RemoteImage(url=server.url, sha256=SHA256)
    assert resolve(image, tmp_path).source == "web"
    assert resolve(image, tmp_path).source == "cache"
    assert len(server.asked) == 1


def test_without_the_web_the_fallback_is_drawn_and_said(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RENDER_OFFLINE", "1")
    (tmp_path / "study.png").write_bytes(b"study")
    found = resolve(RemoteImage(url=server.url, sha256=SHA256, fallback="study.png"), tmp_path)
    assert (found.path, found.sha256, found.source) == (
        tmp_path / "study.png",
        hashlib.sha256(b"study").hexdigest(),
        "fallback",
    )
    why = f"{server.url} could not be fetched: RENDER_OFFLINE is set"
    assert found.note == f"{why}. {ways_out(server.url)}. Drawing study.png instead"
    assert server.asked == []


def test_without_the_web_and_a_fallback_it_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RENDER_OFFLINE", "1")
    scream = known()[0]
    with pytest.raises(AssetError, match=r"RENDER_OFFLINE is set\. To get it: render assets fetch scream, or"):
        resolve(RemoteImage(url=scream.url or "", sha256=scream.sha256), tmp_path)


# --- what a worker fetches for others ---------------------------------------------------------------------------------


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(public_network._STATE, "only_public", True)


REFUSED = (
    "is not a public address, and a worker fetches only from those; upload the picture and name its file, or start the"
    " worker with --private-addresses"
)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.7", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fe80::1%eth0",
     "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1", "ff02::1"],
)  # fmt: skip
def test_an_address_of_this_machine_or_network_is_not_public(address: str) -> None:
    assert not public_network.is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14"])
def test_an_address_of_the_public_network_is(address: str) -> None:
    assert public_network.is_public(address)


@pytest.mark.usefixtures("guarded")
def test_a_worker_asks_no_server_on_this_machine(server: Server) -> None:
    assert failure(server.url) == f"{server.url} is not fetched: 127.0.0.1 {REFUSED}"
    assert server.asked == []


@pytest.mark.usefixtures("guarded")
def test_a_name_that_leads_to_this_machine_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: here)
    url = server.url.replace("127.0.0.1", "pictures.example")
    assert failure(url) == f"{url} is not fetched: pictures.example {REFUSED}"
    assert server.asked == []


@pytest.mark.usefixtures("guarded")
def test_the_address_that_was_checked_is_the_one_that_is_asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["93.184.215.14", "127.0.0.1"])  # a name server that changes its mind
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 80))]
    )
    assert REFUSED in failure(server.url.replace("127.0.0.1", "pictures.example"))
    assert server.asked == []


@pytest.mark.usefixtures("guarded")
def test_a_redirect_leads_to_no_server_on_this_machine(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_network, "is_public", lambda address: address == "127.0.0.1")  # as if it were outside
    server.status, server.location = 302, server.url.replace("127.0.0.1", "127.0.0.2")
    assert failure(server.url) == f"{server.url} is not fetched: 127.0.0.2 {REFUSED}"
    assert server.asked == [None]


@pytest.mark.usefixtures("guarded")
def test_a_worker_does_not_reveal_the_sum_of_a_file(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_network, "is_public", lambda _: True)
    wanted = "0" * 64
    with pytest.raises(LastingAssetError) as caught:
        fetch(server.url, wanted)
    assert SHA256 not in str(caught.value)
    assert f"its sha256 is not {wanted}: the file there has changed" in str(caught.value)
    assert fetch(server.url, SHA256).read_bytes() == CONTENT, "an address that may be asked"
