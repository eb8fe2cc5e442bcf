"""Loan identities in what payers write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forbear.desk.money.matching import Facts, ranked
from forbear.desk.money.references import named, spoken

KNOWN = {"ln0012", "ln001", "20260001", "ln00121"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("loan LN0012", ["ln0012"]),
        ("还款LN-00 12张三", ["ln0012"]),
        ("ＬＮ００１２ 二月", ["ln0012"]),
        ("ln_0012/ln001", ["ln0012", "ln001"]),
        ("LN 001 21", ["ln00121"]),
        ("XLN0012", []),
        ("LN00123", []),
        ("2026-00-01", ["20260001"]),
        ("12026-0001", []),
        ("LN | 0012", []),
        ("", []),
    ],
)
def test_an_identity_is_found_however_it_is_written_and_never_within_another(text, found):
    assert sorted(one.bare for one in named(spoken(text), KNOWN)) == sorted(found)


@given(st.text(max_size=300))
def test_any_text_is_read_in_bounds(text):
    assert len(spoken(text)) <= 8 * 200


def test_any_way_of_writing_one_identity_finds_it():
    @given(
        cuts=st.lists(st.integers(1, 5), unique=True, max_size=3),
        sign=st.sampled_from([" ", "-", "－", "_", ".", " - "]),
        wide=st.booleans(),
    )
    def held(cuts, sign, wide):
        word = "LN0012"
        for cut in sorted(cuts, reverse=True):
            word = word[:cut] + sign + word[cut:]
        if wide:
            word = "".join(chr(ord(c) + 0xFEE0) if c.isalnum() and c.isascii() else c for c in word)
        assert [one.bare for one in named(spoken(f"付 {word} 谢谢"), KNOWN)] == ["ln0012"]

    held()


@pytest.mark.parametrize(
    ("facts", "sure"),
    [
        ([Facts("A", "B1", named="ln0012")], "A"),
        ([Facts("A", "B1", named="l1")], None),
        ([Facts("A", "B1", named="l1", scheduled=True)], "A"),
        ([Facts("A", "B1", named="1234567")], None),
        ([Facts("A", "B1", named="1234567", payer=frozenset(["name"]))], "A"),
        ([Facts("A", "B1", named="ln0012"), Facts("B", "B2", named="ln0013")], None),
        ([Facts("A", "B1", named="ln0012", against=frozenset(["other_payer"]))], None),
        ([Facts("A", "B1", named="ln0012"), Facts("B", "B1", payer=frozenset(["name"]), one_payer=True)], "A"),
        ([Facts("A", "B1", payer=frozenset(["name"]), one_payer=True, only_loan=True, scheduled=True)], "A"),
        (
            [Facts("A", "B1", payer=frozenset(["name"]), one_payer=True, only_loan=True, due=True, payoff=True)],
            None,
        ),
        ([Facts("A", "B1", payer=frozenset(["name"]), one_payer=False, only_loan=True, scheduled=True)], None),
        ([Facts("A", "B1", seen_account=True, due=True, scheduled=True)], None),
        ([], None),
    ],
)
def test_only_one_loan_with_enough_for_it_and_nothing_against_it_is_sure(facts, sure):
    made = ranked(facts)
    assert next((one.loan_id for one in made if one.sure), None) == sure
    assert [one.score for one in made[1:]] == sorted((one.score for one in made[1:]), reverse=True)
