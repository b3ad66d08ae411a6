"""The peers of the styles benchmark: what they draw, and at which length."""

import numpy as np
import pytest

from benchmarks.peers import OF_MARK, PEERS, Grey, Line, at_length


def ramp() -> Grey:  # [90, 120]
    """Black on the left, white on the right."""
    return np.tile(np.linspace(0, 1, 120), (90, 1))


def length(lines: list[Line]) -> float:
    return sum(float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in lines)


@pytest.mark.parametrize("name", [name for name in PEERS if name not in {"isolines", "ripples"}])
def test_a_peer_draws_more_where_the_picture_is_darker(name: str) -> None:
    lines = PEERS[name](ramp(), 5.0)
    pieces = [(line[1:] + line[:-1]) / 2 for line in lines]
    long = [np.hypot(*np.diff(line, axis=0).T) for line in lines]
    x, each = np.concatenate(pieces)[:, 0], np.concatenate(long)
    assert each[x < 40].sum() > 1.3 * each[x > 80].sum()


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_draws_as_much_as_it_is_asked_to(name: str) -> None:
    lines = at_length(PEERS[name], ramp(), 3000.0)
    assert length(lines) == pytest.approx(3000, rel=0.25)
    assert all(len(line) > 1 for line in lines if name != "stipple_tour")


def test_every_peer_of_a_mark_is_known() -> None:
    assert {name for names in OF_MARK.values() for name in names} <= PEERS.keys() | {"hatched"}
