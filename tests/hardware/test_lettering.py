"""Letters of single lines: diacritics, letters of their own, and what is left out."""

import unicodedata

import numpy as np
import pytest

from hardware.drawing import Line
from hardware.lettering import can_write, length_of, lettered


def extra(letter: str, base: str) -> list[Line]:
    """The lines of a letter, without those of the letter without its diacritic."""
    plain = lettered(base, 0, 0, 6)
    lines = lettered(letter, 0, 0, 6)
    for one, other in zip(lines, plain, strict=False):
        np.testing.assert_allclose(one, other)
    return lines[len(plain) :]


@pytest.mark.parametrize("letter", "áàâäãåāăéèêëěőóòôõöúùûüůűñńňýÿćčśšźžţșÁÀÂÄÃÅÉÈÊËÖÓÜÚÑČŠŽÇçşęąģ")
def test_a_letter_with_a_diacritic_is_the_letter_and_its_mark(letter: str) -> None:
    base, mark = unicodedata.normalize("NFD", letter)
    points = np.concatenate(extra(letter, base))
    top = 0 if base.isupper() or base == "t" else 2
    if mark in "\u0327\u0328\u0326" and base != "g":
        assert points[:, 1].min() >= 6
        assert points[:, 1].max() <= 8
    else:
        assert top - 2.1 < points[:, 1].min() <= points[:, 1].max() < top
    assert points[:, 0].mean() == pytest.approx(length_of(base, 6) / 2, abs=0.6)
    assert length_of(letter, 6) == length_of(base, 6)


def test_two_diacritics_stand_above_each_other() -> None:
    circumflex, acute = extra("\u1ebf", "e")
    assert acute[:, 1].max() < circumflex[:, 1].min()


def test_an_i_loses_its_dot_and_gets_room() -> None:
    assert [len(line) for line in lettered("i", 0, 0, 6)] == [2, 1]
    assert [len(line) for line in lettered("\u00ed", 0, 0, 6)] == [2, 2]
    first, second = (np.concatenate(lettered("\u00ed", x, 0, 6))[:, 0] for x in (0, length_of("\u00edn", 6) - 3))
    assert first.max() < second.min()


@pytest.mark.parametrize("letter", "ßøæœłđðþħØÆŒŁĐÐÞĦ°")
def test_letters_of_their_own_are_drawn(letter: str) -> None:
    assert can_write(letter)
    points = np.concatenate(lettered(letter, 0, 0, 6))
    assert points[:, 0].min() >= 0
    assert points[:, 0].max() <= length_of(letter, 6) + 1e-9


def test_typographic_signs_are_drawn_as_plain_ones() -> None:
    for shown, plain in (
        ("\u2019", "'"),
        ("\u201c", '"'),
        ("\u2013", "-"),
        ("\u2026", "..."),
        ("\u1e9e", "SS"),
        ("\ufb01", "fi"),
    ):
        for one, other in zip(lettered(shown, 0, 0, 6), lettered(plain, 0, 0, 6), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("letter", ["\u4e2d", "\u0416", "\u03a9", "e\u0489", "\u20ac"])
def test_what_has_no_lines_is_not_written(letter: str) -> None:
    assert not can_write(letter)
