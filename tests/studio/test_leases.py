"""Jobs are lent with a token: each to one worker, and late words count no more."""

from collections.abc import Callable

import pytest
from clock import Clock

from renderer.studio import leases, queue, records
from renderer.studio.leases import BACK_OFF_S, LEASE_S, LeaseLost
from renderer.studio.queue import New
from renderer.studio.records import Job
from renderer.studio.states import StudioError
from renderer.studio.store import Store

Make = Callable[..., New]


def claimed(store: Store, worker: str = "w") -> Job:
    job = leases.claim(store, "render", worker)
    assert job is not None
    return job


def job(store: Store, number: int = 1) -> Job:
    with store.read() as connection:
        return records.find(connection, number)


def nothing() -> None: ...


def test_a_job_goes_to_one_worker(store: Store, new: Make) -> None:
    queue.add(store, [new("a")], "ada")
    assert claimed(store).worker == "w"
    assert leases.claim(store, "render", "x") is None


def test_a_worker_that_is_alive_keeps_its_job(store: Store, new: Make, clock: Clock) -> None:
    queue.add(store, [new("a")], "ada")
    held = claimed(store)
    for _ in range(5):
        clock.now += LEASE_S - 1
        leases.beat(store, held.id, held.token, {"share": 0.5})
        assert leases.claim(store, "render", "x") is None
    assert job(store).progress == {"share": 0.5}


def test_the_job_of_a_lost_worker_is_taken_up_again_and_its_late_word_is_refused(
    store: Store, new: Make, clock: Clock
) -> None:
    queue.add(store, [new("a")], "ada")
    zombie = claimed(store)
    clock.now += LEASE_S + 1
    assert leases.claim(store, "render", "x") is None, "it rests before it is tried again"
    published: list[str] = []
    with pytest.raises(LeaseLost, match=r"^job 1 is lent to somebody else by now \(token 1, it has 2\)$"):
        leases.finish(store, 1, zombie.token, "w", {}, lambda: published.append("zombie"))
    clock.now += BACK_OFF_S[0]
    second = claimed(store, "x")
    for late in (
        lambda: leases.finish(store, 1, zombie.token, "w", {}, lambda: published.append("zombie")),
        lambda: leases.beat(store, 1, zombie.token),
        lambda: leases.fail(store, 1, zombie.token, "w", "late", again=True),
        lambda: leases.stop(store, 1, zombie.token, "w", "late"),
        lambda: leases.give_back(store, 1, zombie.token, "w"),
    ):
        with pytest.raises(LeaseLost):
            late()
    leases.finish(store, 1, second.token, "x", {"psnr": 20}, lambda: published.append("x"))
    assert published == ["x"]
    assert (job(store).state, job(store).result) == ("done", {"psnr": 20})


def test_a_job_is_tried_four_times_with_longer_and_longer_rests(store: Store, new: Make, clock: Clock) -> None:
    queue.add(store, [new("a")], "ada")
    for wait_s in BACK_OFF_S:
        held = claimed(store)
        leases.fail(store, held.id, held.token, "w", "no memory", again=True)
        clock.now += wait_s - 0.5
        assert leases.claim(store, "render", "w") is None
        clock.now += 1
    held = claimed(store)
    leases.fail(store, held.id, held.token, "w", "no memory", again=True)
    assert (job(store).state, job(store).error) == ("failed", "no memory")
    with store.read() as connection:
        assert records.history(connection)[-1].why == "no memory; tried 4 times"


def test_what_another_try_cannot_mend_is_not_tried_again(store: Store, new: Make) -> None:
    queue.add(store, [new("a")], "ada")
    held = claimed(store)
    leases.fail(store, held.id, held.token, "w", "the spec is wrong", again=False)
    assert job(store).state == "failed"


def test_a_job_that_is_given_back_was_no_try(store: Store, new: Make) -> None:
    queue.add(store, [new("a")], "ada")
    held = claimed(store)
    leases.give_back(store, held.id, held.token, "w")
    assert (job(store).state, job(store).tries) == ("queued", 0)


def test_a_cancelled_job_of_a_lost_worker_is_cancelled(store: Store, new: Make, clock: Clock) -> None:
    queue.add(store, [new("a")], "ada")
    claimed(store)
    queue.cancel(store, 1, "ada")
    clock.now += LEASE_S + 1
    leases.claim(store, "render", "x")
    assert job(store).state == "cancelled"


def test_where_publishing_fails_the_job_is_not_done(store: Store, new: Make) -> None:
    queue.add(store, [new("a")], "ada")
    held = claimed(store)

    def full() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        leases.finish(store, 1, held.token, "w", {}, full)
    assert job(store).state == "running"


def test_a_place_has_one_worker(store: Store, clock: Clock) -> None:
    leases.register(store, "w", "render", "cuda:0 of a")
    with pytest.raises(
        StudioError, match=r"^worker w has cuda:0 of a, and was heard of in the last 30 s; end it first"
    ):
        leases.register(store, "x", "render", "cuda:0 of a")
    leases.register(store, "x", "render", "cuda:1 of a")
    clock.now += LEASE_S + 1
    leases.register(store, "y", "render", "cuda:0 of a")
