import pytest
import torch

from renderer.strokes import Strokes


def strokes(count: int = 5) -> Strokes:
    numbers = torch.arange(count).float()
    return Strokes(numbers[:, None, None].expand(-1, 2, 2), numbers + 1, numbers[:, None].expand(-1, 3))


def test_strokes_of_unlike_counts_are_refused() -> None:
    for wrong in (
        (torch.zeros(4, 2, 2), torch.zeros(3), torch.zeros(4, 3)),
        (torch.zeros(4, 2, 2), torch.zeros(4), torch.zeros(3, 3)),
        (torch.zeros(4, 2), torch.zeros(4), torch.zeros(4, 3)),
        (torch.zeros(4, 2, 3), torch.zeros(4), torch.zeros(4, 3)),
    ):
        with pytest.raises(AssertionError):
            Strokes(*wrong)


def test_some_of_the_strokes_can_be_taken() -> None:
    some = strokes()[torch.tensor([3, 1])]
    assert len(some) == 2
    assert some.width_mm.tolist() == [4, 2]
    assert some.knots[:, 0, 0].tolist() == [3, 1]
    assert some.inks[:, 0].tolist() == [3, 1]


def test_exchanged_strokes_leave_the_others_and_the_first_ones_as_they_were() -> None:
    before = strokes()
    after = before.replaced(torch.tensor([4, 0]), strokes()[torch.tensor([1, 2])])
    assert after.width_mm.tolist() == [3, 2, 3, 4, 2]
    assert after.knots[:, 1, 1].tolist() == [2, 1, 2, 3, 1]
    assert before.width_mm.tolist() == [1, 2, 3, 4, 5]


def test_strokes_can_be_joined() -> None:
    both = strokes(2).joined(strokes(3).with_gradient(True))
    assert both.width_mm.tolist() == [1, 2, 1, 2, 3]
    assert len(both) == 5
    assert not both.knots.requires_grad


@pytest.mark.parametrize("widths", [True, False])
def test_leaves_are_copies_and_have_a_gradient_where_they_are_fitted(widths: bool) -> None:
    before = strokes()
    leaves = before.with_gradient(widths)
    assert (leaves.knots.requires_grad, leaves.inks.requires_grad, leaves.width_mm.requires_grad) == (
        True,
        True,
        widths,
    )
    with torch.no_grad():
        leaves.knots.add_(1)
    assert before.knots[0, 0, 0] == 0
    assert not leaves.detached().knots.requires_grad
