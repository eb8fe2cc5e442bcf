"""Words under a negation and families of words, as pieces of a message."""

from __future__ import annotations

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forbear.conduct.language.families import families, related
from forbear.conduct.language.forms import flow
from forbear.conduct.language.hints import laid_out
from forbear.conduct.language.negation import denied_characters


def names(text: str, language: str) -> set[str]:
    """The names of all pieces of a text."""
    return {name for name, _, _ in laid_out(text, language)}


def test_a_word_counts_again_under_a_negation_up_to_the_next_mark() -> None:
    found = names("we will never call your boss, we call you", "en")
    assert {"¬call", "¬your", "¬boss"} <= found
    assert "¬we" not in found
    assert "¬you" not in found
    assert not any(name.startswith("¬") for name in names("we will call your boss", "en"))


def test_a_negation_reaches_a_few_words_only() -> None:
    found = names("no one two three four five six seven eight nine ten", "en")
    assert "¬eight" in found
    assert "¬nine" not in found


def test_chinese_characters_count_again_under_a_negation() -> None:
    found = {name for name, _, _ in denied_characters("我们不会告诉您家人，请放心")}
    assert {"¬告", "¬告诉", "¬家人"} <= found
    assert "¬我" not in found
    assert "¬放" not in found


@pytest.mark.parametrize(
    ("language", "one", "other", "shared"),
    [
        ("zh", "把戒指变卖", "将首饰出售", "§goods>sell"),
        ("zh", "告诉你妈", "转告您父母", "§tell>parent"),
        ("en", "we told your mum", "we have informed his father", "§tell>parent"),
        ("en", "sell the ring", "selling that old bike", "§sell>goods"),
    ],
)
def test_a_family_lets_a_word_stand_for_another(language: str, one: str, other: str, shared: str) -> None:
    assert shared in names(one, language) & names(other, language)


def test_of_chinese_words_that_overlap_the_first_and_longest_counts() -> None:
    words = [(start, end) for name, start, end in related("老人家", "zh") if ">" not in name]
    assert words == [(0, 3)]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_words_of_families_are_written_as_the_flow_shows_them(language: str) -> None:
    assert all(flow(word).text == word for word in families(language))
    source = files("forbear.conduct.language").joinpath(f"data/families.{language}.txt").read_text("utf-8")
    led = [line.split()[0] for line in source.splitlines() if not line.startswith("#")]
    assert len(led) > 50


@given(st.text(max_size=80), st.sampled_from(["en", "zh"]))
def test_each_piece_stands_within_the_text(text: str, language: str) -> None:
    shown = flow(text).text
    assert all(0 <= start < end <= len(shown) for _, start, end in laid_out(shown, language))
