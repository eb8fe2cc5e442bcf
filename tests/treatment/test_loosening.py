"""What differs between two strategies, and which of it loosens a rule."""

from __future__ import annotations

import pytest

from forbear.basics.errors import UnreadableFile
from forbear.treatment.loosening import differences, loosened
from forbear.treatment.strategy import line_of, read_strategy, read_strategy_text, shipped_text


def strategy(more: str = "", base: str = "sample"):
    return read_strategy_text(f'extends = "{base}"\nname = "x"\nversion = "1"\n{more}', "x").strategy


def test_names_are_no_difference_and_a_key_that_is_gone_is_one():
    base = read_strategy("sample").strategy
    assert differences(base, strategy()) == []
    assert differences(base, strategy("ahead_days = 4\n")) == [("ahead_days", 3, 4)]
    without = strategy(base="careful")
    assert ("vouched.sms.identified", "true", None) in differences(base, without)
    assert ("peace_share", None, "0.05") in differences(None, base)


@pytest.mark.parametrize(
    ("more", "keys"),
    [
        ('peace_share = "0.04"\n', ["peace_share"]),
        ('peace_share = "0.06"\n', []),
        ('peace_above = "0.9"\n', ["peace_above"]),
        ('ahead_least = "0.1"\nburden_price = "0"\n', ["burden_price", "ahead_least"]),
        ("[capacities]\nvisit_slots = 1\nagent_minutes = 99999\n", ["capacities.visit_slots"]),
        ("[capacities]\nsms_quota = 0\n", []),
        ('[vouched.sms]\nidentified = "false"\n', ["vouched.sms.identified"]),
        ("[assume]\nhas_plan = true\n", ["assume.has_plan"]),
        ("dispatch = true\n", ["dispatch"]),
    ],
)
def test_what_reaches_more_people_or_guards_less_loosens(more, keys):
    assert loosened(strategy(), strategy(more)) == keys
    assert loosened(strategy(more), strategy(more)) == []


def test_fewer_packs_and_the_first_strategy_of_all_loosen():
    assert loosened(strategy('packs = ["cn", "cn-lender"]\n'), strategy('packs = ["cn"]\n')) == ["packs"]
    assert loosened(None, strategy()) == ["first"]


def test_a_key_is_found_where_it_stands():
    text = 'a = 1\n[capacities]\n# sms_quota = 3\nsms_quota = 2\n[vouched.call]\nrecorded = "x"\n'
    assert line_of(text, ("capacities", "sms_quota")) == 4
    assert line_of(text, ("capacities", "letters")) == 2
    assert line_of(text, ("vouched", "call", "recorded")) == 6
    assert line_of(text, ("peace_share",)) is None


def test_a_shipped_text_reads_as_the_strategy_of_that_name():
    assert read_strategy_text(shipped_text("sample"), "x").sha256 == read_strategy("sample").sha256
    with pytest.raises(UnreadableFile, match="no shipped strategy"):
        shipped_text("../secrets")
