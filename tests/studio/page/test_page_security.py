"""The page against those who should not use it, and against what they send."""

import io
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from browsing import KEY, Site, served
from PIL import Image
from sqlalchemy.exc import OperationalError

from renderer.cli import run
from renderer.studio.page import change_stream, folders, queue_views, request_checks, server
from renderer.studio.page.access import SESSION_S, Access, Session, key_in
from renderer.studio.page.ended_access import EndedAccess
from renderer.studio.queue import leases, listing, pausing, questions, records, requests
from renderer.studio.queue.adding import NewJob
from renderer.studio.queue.records import Job
from renderer.studio.queue.states import StudioError
from renderer.studio.queue.store import Store

SPEC = """\
version: 1
title: {title}
target: {{image: {image}}}
layers: [{{points: 40}}]
pens: [{{name: black, colour: '#111111', nib_mm: 1}}]
"""
VIEWS = ("/", "/machines", "/machines/gantry", "/gallery", "/history", "/pieces/1", "/events")
ROLES = ("viewer", "curator", "operator")


@pytest.fixture
def site(there: Store, tmp_path: Path) -> Iterator[Site]:
    with served(there, tmp_path) as one:
        specs = tmp_path / "specs"
        Image.new("RGB", (64, 64), "red").save(specs / "red.png")
        (specs / "disc.yaml").write_text(SPEC.format(title="Disc", image="red.png"), encoding="utf-8")
        yield one


@pytest.fixture
def asking(there: Store) -> tuple[Job, int]:
    """A plot that asks for paper, and the number of its question."""
    requests.add(there, [NewJob("plot", "a", "a", "a.svg", machine="gantry")], "ada")
    with there.begin() as connection:  # released, whatever that takes
        connection.execute(records.jobs.update().values(state="queued"))
    claimed = leases.claim(there, "plot", "w", "gantry")
    assert claimed is not None
    asks = questions.NewQuestion(
        "load", "load paper", "Put a sheet in place.", (("done", "it is there"), ("abort", "no")), "done"
    )
    return claimed, leases.advance(there, claimed.id, claimed.token, "w", "awaiting_operator", "asks", asks=asks)


def state_of(store: Store, number: int) -> tuple[str, str]:
    with store.read() as connection:
        asked = records.open_question(connection, number)
        return records.find(connection, number).state, "" if asked is None else asked.state


# --- names and origins ---


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "localhost@evil", "", "a b"]
)
def test_another_name_that_leads_here_is_refused(site: Site, host: str) -> None:
    answer = site.as_("operator").get("/", Host=host.format(port=site.port))
    assert answer.status in {400, 403}
    assert "is not a name of this page" in answer.text or answer.status == 400


@pytest.mark.parametrize("host", ["localhost:{port}", "[::1]:{port}", "127.0.0.1"])
def test_names_of_this_machine_do(site: Site, host: str) -> None:
    assert site.as_("viewer").get("/", Host=host.format(port=site.port)).status == 200


def test_a_name_that_was_allowed_does(there: Store, tmp_path: Path) -> None:
    with served(there, tmp_path, ("Studio.local",)) as site:
        assert site.as_("viewer").get("/", Host="studio.local:8765").status == 200
        assert site.as_("viewer").get("/", Host="studio.lan").status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": None},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
    ],
)
def test_a_form_from_elsewhere_is_refused(site: Site, there: Store, headers: dict[str, str | None]) -> None:
    given = {name: value and value.format(port=site.port) for name, value in headers.items()}
    answer = site.as_("operator").post("/pieces", {"spec": "disc.yaml"}, **given)
    assert (answer.status, answer.text) == (403, "only the page itself can send this request\n")
    assert listing.listed(there) == []


def test_another_page_may_link_here_but_not_use_what_is_here(site: Site) -> None:
    viewer = site.as_("viewer")
    visit = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    assert viewer.get("/", **visit).status == 200
    for mode, dest in (("no-cors", "script"), ("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe")):
        answer = viewer.get("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode=mode, Sec_Fetch_Dest=dest)
        assert (answer.status, answer.text) == (403, "other sites cannot use this page\n")


def test_nothing_is_changed_by_looking(site: Site, there: Store) -> None:
    operator = site.as_("operator")
    operator.post("/pieces", {"spec": "disc.yaml"})
    for path in ("/pieces/1/cancel", "/pieces/1/move", "/queues/render"):
        assert operator.get(path).status == 405
    assert [job.state for job in listing.listed(there)] == ["queued"]


# --- links and roles ---


@pytest.mark.parametrize("path", VIEWS)
def test_without_a_link_nothing_is_shown(site: Site, path: str) -> None:
    answer = site.as_(None).get(path)
    assert answer.status == 401
    assert answer.text.startswith("This page opens with a link: render serve prints it")


def test_without_a_link_nothing_is_done(site: Site, there: Store) -> None:
    assert site.as_(None).post("/pieces", {"spec": "disc.yaml"}).status == 401
    assert site.as_(None).put("/uploads/a.png", b"x").status == 401
    assert listing.listed(there) == []


def test_a_link_opens_a_session_of_its_role_that_scripts_and_other_sites_do_not_get(site: Site) -> None:
    for role in ROLES:
        answer = site.as_(None).get(f"/enter?token={site.page.access.token(role)}")
        assert answer.status == 200
        cookie = answer.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        session = site.page.access.session(cookie.partition("=")[2].partition(";")[0])
        assert session == Session(role)


@pytest.mark.parametrize("token", ["", "x", "é", "{token}x", "operator"])
def test_a_link_that_is_none_opens_nothing(site: Site, token: str) -> None:
    wrong = token.format(token=site.page.access.token("viewer"))
    answer = site.as_(None).get("/enter?token=" + wrong.replace("é", "%C3%A9"))
    assert answer.status == 401
    assert "set-cookie" not in answer.headers


def test_a_cookie_is_neither_forged_nor_raised_nor_used_for_ever() -> None:
    now = [1000.0]
    access = Access(KEY, lambda: now[0])
    cookie = access.cookie(Session("viewer", "Ada é"))
    assert access.session(cookie) == Session("viewer", "Ada é")
    for wrong in (
        "", "...", cookie[:-1], "operator" + cookie.removeprefix("viewer"), cookie.replace(".", ".x", 1),
        Access(b"z" * 32, lambda: now[0]).cookie(Session("operator")), access.token("viewer"), "\udcff.a.b.c",
    ):  # fmt: skip
        assert access.session(wrong) is None
    now[0] += SESSION_S + 1
    assert access.session(cookie) is None


def test_new_links_end_the_old_ones_and_others_cannot_read_the_key(tmp_path: Path) -> None:
    key = key_in(tmp_path)
    assert key_in(tmp_path) == key
    assert key_in(tmp_path, renewed=True) != key
    assert (tmp_path / "page.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "page.key").chmod(0o644)
    with pytest.raises(StudioError, match="other users can read the key of the page; run chmod 600"):
        key_in(tmp_path)


@pytest.mark.parametrize("role", ["viewer", "curator"])
def test_continue_takes_the_operator(site: Site, there: Store, asking: tuple[Job, int], role: str) -> None:
    job, question = asking
    answer = site.as_(role).post(f"/questions/{question}/answer", {"choice": "done"})
    assert answer.status == 403
    assert answer.text == (
        f"to answer for a machine, open the link of the operator; this page was opened with the link of the {role}\n"
    )
    for path in (f"/pieces/{job.id}/cancel", f"/pieces/{job.id}/emergency", "/queues/gantry"):
        assert site.as_(role).post(path).status == 403
    assert state_of(there, job.id) == ("awaiting_operator", "open")
    assert "it is there" not in site.as_(role).get("/machines/gantry").text.lower()


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/pieces", {"spec": "disc.yaml"}), ("/pieces/1/cancel", {}), ("/pieces/1/move", {"where": "first"}),
        ("/pieces/1/edit", {"title": "x"}), ("/pieces/1/plot", {}), ("/queues/render", {}), ("/pieces/1/copy", {}),
    ],
)  # fmt: skip
def test_a_viewer_changes_nothing(site: Site, there: Store, path: str, fields: dict[str, object]) -> None:
    site.as_("curator").post("/pieces", {"spec": "disc.yaml"})
    before = listing.listed(there, every=True)
    answer = site.as_("viewer").post(path, fields)
    assert answer.status in {403, 409}, answer.text
    assert site.as_("viewer").put("/uploads/a.png", b"x").status == 403
    assert listing.listed(there, every=True) == before


def test_a_continue_counts_once_and_for_the_question_that_was_seen(
    site: Site, there: Store, asking: tuple[Job, int]
) -> None:
    job, question = asking
    operator = site.as_("operator")
    assert operator.post(f"/questions/{question}/answer", {"choice": "later"}).status == 422
    assert operator.post(f"/questions/{question}/answer", {"choice": "done"}).status == 200
    twice = operator.post(f"/questions/{question}/answer", {"choice": "done"})
    assert twice.status == 409
    assert twice.text.startswith(f"question {question} is already answered by the operator at the page (done)")
    with there.begin() as connection:
        leases.take_back(connection, time.time() + 1000)  # the worker is lost: another question stands
    with there.read() as connection:
        newer = records.open_question(connection, job.id)
    assert newer is not None
    assert operator.post(f"/questions/{question}/answer", {"choice": "done"}).status == 409
    assert operator.post(f"/questions/{newer.id}/answer", {"choice": "done"}).status == 422
    assert state_of(there, job.id) == ("needs_attention", "open")


# --- paths ---


@pytest.mark.parametrize(
    "name",
    ["../secret.yaml", "/etc/passwd", "../../etc/passwd", "link.yaml", "away/secret.yaml", "di\0sc.yaml",
     ".hidden.yaml", "red.png", "", "uploads/../../secret.yaml", "~/x.yaml", "pipe.yaml", "{secret}"],
)  # fmt: skip
def test_a_spec_outside_its_folder_is_not_there(site: Site, there: Store, tmp_path: Path, name: str) -> None:
    secret, specs = tmp_path / "secret.yaml", tmp_path / "specs"
    secret.write_text(SPEC.format(title="Secret", image="red.png"), encoding="utf-8")
    (specs / "link.yaml").symlink_to(secret)
    (specs / "away").symlink_to(tmp_path)
    (specs / ".hidden.yaml").write_text(secret.read_text(encoding="utf-8"), encoding="utf-8")
    os.mkfifo(specs / "pipe.yaml")
    answer = site.as_("curator").post("/pieces", {"spec": name.format(secret=secret)})
    assert answer.status == 404
    assert "Secret" not in answer.text
    assert listing.listed(there) == []


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("target: {{image: {away}}}", "target.image"),
        ("target: {{image: ../secret.png}}", "target.image"),
        ("target: {{image: link.png}}", "target.image"),
        ("target: {{image: /dev/zero}}", "target.image"),
        ("machine: {away}", "machine"),
        ("machine: ../../../../../etc/passwd", "machine"),
        ("pens: {{rack: {away}}}", "pens.rack"),
    ],
)
def test_what_a_spec_names_does_not_lead_out_of_the_folder(
    site: Site, there: Store, tmp_path: Path, line: str, place: str
) -> None:
    away, specs = tmp_path / "secret.png", tmp_path / "specs"
    Image.new("RGB", (64, 64), "blue").save(away)
    (specs / "link.png").symlink_to(away)
    text = SPEC.format(title="Out", image="red.png")
    key = line.partition(":")[0]
    kept = [row for row in text.splitlines() if not row.startswith(f"{key}:")]
    (specs / "out.yaml").write_text("\n".join([*kept, line.format(away=away)]), encoding="utf-8")
    answer = site.as_("curator").post("/pieces", {"spec": "out.yaml"})
    assert answer.status == 422
    assert f"{place}:" in answer.text
    assert "is outside the folder of the specs; copy the file into it, and name the copy" in answer.text
    assert listing.listed(there) == []


def test_nor_do_changes_to_a_spec(site: Site, there: Store) -> None:
    answer = site.as_("curator").post("/pieces", {"spec": "disc.yaml", "changes": "target.image=/etc/passwd"})
    assert answer.status == 422
    assert "'/etc/passwd' is outside the folder of the specs" in answer.text
    assert listing.listed(there) == []


@pytest.mark.parametrize("kind", ["socket", "pipe", "device", "folder"])
def test_a_target_that_is_no_picture_file_is_refused_and_nothing_hangs(
    site: Site, there: Store, tmp_path: Path, kind: str
) -> None:
    specs, name = tmp_path / "specs", "odd.png"
    os.chdir(specs)  # a socket's path is short
    try:
        match kind:
            case "socket":
                with socket.socket(socket.AF_UNIX) as unix:
                    unix.bind(name)
            case "pipe":
                os.mkfifo(name)
            case "folder":
                (specs / name).mkdir()
            case "device":
                if os.geteuid() != 0:
                    pytest.skip("only root makes devices")
                os.mknod(name, 0o666 | 0o020000, os.makedev(1, 5))
    finally:
        os.chdir(tmp_path)
    (specs / "odd.yaml").write_text(SPEC.format(title="Odd", image=name), encoding="utf-8")
    answer = site.as_("curator").post("/pieces", {"spec": "odd.yaml"})
    assert answer.status == 422
    assert f"target.image: '{name}' is {'a folder' if kind == 'folder' else 'not an ordinary file'}" in answer.text
    assert listing.listed(there) == []


def finished(store: Store, folder: Path) -> Job:
    """A render that is done, in this folder."""
    (made,) = requests.add(store, [NewJob("render", "a", "a", "a.yaml")], "ada")
    claimed = leases.claim(store, "render", "w")
    assert claimed is not None
    leases.finish(store, claimed.id, claimed.token, "w", {"folder": str(folder)}, lambda: None)
    return made


@pytest.mark.parametrize(
    "name",
    ["..%2fsecret.png", "%2e%2e/secret.png", "../secret.png", "secret.png", "..%5csecret.png", "preview.png",
     "%00preview.png"],
)  # fmt: skip
def test_files_of_a_work_do_not_lead_out_of_its_folder(site: Site, there: Store, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    folder = tmp_path / "out" / "a"
    folder.mkdir()
    (folder / "secret.png").write_bytes(b"secret")
    (folder / "preview.png").symlink_to(tmp_path / "secret.png")
    job = finished(there, folder)
    answer = site.as_("operator").get(f"/pieces/{job.id}/files/{name}")
    assert answer.status == 404
    assert answer.content != b"secret"


def test_a_work_that_lies_elsewhere_is_not_shown(site: Site, there: Store, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    (away / "preview.png").write_bytes(b"secret")
    job = finished(there, away)
    assert site.as_("operator").get(f"/pieces/{job.id}/files/preview.png").status == 404
    assert site.as_("operator").post(f"/pieces/{job.id}/plot").status == 404
    (tmp_path / "out" / "b").mkdir()
    (tmp_path / "out" / "b" / "preview.png").write_bytes(b"picture")
    shown = finished(there, tmp_path / "out" / "b")
    assert site.as_("viewer").get(f"/pieces/{shown.id}/files/preview.png").content == b"picture"


def test_a_work_without_a_folder_shows_no_file_of_where_the_server_runs(
    site: Site, there: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path / "out")
    Path("preview.png").write_bytes(b"secret")
    (made,) = requests.add(there, [NewJob("render", "a", "a", "a.yaml")], "ada")
    assert site.as_("viewer").get(f"/pieces/{made.id}/files/preview.png").status == 404


@pytest.mark.parametrize(
    "path",
    ["/gallery/..%2f..%2fetc/manifest.json", "/gallery/../secret/manifest.json", "/static/..%2froutes.py",
     "/static/../routes.py", "/gallery/a/passwd", "/static/%2e%2e/%2e%2e/worker.py"],
)  # fmt: skip
def test_the_gallery_and_the_static_files_hold_what_is_theirs(site: Site, tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "manifest.json").write_text("{}", encoding="utf-8")
    assert site.as_("operator").get(path).status == 404


# --- what is sent ---


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("..%2f..%2fetc%2fcron.yaml", None), ("%2fetc%2fx.yaml", None), ("..%5c..%5cx.yaml", "x.yaml"),
        (".bashrc.yaml", "bashrc.yaml"), ("a%20b%27%22%3c.yaml", "a-b-.yaml"), ("%e2%80%ae.yaml", "yaml"),
        ("x.py", None), ("x", None), ("..", None), ("x.yaml%00.py", None), ("x.html", None), ("x.svg", "x.svg"),
    ],
)  # fmt: skip
def test_an_upload_has_a_plain_name_in_its_own_folder(site: Site, tmp_path: Path, name: str, kept: str | None) -> None:
    before = {path for path in tmp_path.rglob("*") if "queue.db" not in path.name}
    answer = site.as_("curator").put(f"/uploads/{name}", b"version: 1\n")
    new = {path for path in tmp_path.rglob("*") if "queue.db" not in path.name} - before
    if kept is None or "." not in kept:
        assert answer.status in {404, 405, 422}
        assert new == set()
    else:
        assert (answer.status, answer.text.splitlines()[0]) == (200, f"uploads/{kept}")
        assert new == {tmp_path / "specs" / "uploads", tmp_path / "specs" / "uploads" / kept}


def test_an_upload_replaces_nothing_and_no_link_leads_it_away(site: Site, tmp_path: Path) -> None:
    curator, uploads = site.as_("curator"), tmp_path / "specs" / "uploads"
    assert curator.put("/uploads/a.yaml", b"one").text.splitlines()[0] == "uploads/a.yaml"
    assert curator.put("/uploads/a.yaml", b"one").text.splitlines()[0] == "uploads/a.yaml"
    second = curator.put("/uploads/a.yaml", b"two").text.splitlines()[0]
    assert second.startswith("uploads/a-")
    assert (uploads / "a.yaml").read_bytes() == b"one"
    assert (tmp_path / "specs" / second).read_bytes() == b"two"
    for path in uploads.iterdir():
        path.unlink()
    uploads.rmdir()
    (tmp_path / "elsewhere").mkdir()
    uploads.symlink_to(tmp_path / "elsewhere")
    answer = curator.put("/uploads/b.yaml", b"three")
    assert answer.status == 422
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_picture_is_looked_at_before_it_is_kept(site: Site, tmp_path: Path) -> None:
    curator = site.as_("curator")
    answer = curator.put("/uploads/a.png", b"<script>alert(1)</script>")
    assert (answer.status, answer.text) == (
        422, "the picture is not a picture that can be read; use PNG, JPEG, WebP, TIFF, GIF, BMP, PPM or AVIF\n"
    )  # fmt: skip
    assert curator.put("/uploads/a.png", b"").status == 422
    assert list((tmp_path / "specs" / "uploads").iterdir()) == []
    assert curator.put("/uploads/red.png", (tmp_path / "specs" / "red.png").read_bytes()).text == "uploads/red.png"


def test_an_upload_of_100_mb_is_not_taken_however_it_is_sent(site: Site, tmp_path: Path) -> None:
    part, count = b"x" * 2**20, 100
    curator = site.as_("curator")
    answer = curator.put("/uploads/a.png", (part for _ in range(count)), Content_Length=str(count * len(part)))
    assert (answer.status, answer.text) == (413, "more than 20480 KiB is not accepted\n")
    chunk = b"%x\r\n%s\r\n" % (len(part), part)
    undeclared = curator.put("/uploads/a.png", (chunk for _ in range(count)), Transfer_Encoding="chunked")
    assert undeclared.status == 413
    assert not (tmp_path / "specs" / "uploads").exists()
    form = curator.post("/pieces", {"spec": "x" * 70_000})
    assert (form.status, form.text) == (413, "more than 64 KiB is not accepted\n")


def test_a_picture_that_swells_is_not_unpacked_in_the_server(site: Site, tmp_path: Path) -> None:
    curator, large = site.as_("curator"), io.BytesIO()
    Image.new("1", (8001, 8000)).save(large, "png")
    assert len(large.getvalue()) < 20_000
    answer = curator.put("/uploads/large.png", large.getvalue())
    assert (answer.status, answer.text) == (
        422, "the picture has 8001 x 8000 px, more than 64 megapixels; make it smaller\n"
    )  # fmt: skip
    svg = curator.put("/uploads/a.png", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
    assert svg.status == 422
    assert list((tmp_path / "specs" / "uploads").iterdir()) == []


def test_uploads_do_not_fill_the_disk(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    curator = site.as_("curator")
    monkeypatch.setattr(folders, "MOST_KEPT_BYTES", 1_000_000)
    assert curator.put("/uploads/a.yaml", b"#" * 600_000).status == 200
    answer = curator.put("/uploads/b.yaml", b"#" * 600_000)
    assert (answer.status, answer.text) == (
        422, "uploads/ holds 1 MB, and at most 1 MB are allowed; delete files there that no spec needs\n"
    )  # fmt: skip
    assert [path.name for path in (tmp_path / "specs" / "uploads").iterdir()] == ["a.yaml"]


def raw(site: Site, head: str, *, seconds: float = 20) -> bytes:
    """What comes back to these bytes, until the server closes the line."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=seconds) as line:
        line.sendall(head.encode("latin-1"))
        came = b""
        while part := line.recv(65536):
            came += part
    return came


def test_a_request_that_can_be_read_in_two_ways_is_refused(site: Site, there: Store) -> None:
    cookie = f"{site.page.cookie}={site.page.access.cookie(Session('operator'))}"
    own = f"Host: 127.0.0.1:{site.port}\r\nCookie: {cookie}\r\nOrigin: {site.address}\r\nConnection: close\r\n"
    body = "spec=disc.yaml"
    for lines in (
        f"Content-Length: {len(body)}\r\nContent-Length: 3\r\n",
        f"Content-Length: {len(body)}\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: -1\r\n", "Content-Length: \xb2\r\n", f"Content-Length: {len(body)}\r\nHost: evil.example\r\n",
    ):  # fmt: skip
        assert raw(site, f"POST /pieces HTTP/1.1\r\n{own}{lines}\r\n{body}").startswith(b"HTTP/1.1 400"), lines
    assert raw(site, "GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 403")
    assert raw(site, f"GET http://evil.example/ HTTP/1.1\r\n{own}\r\n").startswith(b"HTTP/1.1 404")
    assert listing.listed(there) == []


def test_who_says_nothing_is_not_waited_for_for_ever(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_S", 0.2)
    for head in ("", "GET / HTTP/1.1\r\nHost:", "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET"):
        raw(site, head)  # returns, since the server closes it
    assert site.as_("viewer").get("/").status == 200
    monkeypatch.setattr(request_checks, "BODY_S", 0.2)
    answer = site.as_("operator").post("/pieces", Content_Length="1000")
    assert (answer.status, answer.text) == (408, "the request was not complete in time\n")


def test_silent_connections_leave_room_for_others(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_S", 0.5)
    silent = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(server.MOST_CONNECTIONS + 20)]
    try:
        ends = time.monotonic() + 30
        while site.as_("viewer").get("/").status != 200:
            assert time.monotonic() < ends
            time.sleep(0.05)
    finally:
        for line in silent:
            line.close()


def test_no_more_pages_listen_than_there_is_room_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_stream, "MOST_LISTENERS", 3)
    cookie = f"{site.page.cookie}={site.page.access.cookie(Session('viewer'))}"
    head = f"GET /events HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode()
    lines = [socket.create_connection(("127.0.0.1", site.port), timeout=20) for _ in range(3)]
    for line in lines:
        line.sendall(head)
        assert line.recv(100).startswith(b"HTTP/1.1 200")
    ends = time.monotonic() + 20
    while site.as_("viewer").get("/events", Connection="close").status != 503:
        assert time.monotonic() < ends
    assert site.as_("viewer").get("/").status == 200
    for line in lines:
        line.close()


def bomb_of_aliases() -> str:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    return "\n".join(rows)


@pytest.mark.parametrize(
    "text", [bomb_of_aliases(), "[" * 100_000, "a: &a [*a]", "x: !!python/object/apply:os.system [id]"]
)
def test_a_yaml_bomb_is_reported_of_and_harms_nothing(site: Site, there: Store, text: str) -> None:
    curator = site.as_("curator")
    kept = curator.put("/uploads/bomb.yaml", text.encode()).text.splitlines()[0]
    answer = curator.post("/pieces", {"spec": kept})
    assert answer.status == 422
    assert answer.text.startswith("uploads/bomb.yaml:")
    assert str(site.page.context.folders.specs) not in answer.text
    assert len(answer.text) < 5000
    assert listing.listed(there) == []
    assert site.as_("viewer").get("/").status == 200


@pytest.mark.parametrize("field", ["title", "note"])
def test_script_in_a_title_is_text(site: Site, there: Store, field: str) -> None:
    script = "<script>alert(1)</script><img src=x onerror=alert(2)>'\"&"
    curator = site.as_("curator")
    assert curator.post("/pieces", {"spec": "disc.yaml", field: script, "plot": "1", "machine": ""}).status in {
        200,
        422,
    }
    assert curator.post("/pieces", {"spec": "disc.yaml", field: script}).status == 200
    requests.add(there, [NewJob("plot", "b", script, "b.svg", machine=script, note=script)], script)
    for path in ("/", "/machines", "/gallery", "/history", "/pieces/1", "/pieces/2"):
        text = site.as_("operator").get(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    assert "&lt;script&gt;alert(1)" in site.as_("operator").get("/").text


def test_a_name_for_the_history_is_text_and_short(site: Site) -> None:
    answer = site.as_("curator").post("/me", {"name": "<b>Ada\r\nSet-Cookie: x=1</b>" + "x" * 100})
    assert answer.status == 200
    cookie = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
    session = site.page.access.session(cookie)
    assert session == Session("curator", ("<b>AdaSet-Cookie: x=1</b>" + "x" * 100)[:40])


# --- what every answer says ---


@pytest.mark.parametrize("path", ["/", "/machines", "/nothing", "/static/studio.js", "/pieces/1/files/x"])
def test_every_answer_forbids_what_the_page_does_not_need(site: Site, path: str) -> None:
    headers = site.as_("viewer").get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'self'; base-uri 'none'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in headers


def test_drawings_are_shown_in_a_cage(site: Site, there: Store, tmp_path: Path) -> None:
    folder = tmp_path / "out" / "a"
    folder.mkdir()
    (folder / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    answer = site.as_("viewer").get(f"/pieces/{finished(there, folder).id}/files/drawing.svg")
    assert answer.status == 200
    policy = answer.headers["content-security-policy"]
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"


def test_pages_use_nothing_that_their_own_policy_forbids(site: Site, asking: tuple[Job, int]) -> None:
    site.as_("curator").post("/pieces", {"spec": "disc.yaml"})
    for path in ("/", "/machines", "/machines/gantry", "/gallery", "/history", "/pieces/1", "/pieces/2"):
        text = site.as_("operator").get(path).text
        assert " style=" not in text
        assert "<style" not in text
        assert " onclick=" not in text
        assert text.count("<script") == text.count('<script src="/static/')


def test_odd_requests_are_answered_not_crashed_on(site: Site) -> None:
    operator = site.as_("operator")
    assert operator.post("/pieces/1/move", {"where": "x"}).status == 422
    assert operator.post("/pieces/999/cancel").status == 422
    assert operator.get("/pieces/999").status == 404
    assert operator.get("/pieces/" + "9" * 400).status == 404
    assert operator.get("/machines/nobody").status == 404
    assert operator.post("/questions/999/answer", {"choice": "done"}).status == 422
    assert operator.post("/pieces", {"spec": "disc.yaml", "edition": "1e9", "plot": "1"}).text.startswith(
        "edition: '1e9'"
    )
    assert operator.post("/pieces", {"spec": "disc.yaml", "due": "soon"}).text.startswith("due: 'soon' is not a date;")
    many = operator.post("/pieces", {f"a{n}": 1 for n in range(101)})
    assert (many.status, many.text) == (400, "a form can have at most 100 inputs\n")
    assert operator.post("/pieces/1/move", {"where": "after", "other": 2**31}).status == 422
    assert operator.get("/pieces/1/picture/%00").status == 404
    assert operator.ask("OPTIONS", "/").status == 405
    assert operator.ask("DELETE", "/pieces/1").status in {404, 405}
    assert operator.ask("POST", "/pieces", b"\xff\xfe%%%=", Content_Length="5").status == 404
    assert operator.ask("GET", "/", Cookie="x" * 3000).status == 401


def test_whoever_types_an_address_is_answered_by_a_page_and_a_script_by_a_sentence(site: Site, there: Store) -> None:
    person = {"Accept": "text/html,application/xhtml+xml"}
    for role, path, status, heading in (
        ("viewer", "/pieces/9", 404, "There is nothing here"), ("viewer", "/nothing", 404, "There is nothing here"),
        (None, "/", 401, "This page is closed"), (None, "/enter?token=x", 401, "This page is closed"),
        ("viewer", "/leave", 405, "Not this way"),
    ):  # fmt: skip
        answer = site.as_(role).get(path, **person)
        assert answer.status == status
        assert f"<h1>{heading}</h1>" in answer.text
        assert '<html lang="en">' in answer.text
        assert "<html" not in site.as_(role).get(path).text
    spec = {"spec": "<script>alert(1)</script>"}
    answer = site.as_("curator").post("/pieces", spec, HX_Request=None, Referer=site.address + "/machines", **person)
    assert answer.status == 404
    assert "<script>" not in answer.text
    requests.add(there, [NewJob("render", "a", "a", "a.yaml")], "ada")
    sent = {**person, "HX_Request": None, "Referer": site.address + "/pieces/1"}
    answer = site.as_("viewer").post("/pieces/1/cancel", **sent)
    assert (answer.status, answer.text.count('<a href="/pieces/1">Back</a>')) == (403, 1)
    answer = site.as_("curator").post("/pieces/1/cancel", **{**sent, "Referer": f"{site.address}/\\evil.example"})
    assert (answer.status, answer.headers["location"]) == (303, "/")


def test_a_queue_that_nobody_has_is_not_made(site: Site, there: Store, asking: tuple[Job, int]) -> None:
    operator = site.as_("operator")
    for name in ("anything", "..%2fx", "%00", "a%0d%0ab", "%e2%80%ae", "x" * 5000):
        answer = operator.post(f"/queues/{name}")
        assert answer.status == 404, name
        assert "x" * 200 not in answer.text
    assert pausing.paused_queues(there) == {}
    assert operator.post("/queues/gantry").status == 200
    assert set(pausing.paused_queues(there)) == {"gantry"}


def test_one_press_does_not_add_more_than_anybody_can_mean(site: Site, there: Store, tmp_path: Path) -> None:
    many = SPEC.format(title="Many", image="red.png") + f"matrix: {{seed: {list(range(1, 41))}}}\n"
    (tmp_path / "specs" / "many.yaml").write_text(many, encoding="utf-8")
    machine = Path(__file__).parents[3] / "specs" / "machines" / "gantry_grbl_servo.yaml"
    (tmp_path / "specs" / "machines").mkdir()
    (tmp_path / "specs" / "machines" / "gantry.yaml").write_bytes(machine.read_bytes())
    fields = {"spec": "many.yaml", "plot": "1", "machine": "machines/gantry.yaml"}
    answer = site.as_("curator").post("/pieces", {**fields, "edition": "25"})
    assert (answer.status, answer.text) == (
        422, "this would add more than 1000 jobs; add fewer sheets, or a matrix with fewer works\n"
    )  # fmt: skip
    assert listing.listed(there) == []
    assert site.as_("curator").post("/pieces", {**fields, "edition": "24"}).status == 200
    assert len(listing.listed(there)) == 1000


def test_what_turns_text_round_is_not_kept(site: Site, there: Store) -> None:
    title = "\u202eelcric\u2066 \u0085\u2028 \u05e9"
    assert site.as_("curator").post("/pieces", {"spec": "disc.yaml", "title": title}).status == 200
    assert [job.title for job in listing.listed(there)] == ["elcric    \u05e9"]


def test_a_database_that_is_away_is_reported_of(site: Site, there: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT secret", {}, Exception("the server is down\nDETAIL: secret"))

    monkeypatch.setattr(there.engine, "connect", away)
    monkeypatch.setattr(there.engine, "begin", away)
    for answer in (site.as_("viewer").get("/"), site.as_("operator").post("/queues/gantry")):
        assert (answer.status, answer.text) == (
            503, "The queue's database does not answer (the server is down); try again in a moment.\n"
        )  # fmt: skip


def test_a_fault_of_the_page_shows_nothing_of_it_to_whoever_asks(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(queue_views, "at_work", broken)
    answer = site.as_("viewer").get("/")
    assert (answer.status, answer.text) == (
        500, "The page failed; the terminal of render serve has the details.\n"
    )  # fmt: skip
    ends = time.monotonic() + 20
    while "RuntimeError: secret" not in caplog.text:  # it is logged after the answer
        assert time.monotonic() < ends
        time.sleep(0.01)


# --- the command ---


def test_serving_others_takes_a_name(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["serve", "--host", "0.0.0.0", "--db", str(tmp_path / "q.db")]) == 2
    assert capsys.readouterr().err == (
        "render: --host 0.0.0.0 opens the page to other machines; give the host name that they use with"
        " --allowed-host (see render serve --help)\n"
    )


def test_a_port_that_is_taken_and_a_folder_that_is_not_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        assert run(["serve", "--port", port, "--specs", str(tmp_path), "--db", str(tmp_path / "q.db")]) == 1
    assert (
        f"render: 127.0.0.1:{port}: the server cannot listen there (Address already in use)" in capsys.readouterr().err
    )
    assert run(["serve", "--specs", str(tmp_path / "no"), "--db", str(tmp_path / "q.db")]) == 2


def test_links_are_printed_again_and_stay_the_same(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    given = ["serve", "--links", "--json", "--specs", str(tmp_path), "--db", str(tmp_path / "q.db")]
    seen = []
    for more in ([], [], ["--new-links"]):
        assert run([*given, *more]) == 0
        seen.append(json.loads(capsys.readouterr().out)["links"])
    assert seen[0] == seen[1]
    assert set(seen[0]) == set(ROLES)
    assert not set(seen[0].values()) & set(seen[2].values())


def test_the_page_knows_nothing_of_ports(tmp_path: Path) -> None:
    """Whatever happens to the server, no pen is in its hands."""
    code = f"""
import sys
from pathlib import Path
from browsing import served
from renderer.studio.queue.store import Store

folder = Path({str(tmp_path)!r})
with served(Store(str(folder / "q.db")), folder) as site:
    assert all(site.as_("operator").get(path).status == 200 for path in ("/", "/machines", "/gallery", "/history"))
print(*sorted({{"serial", "torch", "numba", "hardware.wire.serial_port", "hardware.plotting.plot"}} & set(sys.modules)))
"""
    beside = Path(__file__).parent
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=beside, check=True)
    assert done.stdout.split() == []


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(b"k" * 32, ended=EndedAccess(tmp_path / "page.ended"))


def test_a_session_that_was_closed_is_over_for_every_copy_of_its_cookie(site: Site, access: Access) -> None:
    site.page.access = access
    token = access.token("curator")
    first = site.as_(None).get(f"/enter?token={token}").headers["set-cookie"].partition(";")[0]
    other = site.as_(None).get(f"/enter?token={token}").headers["set-cookie"].partition(";")[0]
    session = access.session(first.partition("=")[2])
    assert session is not None
    access.end(session)
    assert access.session(first.partition("=")[2]) is None
    assert access.session(other.partition("=")[2]) is not None, "another browser stays"
    assert access.session(access.cookie(replace(session, name="Ada"))) is None, "nor under another name"


def test_a_link_for_one_person_is_revoked_alone(access: Access) -> None:
    token, link = access.personal_token("curator", "Ada (operator)")
    opened = access.opened_by(token)
    assert opened == Session("curator", "Ada operator")
    cookie = access.cookie(opened)
    bob, _ = access.personal_token("curator", "Bob")
    assert access.ended is not None
    access.ended.end(link)
    assert (access.opened_by(token), access.session(cookie)) == (None, None)
    assert access.opened_by(bob) is not None
    assert access.role_of(access.token("curator")) == "curator"
    assert access.opened_by(token.replace("curator", "operator", 1)) is None, "nobody raises a role"
    with pytest.raises(StudioError, match="is not the name of a link"):
        access.ended.end("../page.key")


def test_the_link_of_a_role_can_be_revoked_too(access: Access) -> None:
    assert access.ended is not None
    access.ended.end("viewer")
    assert access.role_of(access.token("viewer")) is None
    assert access.role_of(access.token("curator")) == "curator"


def test_leaving_the_page_closes_the_session(site: Site, tmp_path: Path) -> None:
    kept = EndedAccess(tmp_path / "page.ended")
    object.__setattr__(site.page.access, "ended", kept)
    opened = Session("curator", link="curator", id="ab" * 8)
    cookie = f"{site.page.cookie}={site.page.access.cookie(opened)}"
    assert site.as_(None).get("/", Cookie=cookie).status == 200
    assert site.as_("curator").post("/leave", Cookie=cookie).status == 200
    assert site.as_(None).get("/", Cookie=cookie).status == 401
