"""Where a job stands, what may come next, and what people may ask for. Reached states and requests are kept apart.

A job has a `state` that it has reached, and a `wanted` that a person has asked for and nobody has carried out yet.
Where no worker holds the job, a request is carried out at once; otherwise the worker that holds it does so.
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
)  # by a worker
WAITING = frozenset({"draft", "queued"})


class StudioError(Exception):
    """What the queue cannot do; the message says why and what would do."""


class Refused(StudioError):
    """A request that makes no sense where the job stands. 409 in the language of the web."""


class LeaseLost(StudioError):
    """A worker that writes of a job which is not, or no longer, its own."""


def may_follow(kind: str, before: str, after: str) -> bool:
    return after in NEXT[kind].get(before, frozenset())


def check(kind: str, before: str, after: str) -> None:
    """Refused where a job of this kind cannot go from one state to the other."""
    if not may_follow(kind, before, after):
        ways = ", ".join(sorted(NEXT[kind].get(before, ()))) or "nothing"
        reached, refused = state_text(before), state_text(after)
        raise Refused(f"a {kind} that is {reached} cannot become {refused}; what may follow is {state_text(ways)}")


def state_text(state: str) -> str:
    """`needs_attention` as people write it."""
    return state.replace("_", " ")
