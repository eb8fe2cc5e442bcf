"""Money keeps every minor unit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.basics.money import minor_digits, shown, to_major, to_minor


@pytest.mark.parametrize(("currency", "digits"), [("CNY", 2), ("JPY", 0), ("KWD", 3), ("cny", 2)])
def test_minor_digits_come_from_cldr(currency, digits):
    assert minor_digits(currency) == digits


@given(st.integers(-(10**15), 10**15), st.sampled_from(["CNY", "JPY", "KWD"]))
def test_there_and_back_is_the_same(minor, currency):
    assert to_minor(to_major(minor, currency), currency) == minor


@pytest.mark.parametrize("bad", ["1.005", "abc", "NaN", "Infinity", ""])
def test_what_is_not_whole_minor_units_is_refused(bad):
    with pytest.raises(WrongUse):
        to_minor(bad, "CNY")


def test_unknown_currency_is_refused():
    with pytest.raises(WrongUse):
        minor_digits("XYZW")


def test_shown_in_both_languages():
    assert shown(123456, "CNY", "zh") == "¥1,234.56"
    assert to_major(12, "CNY") == Decimal("0.12")
