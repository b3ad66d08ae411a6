"""A job's title, note, due date and priority are changed; the history keeps what they were."""

from collections.abc import Callable

import pytest

from renderer.studio.queue import leases, listing, records, requests
from renderer.studio.queue.adding import NewJob
from renderer.studio.queue.states import Refused, StudioError
from renderer.studio.queue.store import Store

Make = Callable[..., NewJob]


def last(store: Store) -> str:
    with store.read() as connection:
        return records.history(connection)[-1].why


def test_what_is_given_is_changed_and_the_rest_stays(store: Store, new: Make) -> None:
    requests.add(store, [new("a", note="old", due="2026-12-01")], "ada")
    job = requests.edit(store, 1, "bob", title="  A new one ", priority=5)
    assert (job.title, job.note, job.due, job.priority) == ("A new one", "old", "2026-12-01", 5)
    assert last(store) == "changed: title from 'a' to 'A new one', priority from 0 to 5"
    job = requests.edit(store, 1, "bob", due="", note="new")
    assert (job.note, job.due) == ("new", "")
    assert last(store) == "changed: note from 'old' to 'new', due from 2026-12-01 to nothing"
    with store.read() as connection:
        assert records.history(connection)[-1].who == "bob"


def test_a_job_of_higher_priority_is_taken_first(store: Store, new: Make) -> None:
    requests.add(store, [new("a"), new("b")], "ada")
    requests.edit(store, 2, "ada", priority=1)
    claimed = leases.claim(store, "render", "w")
    assert claimed is not None
    assert claimed.title == "b"


def test_what_is_as_it_was_is_no_news(store: Store, new: Make) -> None:
    requests.add(store, [new("a", due="2026-12-01")], "ada")
    requests.edit(store, 1, "ada", title="a", due="2026-12-01", priority=0)
    assert last(store) == "added"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"title": " "}, "title: a job needs one; give a text that is not empty"),
        ({"due": "tomorrow"}, "due: 'tomorrow' is not a date; write it as in 2026-12-01"),
        ({"due": "2026-02-30"}, "due: '2026-02-30' is not a date; write it as in 2026-12-01"),
        ({"due": "20261201"}, "due: '20261201' is not a date; write it as in 2026-12-01"),
        ({"colour": "red"}, "colour: a job has no such field; it has title, note, due, .*"),
        ({"priority": 101}, "priority: 101 is not a whole number from -100 to 100"),
    ],
)
def test_a_wrong_value_changes_nothing(store: Store, new: Make, given: dict[str, object], message: str) -> None:
    requests.add(store, [new("a")], "ada")
    with pytest.raises(StudioError, match=f"^{message}$"):
        requests.edit(store, 1, "ada", note="other", **given)  # type: ignore[arg-type]
    assert listing.listed(store)[0].note == ""


def test_a_job_that_has_ended_keeps_its_priority_alone(store: Store, new: Make) -> None:
    requests.add(store, [new("a")], "ada")
    requests.cancel(store, 1, "ada")
    assert requests.edit(store, 1, "ada", note="sold to Ada").note == "sold to Ada"
    with pytest.raises(Refused, match=r"^job 1 is cancelled; its priority no longer matters$"):
        requests.edit(store, 1, "ada", priority=3)
