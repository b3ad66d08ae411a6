"""What people do with the queue: order, holding back, ending, history."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from renderer.studio.queue import leases, listing, pausing, questions, records, requests
from renderer.studio.queue.adding import NewJob
from renderer.studio.queue.fast_list import QueueList, fast_list
from renderer.studio.queue.states import ENDED, LEASED, NEXT, WAITING, Refused, StudioError, check
from renderer.studio.queue.store import Store

Make = Callable[..., NewJob]


def titles(store: Store, **options: object) -> str:
    return "".join(job.title for job in listing.listed(store, **options))  # type: ignore[arg-type]


def added(store: Store, *news: NewJob) -> list[int]:
    return [job.id for job in requests.add(store, news, "ada")]


# --- states ---


def test_every_state_has_a_place_and_only_some_ways_lead_on() -> None:
    for kind, ways in NEXT.items():
        assert set(ways) <= LEASED | WAITING | ENDED | {"needs_attention"}
        for before, after in itertools.product(ways, ways):
            if after not in ways[before]:
                with pytest.raises(Refused, match=f"^a {kind} that is "):
                    check(kind, before, after)


def test_a_plot_cannot_be_done_before_the_sheet_is_cleared() -> None:
    with pytest.raises(Refused, match=r"^a plot that is plotting cannot become done; it can become awaiting"):
        check("plot", "plotting", "done")


def test_what_is_done_stays_done() -> None:
    with pytest.raises(Refused, match=r"^a render that is done cannot become queued; it stays so$"):
        check("render", "done", "queued")


# --- order ---


def test_jobs_stand_in_the_order_in_which_they_came_and_by_priority(store: Store, new: Make) -> None:
    added(store, new("a"), new("b"), new("c", priority=5))
    assert titles(store) == "cab"


def test_jobs_are_moved(store: Store, new: Make) -> None:
    a, _, c, d = added(store, new("a"), new("b"), new("c"), new("d"))
    requests.move(store, d, "first", None, "ada")
    assert titles(store) == "dabc"
    requests.move(store, a, "last", None, "ada")
    assert titles(store) == "dbca"
    requests.move(store, c, "before", d, "ada")
    assert titles(store) == "cdba"
    requests.move(store, c, "after", d, "ada")
    assert titles(store) == "dcba"


def test_a_job_that_is_moved_beside_a_more_urgent_one_is_as_urgent(store: Store, new: Make) -> None:
    a, b, _ = added(store, new("a"), new("b"), new("u", priority=9))
    requests.move(store, b, "first", None, "ada")
    assert titles(store) == "bua"
    requests.move(store, a, "before", b, "ada")
    assert titles(store) == "abu"


def test_there_is_always_room_between_two_jobs(store: Store, new: Make) -> None:
    a, b, c = added(store, new("a"), new("b"), new("c"))
    for n in range(45):  # each halves the room between two
        requests.move(store, (b, c)[n % 2], "after", a, "ada")
        assert titles(store) == ("abc", "acb")[n % 2]


def test_a_job_that_is_at_work_is_not_moved(store: Store, new: Make) -> None:
    (a,) = added(store, new("a"))
    leases.claim(store, "render", "w")
    with pytest.raises(Refused, match=r"^job 1 is running; only a job that waits can be moved$"):
        requests.move(store, a, "first", None, "ada")


def test_nothing_is_added_where_one_cannot_be(store: Store, new: Make) -> None:
    with pytest.raises(SQLAlchemyError):
        requests.add(store, [new("a"), new("b", note=None)], "ada")
    assert titles(store, every=True) == ""


def test_a_copy_goes_to_the_end(store: Store, new: Make) -> None:
    a, _ = added(store, new("a", changes=("seed=2",)), new("b"))
    copied = requests.copy(store, a, "ada")
    assert titles(store) == "aba"
    assert copied.changes == ("seed=2",)


# --- holding back, ending ---


def test_a_job_that_is_held_back_is_not_taken_up(store: Store, new: Make) -> None:
    a, b = added(store, new("a"), new("b"))
    requests.pause(store, a, "ada")
    claimed = leases.claim(store, "render", "w")
    assert claimed is not None
    assert claimed.id == b
    assert leases.claim(store, "render", "w") is None
    requests.resume(store, a, "ada")
    claimed = leases.claim(store, "render", "w")
    assert claimed is not None
    assert claimed.id == a


def test_nothing_is_taken_from_a_paused_queue(store: Store, new: Make) -> None:
    added(store, new("a"))
    pausing.pause_queue(store, "render", "ada")
    assert pausing.paused_queues(store) == {"render": "paused by ada"}
    assert leases.claim(store, "render", "w") is None
    pausing.resume_queue(store, "render")
    assert leases.claim(store, "render", "w") is not None


def test_a_job_that_waits_is_cancelled_at_once_and_can_be_tried_again(store: Store, new: Make) -> None:
    (a,) = added(store, new("a"))
    assert requests.cancel(store, a, "ada").state == "cancelled"
    assert titles(store) == ""
    assert requests.retry(store, a, "ada").state == "queued"
    assert titles(store) == "a"


def test_a_job_that_is_at_work_is_only_asked_to_stop(store: Store, new: Make) -> None:
    (a,) = added(store, new("a"))
    leases.claim(store, "render", "w")
    job = requests.cancel(store, a, "ada")
    assert (job.state, job.wanted) == ("running", "cancel")


@pytest.mark.parametrize(
    ("doing", "message"),
    [
        (requests.pause, "job 1 is done and cannot be paused"),
        (requests.resume, "job 1 is done; there is nothing to resume"),
        (requests.cancel, "job 1 is done; there is nothing to cancel"),
        (requests.retry, "job 1 is done; only a job that failed or was cancelled can be tried again"),
    ],
)
def test_what_makes_no_sense_is_refused(
    store: Store, new: Make, doing: Callable[[Store, int, str], object], message: str
) -> None:
    (a,) = added(store, new("a"))
    job = leases.claim(store, "render", "w")
    assert job is not None
    leases.finish(store, a, job.token, "w", {}, lambda: None)
    with pytest.raises(Refused, match=f"^{message}$"):
        doing(store, a, "ada")


def test_a_render_that_is_at_work_cannot_be_paused(store: Store, new: Make) -> None:
    (a,) = added(store, new("a"))
    leases.claim(store, "render", "w")
    with pytest.raises(Refused, match=r"^job 1 is running and cannot be paused; cancel it, and add it again later$"):
        requests.pause(store, a, "ada")


def test_a_job_that_there_is_not(store: Store) -> None:
    with pytest.raises(StudioError, match=r"^there is no job 7; render queue list shows the jobs$"):
        requests.cancel(store, 7, "ada")


# --- history ---


def test_the_history_says_who_and_why_and_outlives_the_job(store: Store, new: Make, clock: object) -> None:
    (a,) = added(store, new("a"))
    requests.cancel(store, a, "bob")
    requests.remove(store, a, "bob")
    assert titles(store, every=True) == ""
    with store.read() as connection:
        events = [(e.what, e.before, e.after, e.who, e.why) for e in records.history(connection, a)]
    assert events == [
        ("render a", "", "queued", "ada", "added"),
        ("render a", "queued", "cancelled", "bob", "cancelled"),
        ("render a", "cancelled", "", "bob", "removed"),
    ]
    (b,) = added(store, new("b"))
    assert b != a, "a number is never given twice"


@pytest.mark.parametrize("statement", ["DELETE FROM events", "UPDATE events SET who = 'nobody'"])
def test_the_database_refuses_to_change_what_has_happened(store: Store, new: Make, statement: str) -> None:
    added(store, new("a"))
    with pytest.raises(SQLAlchemyError, match="events are only ever added"), store.begin() as connection:
        connection.execute(text(statement))


def test_a_job_that_waits_is_not_removed(store: Store, new: Make) -> None:
    (a,) = added(store, new("a"))
    with pytest.raises(Refused, match=r"^job 1 is queued; cancel it first$"):
        requests.remove(store, a, "ada")


def test_the_quick_list_is_that_of_the_store(store: Store, url: str, new: Callable[..., NewJob]) -> None:
    requests.add(store, [new(name, note=f"note of {name}", due="2026-12-01") for name in "abcdef"], "ada")
    requests.add(store, [new("p", "plot", machine="gantry", edition=2, editions=3)], "ada")
    requests.move(store, 4, "first", None, "ada")
    requests.pause(store, 2, "ada")
    requests.cancel(store, 3, "ada")
    pausing.pause_queue(store, "gantry", "ada", "it's being oiled: 50 %")
    claimed = leases.claim(store, "render", "w")
    assert claimed is not None
    leases.heartbeat(store, claimed.id, claimed.token, {"share": 0.5})
    with store.begin() as connection:
        questions.ask(connection, claimed, 1.0, "pen", "which {}?", "", (("done", "this"),), "done")
    for every in (False, True):
        seen = fast_list(url, every=every)
        assert seen == QueueList(
            listing.job_lines(store, every=every), listing.open_questions(store), pausing.paused_queues(store)
        )
        assert len(seen.lines) == 6 + every


def test_where_no_queue_of_this_version_is_there_is_no_quick_list(tmp_path: Path) -> None:
    assert fast_list(str(tmp_path / "none.db"), every=False) is None
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "odd.db").write_bytes(b"not a database")
    assert fast_list(str(tmp_path / "odd.db"), every=False) is None
    assert fast_list("postgresql://nobody@127.0.0.1:1/nowhere", every=False) is None
    store = Store(str(tmp_path / "old.db"))
    with store.begin() as connection:
        connection.exec_driver_sql("UPDATE meta SET value = '1'")
    store.close()
    assert fast_list(str(tmp_path / "old.db"), every=False) is None
