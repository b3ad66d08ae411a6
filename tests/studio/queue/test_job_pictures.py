"""Small pictures in the queue: whose they are, who may put them, when they go."""

import itertools
from collections.abc import Callable

import pytest
from clock import Clock

from renderer.studio.queue import job_pictures, leases, requests
from renderer.studio.queue.adding import NewJob
from renderer.studio.queue.records import Job
from renderer.studio.queue.states import LeaseLost, StudioError
from renderer.studio.queue.store import Store

Make = Callable[..., NewJob]
WEBP = "image/webp"


def claimed(store: Store) -> Job:
    job = leases.claim(store, "render", "w")
    assert job is not None
    return job


def content(store: Store, number: int, name: str) -> bytes | None:
    picture = job_pictures.get(store, number, name)
    return picture.content if picture else None


def test_a_picture_takes_the_place_of_the_one_before(store: Store, new: Make, clock: Clock) -> None:
    requests.add(store, [new("a")], "ada")
    job = claimed(store)
    assert job_pictures.get(store, job.id, "progress") is None
    job_pictures.put(store, job.id, job.token, "progress", WEBP, b"first")
    clock.now += 2
    job_pictures.put(store, job.id, job.token, "progress", WEBP, bytes(range(256)))
    assert job_pictures.get(store, job.id, "progress") == job_pictures.JobPicture(WEBP, clock.now, bytes(range(256)))
    assert job_pictures.get(store, job.id, "preview") is None


def test_who_has_lost_the_lease_puts_no_picture(store: Store, new: Make) -> None:
    requests.add(store, [new("a")], "ada")
    job = claimed(store)
    with pytest.raises(LeaseLost, match=r"^job 1 is no longer leased to this worker \(token 7, the job has 1\)$"):
        job_pictures.put(store, job.id, 7, "progress", WEBP, b"late")
    leases.give_back(store, job.id, job.token, "w")
    with pytest.raises(LeaseLost):
        job_pictures.put(store, job.id, job.token, "progress", WEBP, b"late")
    assert content(store, 1, "progress") is None


@pytest.mark.parametrize(
    ("name", "media", "size", "message"),
    [
        ("progress", WEBP, 1_200_000, r"a picture of 1\.2 MB is too large; a queue keeps at most 1 MB of each"),
        (
            "../x",
            WEBP,
            1,
            r"'\.\./x' of 'image/webp' is not a picture of a job; use progress, preview of image/webp, image/png",
        ),
        (
            "preview",
            "text/html",
            1,
            r"'preview' of 'text/html' is not a picture of a job; use progress, preview of image/webp",
        ),
    ],
)
def test_what_is_no_small_picture_is_refused(
    store: Store, new: Make, name: str, media: str, size: int, message: str
) -> None:
    requests.add(store, [new("a")], "ada")
    job = claimed(store)
    with pytest.raises(StudioError, match=f"^{message}"):
        job_pictures.put(store, job.id, job.token, name, media, b"x" * size)


def test_a_plot_shows_what_its_render_has_made(store: Store, new: Make) -> None:
    plots = [new("a", "plot", edition=n, editions=2) for n in (1, 2)]
    requests.add_all(store, [(new("a"), plots)], "ada")
    job = claimed(store)
    job_pictures.put(store, 1, job.token, "progress", WEBP, b"half way")
    leases.finish(store, 1, job.token, "w", {}, lambda: None, (WEBP, b"whole"))
    assert [content(store, number, "preview") for number in (1, 2, 3)] == [b"whole"] * 3
    assert content(store, 1, "progress") is None, "it is done"


def test_a_plot_that_has_a_picture_shows_its_own_and_so_does_its_copy(store: Store, new: Make) -> None:
    requests.add(store, [new("a", "plot", preview=(WEBP, b"own"))], "ada")
    copy = requests.copy(store, 1, "ada")
    assert content(store, copy.id, "preview") == b"own"


def test_where_publishing_fails_there_is_no_preview(store: Store, new: Make) -> None:
    requests.add(store, [new("a")], "ada")
    job = claimed(store)

    def full() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        leases.finish(store, 1, job.token, "w", {}, full, (WEBP, b"whole"))
    assert content(store, 1, "preview") is None


def test_pictures_go_with_their_job_and_with_the_next_try(store: Store, new: Make) -> None:
    requests.add(store, [new("a"), new("b")], "ada")
    for job in itertools.islice(iter(lambda: claimed(store), None), 2):
        job_pictures.put(store, job.id, job.token, "progress", WEBP, b"seen")
    leases.give_back(store, 1, 1, "w")
    claimed(store)
    assert content(store, 1, "progress") is None
    leases.stop(store, 2, 1, "w", "stopped")
    assert content(store, 2, "progress") == b"seen", "how far it came can still be seen"
    requests.remove(store, 2, "ada")
    assert content(store, 2, "progress") is None
