"""The states of jobs, which state may follow which, and the errors of the queue. States and requests are kept apart.

A job has a `state` that it has reached, and a `wanted`: a request of a person that is not carried out yet. If no worker
has the job, a request is carried out at once; otherwise the worker that has the job does so.
"""

from typing import Literal

Kind = Literal["render", "plot"]

NEXT: dict[str, dict[str, frozenset[str]]] = {
    "render": {
        "queued": frozenset({"running", "cancelled"}),
        "running": frozenset({"queued", "done", "failed", "cancelled"}),
        "done": frozenset(),
        "failed": frozenset({"queued"}),
        "cancelled": frozenset({"queued"}),
    },
    "plot": {
        "draft": frozenset({"queued", "cancelled"}),
        "queued": frozenset({"claimed", "cancelled"}),
        "claimed": frozenset({"awaiting_operator", "plotting", "failed", "needs_attention", "cancelled"}),
        "awaiting_operator": frozenset({"plotting", "paused", "finishing", "done", "needs_attention", "cancelled"}),
        "plotting": frozenset({"awaiting_operator", "pausing", "paused", "finishing", "needs_attention"}),
        "pausing": frozenset({"plotting", "paused", "awaiting_operator", "finishing", "needs_attention"}),
        "paused": frozenset({"plotting", "awaiting_operator", "finishing", "needs_attention"}),
        "finishing": frozenset({"awaiting_operator", "needs_attention"}),
        "needs_attention": frozenset({"queued", "done", "cancelled"}),
        "done": frozenset(),
        "failed": frozenset({"draft"}),
        "cancelled": frozenset({"draft"}),
    },
}
ENDED = frozenset({"done", "failed", "cancelled"})
LEASED = frozenset(
    {"running", "claimed", "awaiting_operator", "plotting", "pausing", "paused", "finishing"}
)  # to a worker
GOES_ON = ("stroke", "pass")  # how a plot goes on whose half-drawn sheet is on the bed
WAITING = frozenset({"draft", "queued"})


class StudioError(Exception):
    """Something that the queue cannot do; the message says why, and what would work."""


class Refused(StudioError):
    """A request that the state of a job does not allow. HTTP status 409."""


class LeaseLost(StudioError):
    """A change by a worker to a job that is not, or no longer, leased to it."""


def may_follow(kind: str, before: str, after: str) -> bool:
    return after in NEXT[kind].get(before, frozenset())


def check(kind: str, before: str, after: str) -> None:
    """Raise Refused if a job of this kind cannot go from the first state to the second."""
    if not may_follow(kind, before, after):
        ways = ", ".join(map(state_text, sorted(NEXT[kind].get(before, ()))))
        rest = f"it can become {ways}" if ways else "it stays so"
        raise Refused(f"a {kind} that is {state_text(before)} cannot become {state_text(after)}; {rest}")


def state_text(state: str) -> str:
    """`needs_attention` as people write it."""
    return state.replace("_", " ")
