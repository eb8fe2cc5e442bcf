"""Groups of words of like meaning: the longest match counts, and the data are written as flows are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forbear.conduct.language.forms import flow
from forbear.conduct.replies.groups import _group_of, grouped, steps


def test_the_longest_phrase_counts():
    assert steps("my mother in law passed away", "en")[1:] == ["KIN", "DIE"]
    assert steps("我老伴儿去世了", "zh") == ["ME", "KIN", "DIE", "了"]


def test_a_number_is_a_number_and_what_is_in_no_group_stays_as_it_is():
    assert steps("zebra 42", "en") == ["zebra", "#"]


def test_two_groups_anywhere_in_a_message_make_a_piece():
    assert "G:DIE&KIN" in set(grouped("her uncle, so we were told at the door, drowned", "en"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_words_are_written_as_messages_are_read(language):
    """A word that folding changes would never be met."""
    known, longest = _group_of(language)
    assert longest <= 8
    off = [word for word in known if steps(flow(word).text, language) != [known[word]]]
    assert not off, off[:20]


@given(st.text(max_size=40), st.sampled_from(["zh", "en"]))
def test_any_text_has_pieces(text, language):
    assert all(piece.startswith("G:") for piece in grouped(flow(text).text, language))
