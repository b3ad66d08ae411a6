"""A number and what it counts."""

import pytest

from hardware.job.formatting import amount_text
from hardware.plurals import counted


@pytest.mark.parametrize(("count", "text"), [(0, "0 pens"), (1, "1 pen"), (2, "2 pens")])
def test_one_is_not_a_plural(count: int, text: str) -> None:
    assert counted(count, "pen") == text


def test_an_amount_of_strokes_is_counted() -> None:
    assert amount_text(1, 2000) == "1 stroke, 2.00 m"
    assert amount_text(3, 1) == "3 strokes"
