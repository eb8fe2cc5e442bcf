"""Figures as people read them; what is no figure is shown as it stands."""

from __future__ import annotations

from decimal import Decimal

import pytest

from forbear.report.figures import compact, count, money, percentage, rate, shade


@pytest.mark.parametrize(
    ("value", "currency", "language", "shown"),
    [
        ("9999.99", "CNY", "zh", "¥9,999.99"),
        ("10000.00", "CNY", "zh", "¥1.00万"),
        ("141569935.35", "CNY", "zh", "¥1.42亿"),
        ("99999999.00", "CNY", "zh", "¥10,000万"),
        ("141569935.35", "CNY", "en", "¥141.57m"),
        ("999.00", "USD", "en", "$999.00"),
        ("1234567890123", "USD", "en", "$1,235bn"),
        ("-5849999.00", "CNY", "en", "¥-5.85m"),
        ("10835000.00", "NGN", "zh", "NGN\N{NO-BREAK SPACE}1,084万"),
        ("9203355", "UGX", "en", "UGX\N{NO-BREAK SPACE}9.20m"),
        (None, "CNY", "zh", "–"),
        ("soon", "CNY", "zh", "soon"),
    ],
)
def test_large_amounts_in_few_characters(value, currency, language, shown):
    assert compact(value, currency, language) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [("0.063425", "6.34%"), ("0.063415", "6.34%"), ("1", "100.00%"), ("0", "0.00%"), (None, "–"), ("NaN", "NaN")],
)
def test_rates_round_half_to_even(value, shown):
    assert rate(value) == shown


def test_a_large_figure_keeps_all_its_digits():
    assert rate(10**25 + 1, 1) == "1,000,000,000,000,000,000,000,000,100.0%"
    assert count(10**40 + 1) == f"{10**40 + 1:,}"
    assert compact(10**40, "CNY", "en") == f"¥{10**31:,}bn"


@pytest.mark.parametrize("value", ["1E+999999", "1E-999999", 10**60])
def test_what_is_too_large_for_a_figure_is_shown_as_it_stands(value):
    assert rate(value) == count(value) == compact(value, "CNY", "en") == str(value)


def test_amounts_and_counts_lose_no_digit():
    assert money("90071992547409930.07") == "90,071,992,547,409,930.07"
    assert money("0.10") == "0.10"
    assert count(1234567) == "1,234,567"
    assert count(True) == "True"


def test_for_drawing_a_missing_rate_stays_missing():
    assert percentage(None) is None
    assert percentage("0.5") == 50.0


def test_shades_grow_with_the_rate():
    steps = [shade(str(part), most=Decimal(1)) for part in (0, 0.001, 0.3, 0.6, 1, 5)]
    assert steps == sorted(steps)
    assert steps[0] == 0
    assert steps[-1] == 6
    assert shade("0.5", most=Decimal(0)) == 0
