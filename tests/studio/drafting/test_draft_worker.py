"""The page's side of drafts, with a process that does as it is asked: it waits, dies, or answers."""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from renderer.studio.drafting.draft_worker import MOST_WAITING, DraftWorker
from renderer.studio.queue.states import Refused, StudioError

CHILD = """
import json, os, sys, threading, queue
lines, stopped = queue.SimpleQueue(), threading.Event()
def listen():
    for line in sys.stdin:
        if line.strip() == "stop": stopped.set()
        else: lines.put(line)
    os._exit(3)
threading.Thread(target=listen, daemon=True).start()
def say(**word): print(json.dumps(word), flush=True)
with open(sys.argv[1], "a") as log: log.write(f"{os.getpid()}\\n")
say(ready={})
while True:
    wanted = json.loads(lines.get())
    match wanted["do"]:
        case "wait":
            say(stopped=None) if stopped.wait(20) else say(made={"base64": "", "media": "image/webp"})
            stopped.clear()
        case "die": os._exit(1)
        case "hang": threading.Event().wait()
        case "fail": say(failed="the rack has no pens")
        case what: say(made={"base64": "aGk=", "media": "image/webp", "n": what})
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "started"


@pytest.fixture
def worker(tmp_path: Path, log: Path) -> Iterator[DraftWorker]:
    child = tmp_path / "child.py"
    child.write_text(CHILD, encoding="utf-8")
    one = DraftWorker((sys.executable, str(child), str(log)), patience_s=1.0)
    yield one
    one.close()


def processes(log: Path) -> list[int]:
    return [int(line) for line in log.read_text().split()]


def is_alive(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


def test_a_draft_is_made_and_kept(worker: DraftWorker) -> None:
    wanted = {"do": "a"}
    assert worker.kept(wanted) is None
    made = worker.keep(wanted, worker.ask("0", wanted).result(20))
    assert made.content == b"hi"
    assert made.said == {"media": "image/webp", "n": "a"}
    assert worker.kept(wanted) == made


def test_a_newer_request_for_the_same_place_ends_the_one_at_work_and_replaces_the_one_that_waits(
    worker: DraftWorker, log: Path
) -> None:
    first = worker.ask("mine:0", {"do": "wait"})
    while not first.running():
        time.sleep(0.01)
    second, other = worker.ask("mine:0", {"do": "b"}), worker.ask("mine:1", {"do": "c"})
    third = worker.ask("mine:0", {"do": "d"})
    with pytest.raises(Refused, match="a newer draft was wanted"):
        second.result(20)
    with pytest.raises(Refused, match="a newer draft was wanted"):
        first.result(20)
    assert third.result(20)["n"] == "d"
    assert other.result(20)["n"] == "c"
    assert len(processes(log)) == 1


def test_after_a_fault_of_the_spec_the_process_goes_on(worker: DraftWorker, log: Path) -> None:
    with pytest.raises(StudioError, match="the rack has no pens"):
        worker.ask("0", {"do": "fail"}).result(20)
    assert worker.ask("0", {"do": "a"}).result(20)["n"] == "a"
    assert len(processes(log)) == 1


@pytest.mark.parametrize(
    ("do", "why"), [("die", "the process that makes drafts has ended"), ("hang", "was not made within 1 s")]
)
def test_a_process_that_dies_or_hangs_is_replaced(worker: DraftWorker, log: Path, do: str, why: str) -> None:
    with pytest.raises(StudioError, match=why):
        worker.ask("0", {"do": do}).result(20)
    assert worker.ask("0", {"do": "a"}).result(20)["n"] == "a"
    dead, alive = processes(log)
    assert not is_alive(dead)
    assert is_alive(alive)


def test_a_process_that_is_killed_while_it_waits_is_started_again(worker: DraftWorker, log: Path) -> None:
    worker.ask("0", {"do": "a"}).result(20)
    assert worker._process is not None
    worker._process.kill()
    worker._process.wait()
    assert worker.ask("0", {"do": "b"}).result(20)["n"] == "b"
    assert len(processes(log)) == 2


def test_a_browser_that_has_gone_costs_no_draft(worker: DraftWorker) -> None:
    first, gone = worker.ask("0", {"do": "wait"}), worker.ask("1", {"do": "die"})
    assert gone.cancel()
    worker.ask("0", {"do": "a"}).result(20)
    assert isinstance(first.exception(20), Refused)


def test_closing_ends_the_process_and_answers_everybody(worker: DraftWorker, log: Path) -> None:
    first, second = worker.ask("0", {"do": "wait"}), worker.ask("1", {"do": "a"})
    while not first.running():
        time.sleep(0.01)
    closing = threading.Thread(target=worker.close)
    closing.start()
    for answer in (first, second):
        assert isinstance(answer.exception(20), StudioError)
    closing.join(20)
    assert not is_alive(processes(log)[0])


def test_too_many_requests_are_refused(worker: DraftWorker) -> None:
    worker.ask("0", {"do": "wait"})
    answers = [worker.ask(f"1{place}", {"do": "wait"}) for place in range(MOST_WAITING - 1)]
    while len(worker._waiting) < MOST_WAITING:
        answers.append(worker.ask(f"2{len(answers)}", {"do": "wait"}))
    with pytest.raises(StudioError, match="too many drafts are wanted at once"):
        worker.ask("one more", {"do": "a"})
