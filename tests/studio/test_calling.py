"""People are called for what they must know, once, and a channel that fails stops nothing."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from renderer.studio.calling import caller as calling
from renderer.studio.calling.caller import Caller, calls_since, digest_of
from renderer.studio.calling.channel_settings import MailChannel, NtfyChannel, WebhookChannel, load_channels
from renderer.studio.calling.senders import Call, NotSent, send
from renderer.studio.queue import leases, questions, requests
from renderer.studio.queue.adding import NewJob
from renderer.studio.queue.records import jobs
from renderer.studio.queue.states import StudioError
from renderer.studio.queue.store import Store

PEN = questions.NewQuestion("pen", "pen 3 of 4: blue", "Put it in.", (("done", "it is in"),), "done")
CLEAR = questions.NewQuestion("clear", "clear the sheet", "Take it off.", (("done", "it is off"),), "done")


class Receiver:
    """An HTTP server that keeps what it gets, and answers with these statuses, then with 200."""

    def __init__(self, *statuses: int) -> None:
        self.got: list[tuple[dict[str, str], str]] = []
        waiting = list(statuses)
        receiver = self

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.got.append((dict(self.headers.items()), body))
                self.send_response(waiting.pop(0) if waiting else 200)
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Answers)
        self.address = f"http://127.0.0.1:{self.server.server_port}/topic"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Callable[..., Receiver]]:
    made: list[Receiver] = []

    def make(*statuses: int) -> Receiver:
        made.append(Receiver(*statuses))
        return made[-1]

    yield make
    for each in made:
        each.close()


def released(store: Store, *titles: str) -> None:
    requests.add(store, [NewJob("plot", title, title, "a.svg", machine="gantry") for title in titles], "ada")
    with store.begin() as connection:
        connection.execute(jobs.update().values(state="queued"))


def since(store: Store, event: int = 0, question: int = 0) -> list[tuple[str, str]]:
    with store.read() as connection:
        return [(call.cause, call.title) for call in calls_since(connection, event, question)]


def test_a_pen_a_stop_a_done_plot_and_an_empty_queue_call_for_people(store: Store) -> None:
    released(store, "a", "b")
    job = leases.claim(store, "plot", "w", "gantry")
    assert job is not None
    leases.advance(store, job.id, job.token, "w", "awaiting_operator", "asks", asks=PEN)
    assert since(store) == [("pen", "gantry: pen 3 of 4: blue")]
    assert since(store, 99, 1) == [], "a call is made once"
    leases.advance(store, job.id, job.token, "w", "plotting", "goes on")
    leases.advance(store, job.id, job.token, "w", "finishing", "drawn")
    leases.advance(store, job.id, job.token, "w", "awaiting_operator", "asks", asks=CLEAR)
    assert since(store) == [("question", "gantry: clear the sheet")]
    leases.end_plot(store, job.id, job.token, "w", "done", "the sheet is off the bed", cleared=True)
    assert since(store) == [("done", "done: 1 plot a")]
    other = leases.claim(store, "plot", "w", "gantry")
    assert other is not None
    leases.report_trouble(store, other.id, other.token, "w", "the cable is out")
    assert since(store)[1:] == [("stopped", "stopped: 2 plot b")]
    requests.cancel(store, other.id, "ada")
    assert ("empty", "gantry: the queue is empty") in since(store)
    with store.read() as connection:
        digest = digest_of(connection, store.now(connection))
    assert digest.title == "the studio today: 1 sheets plotted (0 m), 0 rendered, 0 waiting"
    assert digest.text == "plot 1 a: done\nplot 2 b: cancelled"


def test_ntfy_and_webhooks_get_what_they_expect(receiver: Callable[..., Receiver]) -> None:
    there = receiver()
    call = Call("pen", "gantry: pen 3 — blue", "Put it in.")
    send(call, NtfyChannel(ntfy=there.address, token="tk"))
    send(call, WebhookChannel(webhook=there.address))
    (headers, text), (_, sent) = there.got
    assert (headers["Title"], headers["Priority"], headers["Authorization"], text) == (
        "gantry: pen 3 ? blue", "high", "Bearer tk", "Put it in."
    )  # fmt: skip
    assert json.loads(sent) == {"cause": "pen", "title": "gantry: pen 3 — blue", "text": "Put it in."}


@pytest.mark.parametrize("status", [302, 403, 500])
def test_a_call_that_does_not_arrive_names_no_address(receiver: Callable[..., Receiver], status: int) -> None:
    there = receiver(status)
    with pytest.raises(NotSent, match=rf"^webhook: HTTPError {status}$"):
        send(Call("done", "a", "b"), WebhookChannel(webhook=f"{there.address}?key=secret"))


def test_mail_goes_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, Any]] = []

    class Server:
        def __init__(self, host: str, port: int, **_: Any) -> None:
            sent.append(("to", (host, port)))

        def __enter__(self) -> "Server":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def starttls(self, **_: Any) -> None:
            sent.append(("starttls", True))

        def login(self, user: str, password: str) -> None:
            sent.append(("login", (user, password)))

        def send_message(self, message: Any) -> None:
            sent.append((message["Subject"], message.get_content()))

    monkeypatch.setattr("smtplib.SMTP", Server)
    send(Call("done", "done: 1 plot a", "fine"), MailChannel(mail="a@b.org", server="mx", user="u", password="p"))
    assert sent == [("to", ("mx", 587)), ("starttls", True), ("login", ("u", "p")), ("done: 1 plot a", "fine\n")]


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_it_tries_again_a_few_times_and_a_dead_channel_holds_up_no_other(
    there: Store, receiver: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "LOOK_S", 0.02)
    good, slow, dead = receiver(), receiver(503, 503), receiver(*[503] * 9)
    said: list[str] = []
    channels = tuple(WebhookChannel(webhook=each.address, when=("pen",)) for each in (good, slow, dead))
    released(there, "a")
    called = Caller(there, channels, said.append, (0.01, 0.01))
    called.start()
    time.sleep(0.2)  # it begins with what happens from now on
    job = leases.claim(there, "plot", "w", "gantry")
    assert job is not None
    leases.advance(there, job.id, job.token, "w", "awaiting_operator", "asks", asks=PEN)
    until(lambda: (len(good.got), len(slow.got), len(dead.got)) == (1, 3, 3))
    time.sleep(0.2)
    called.close()
    assert (len(good.got), len(slow.got), len(dead.got)) == (1, 3, 3)
    assert said.count("a call did not arrive (webhook: HTTPError 503): gantry: pen 3 of 4: blue") == 5


def test_the_file_of_channels_is_checked_and_its_secrets_are_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "calls.yaml"
    path.write_text(
        "- ntfy: https://ntfy.sh/topic\n- {mail: a@b.org, server: mx, password: hush, when: [stopped, digest]}\n"
    )
    first, second = load_channels(path)
    assert isinstance(first, NtfyChannel)
    assert second.when == ("stopped", "digest")
    path.write_text("- {webhook: 'hush://secret', when: [dinner]}\n- {token: hush}\n- {mail: a@b.org, ntfy: hush}\n")
    with pytest.raises(StudioError) as error:
        load_channels(path)
    text = str(error.value)
    assert "hush" not in text
    assert "channel 1: when.0: Input should be 'pen', 'question', 'stopped', 'done', 'empty' or 'digest'" in text
    assert "channel 2: has none of ntfy, webhook, mail; it needs one of them" in text
    assert "channel 3: has 2 of ntfy, webhook, mail" in text
    path.write_text("a: 1")
    with pytest.raises(StudioError, match="is not a list of channels"):
        load_channels(path)
