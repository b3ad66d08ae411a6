"""Jobs are lent with a token: each to one worker, and late words count no more."""

from collections.abc import Callable

import pytest
from clock import Clock

from renderer.studio.queue import leases, records, requests, workers
from renderer.studio.queue.adding import NewJob
from renderer.studio.queue.leases import BACK_OFF_S, LEASE_S
from renderer.studio.queue.records import Job
from renderer.studio.queue.states import LeaseLost, StudioError
from renderer.studio.queue.store import Store

Make = Callable[..., NewJob]


def claimed(store: Store, worker: str = "w") -> Job:
    job = leases.claim(store, "render", worker)
    assert job is not None
    return job


def job(store: Store, number: int = 1) -> Job:
    with store.read() as connection:
        return records.find(connection, number)


def nothing() -> None: ...


def test_a_job_goes_to_one_worker(store: Store, new: Make) -> None:
    requests.add(store, [new("a")], "ada")
    assert claimed(store).worker == "w"
    assert leases.claim(store, "render", "x") is None


def test_a_worker_that_is_alive_keeps_its_job(store: Store, new: Make, clock: Clock) -> None:
    requests.add(store, [new("a")], "ada")
    held = claimed(store)
    for _ in range(5):
        clock.now += LEASE_S - 1
        leases.heartbeat(store, held.id, held.token, {"share": 0.5})
        assert leases.claim(store, "render", "x") is None
    assert job(store).progress == {"share": 0.5}


def test_the_job_of_a_lost_worker_is_taken_up_again_and_its_late_word_is_refused(
    store: Store, new: Make, clock: Clock
) -> None:
    requests.add(store, [new("a")], "ada")
    zombie = claimed(store)
    clock.now += LEASE_S + 1
    assert leases.claim(store, "render", "x") is None, "it rests before it is tried again"
    published: list[str] = []
    with pytest.raises(LeaseLost, match=r"^job 1 is no longer leased to this worker \(token 1, the job has 2\)$"):
        leases.finish(store, 1, zombie.token, "w", {}, lambda: published.append("zombie"))
    clock.now += BACK_OFF_S[0]
    second = claimed(store, "x")
    for late in (
        lambda: leases.finish(store, 1, zombie.token, "w", {}, lambda: published.append("zombie")),
        lambda: leases.heartbeat(store, 1, zombie.token),
        lambda: leases.fail(store, 1, zombie.token, "w", "late", can_retry=True),
        lambda: leases.stop(store, 1, zombie.token, "w", "late"),
        lambda: leases.give_back(store, 1, zombie.token, "w"),
    ):
        with pytest.raises(LeaseLost):
            late()
    leases.finish(store, 1, second.token, "x", {"psnr": 20}, lambda: published.append("x"))
    assert published == ["x"]
    assert (job(store).state, job(store).result) == ("done", {"psnr": 20})


def test_a_job_is_tried_four_times_with_longer_and_longer_rests(store: Store, new: Make, clock: Clock) -> None:
    requests.add(store, [new("a")], "ada")
    for wait_s in BACK_OFF_S:
        held = claimed(store)
        leases.fail(store, held.id, held.token, "w", "no memory", can_retry=True)
        clock.now += wait_s - 0.5
        assert leases.claim(store, "render", "w") is None
        clock.now += 1
    held = claimed(store)
    leases.fail(store, held.id, held.token, "w", "no memory", can_retry=True)
    assert (job(store).state, job(store).error) == ("failed", "no memory")
    with store.read() as connection:
        assert records.history(connection)[-1].why == "no memory; tried 4 times"


def test_a_bug_that_comes_twice_in_a_row_is_not_tried_again(store: Store, new: Make, clock: Clock) -> None:
    requests.add(store, [new("a")], "ada")
    for _ in range(2):
        held = claimed(store)
        leases.fail(store, held.id, held.token, "w", "KeyError: 'x'", can_retry=True, is_bug=True)
        clock.now += BACK_OFF_S[-1]
    assert (job(store).state, job(store).tries, job(store).error) == ("failed", 2, "KeyError: 'x'")
    with store.read() as connection:
        assert records.history(connection)[-1].why == "KeyError: 'x'; the same twice in a row"
    assert requests.retry(store, 1, "ada").fault == ""


@pytest.mark.parametrize("between", ["another bug", "killed", "lost", "no bug"])
def test_a_bug_is_the_same_only_twice_in_a_row(store: Store, new: Make, clock: Clock, between: str) -> None:
    requests.add(store, [new("a")], "ada")
    for what in ("the bug", between, "the bug"):
        held = claimed(store)
        match what:
            case "lost":
                clock.now += LEASE_S + 1
                leases.claim(store, "render", "x")
            case "no bug":  # the web, say, may be there later
                leases.fail(store, held.id, held.token, "w", "the bug", can_retry=True)
            case "killed":
                leases.fail(store, held.id, held.token, "w", "was killed by signal 9", can_retry=True)
            case _:
                leases.fail(store, held.id, held.token, "w", what, can_retry=True, is_bug=True)
        clock.now += BACK_OFF_S[-1]
    assert (job(store).state, job(store).tries) == ("queued", 3)


def test_what_another_try_cannot_mend_is_not_tried_again(store: Store, new: Make) -> None:
    requests.add(store, [new("a")], "ada")
    held = claimed(store)
    leases.fail(store, held.id, held.token, "w", "the spec is wrong", can_retry=False)
    assert job(store).state == "failed"


def test_a_job_that_is_given_back_was_no_try(store: Store, new: Make) -> None:
    requests.add(store, [new("a")], "ada")
    held = claimed(store)
    leases.give_back(store, held.id, held.token, "w")
    assert (job(store).state, job(store).tries) == ("queued", 0)


def test_a_cancelled_job_of_a_lost_worker_is_cancelled(store: Store, new: Make, clock: Clock) -> None:
    requests.add(store, [new("a")], "ada")
    claimed(store)
    requests.cancel(store, 1, "ada")
    clock.now += LEASE_S + 1
    leases.claim(store, "render", "x")
    assert job(store).state == "cancelled"


def test_where_publishing_fails_the_job_is_not_done(store: Store, new: Make) -> None:
    requests.add(store, [new("a")], "ada")
    held = claimed(store)

    def full() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        leases.finish(store, 1, held.token, "w", {}, full)
    assert job(store).state == "running"


def test_a_place_has_one_worker(store: Store, clock: Clock) -> None:
    workers.register(store, "w", "render", "cuda:0 of a")
    with pytest.raises(StudioError, match=r"^worker w has cuda:0 of a, and reported in the last 30 s; end it first"):
        workers.register(store, "x", "render", "cuda:0 of a")
    workers.register(store, "x", "render", "cuda:1 of a")
    clock.now += LEASE_S + 1
    workers.register(store, "y", "render", "cuda:0 of a")


def test_a_plot_of_a_sheet_gets_the_folder_and_the_pens_of_its_sheet(store: Store, new: Make) -> None:
    pen = {"pen": {"name": "black", "nib_mm": 0.5, "colour": "#000000"}, "strokes": 3, "metres": 1, "minutes": 2}
    sheet = {"folder": "sheets/r1-c2", "drawing": "d2", "passes": [pen], "plotting": {"minutes": 2}}
    plots = [new("a-r1-c2", kind="plot"), new("a-other", kind="plot")]
    requests.add_all(store, [(new("a"), plots)], "ada")
    held = claimed(store)
    result = {"folder": "/out/a", "drawing": "d", "passes": [], "plotting": None, "sheets": {"a-r1-c2": sheet}}
    leases.finish(store, held.id, held.token, "w", result, nothing)
    assert job(store, 2).source == "/out/a/sheets/r1-c2"
    assert job(store, 2).result["drawing"] == "d2"
    assert job(store, 2).result["pens"][0]["strokes"] == 3
    assert job(store, 3).source == "/out/a"
