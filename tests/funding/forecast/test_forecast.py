"""The forecast: nothing of the future in it, sums that hold, intervals that hold what they say where the world
is steady."""

from datetime import date, timedelta

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.book import open_book
from forbear.funding.forecast import Every, book_history, forecast, naive_forecast, past_forecasts
from forbear.funding.forecast.history import History
from forbear.funding.forecast.intervals import needed, widths
from forbear.funding.periods import period_end, period_ends
from tests.funding.conftest import AS_OF

EARLIER = date(2025, 9, 30)


def test_every_part_of_every_installment_is_there_once(book):
    history = book_history(book, AS_OF)
    ask = book.connection.execute
    owed = ask(
        """SELECT sum(i.principal_due + i.interest_due + i.fees_due) FROM book.installments AS i
        JOIN book.loans AS l USING (loan_id) WHERE l.disbursed_on <= $1""",
        [AS_OF],
    ).fetchall()[0][0]
    paid = ask("SELECT sum(amount) FROM book.payments WHERE paid_on <= $1", [AS_OF]).fetchall()[0][0]
    undone = ask(
        "SELECT coalesce(sum(amount), 0) FROM book.payments WHERE payment_id IN (SELECT payment_id FROM funding.undone)"
    ).fetchall()[0][0]
    parts = ask(
        """SELECT sum(amount) FILTER (WHERE NOT is_extra), sum(amount) FILTER (WHERE paid_on IS NOT NULL),
        sum(principal), min(amount) FROM funding.chunks"""
    ).fetchall()[0]
    principal = ask("SELECT sum(principal) FROM book.loans WHERE disbursed_on <= $1", [AS_OF]).fetchall()[0][0]
    assert parts[:3] == (owed, paid - undone, principal)
    assert parts[3] > 0
    assert history.exposure[-1].sum() == owed - (paid - undone) + _extra(ask)


def _extra(ask):
    return ask("SELECT coalesce(sum(amount), 0) FROM funding.chunks WHERE is_extra").fetchall()[0][0]


def test_a_forecast_made_earlier_is_the_one_made_of_the_book_as_it_was(folder):
    """Later payments are in the one book and not in the other; what is told at the earlier date must not differ."""
    with duckdb.connect() as connection:
        later = book_history(open_book(folder, connection), AS_OF)
        place = len(later.origins) - 1 - 4
        hindsight = forecast(later, origin=place)
    with duckdb.connect() as connection:
        then = forecast(book_history(open_book(folder, connection), EARLIER))
    assert hindsight.as_of == then.as_of == EARLIER
    assert hindsight.owed == then.owed
    for a, b in zip(hindsight.periods, then.periods, strict=True):
        assert (a.procedure, a.half_life, a.calibrated_on) == (b.procedure, b.half_life, b.calibrated_on)
        assert a.expected == pytest.approx(b.expected, rel=1e-6)
        assert (a.low, a.high, a.naive) == pytest.approx((b.low, b.high, b.naive), rel=1e-6)


def test_what_is_told_is_orderly(told):
    periods = told[0]["forecast"]["periods"]
    total = 0.0
    for p in periods:
        assert 0 <= float(p["low"]) <= float(p["expected"]) <= float(p["high"])
        assert float(p["total_low"]) <= float(p["total"]) <= float(p["total_high"])
        total += float(p["expected"])
        assert float(p["total"]) == pytest.approx(total, abs=0.1)
    assert periods[0]["ends_on"] == "2026-02-28"
    assert periods[-1]["ends_on"] == "2027-01-31"


def steady(seed, origins=60, noise=0.1):
    """A history of one kind of loan in a steady world: a half, a third, a sixth comes, with noise."""
    luck = np.random.default_rng(seed)
    shares = np.array([0.5, 0.3, 0.15])
    exposure = np.full((origins, 1), 1e8)
    flow = exposure[:, :, None] * shares * np.exp(luck.normal(0, noise, (origins, 1, 3)))
    kept = (1 - flow[:, :, 0] / exposure) * exposure
    numbers = np.arange(1 - origins, 1)
    return History(
        AS_OF, Every.month, numbers, np.array([1]), exposure, flow, np.ones(1), exposure, kept[:, :, None]
    )


def test_intervals_hold_their_rate_in_a_steady_world():
    held = judged = 0
    for seed in range(4):
        history = steady(seed)
        past = past_forecasts(history)
        for origin in range(25, 57):
            for k, period in enumerate(forecast(history, past=past, origin=origin).periods):
                held += period.low <= past.actual[origin, k] <= period.high
                judged += 1
    assert 0.76 <= held / judged <= 0.92
    told = forecast(history)
    assert told.periods[0].expected == pytest.approx(5e7, rel=0.1)


def test_without_history_everything_is_possible():
    told = forecast(steady(1, origins=1))
    assert [(p.low, p.high, p.calibrated_on) for p in told.periods] == [(0, 100_000_000, 0)] * 3


@given(st.integers(0, 10_000), st.integers(8, 40))
@settings(max_examples=25, deadline=None)
def test_the_reach_is_the_rank_of_the_scores(seed, size):
    luck = np.random.default_rng(seed)
    actual = 1e6 * np.exp(luck.normal(0, 0.3, (size, 1)))
    made = np.full((size, 1), 1e6)
    width = widths(
        made, np.where(np.arange(size)[:, None] < size - 1, actual, np.nan), np.full(size, 1e7), size - 1, 0.8
    )[0]
    scores = np.sort(np.abs(np.log((actual[:-1, 0] + 1e4) / (1e6 + 1e4)))[-36:])
    assert width.scores == len(scores)
    assert width.reach in scores or width.reach > scores[-1]
    assert (scores <= width.reach).mean() >= 0.65  # adapted no further than half as many misses again


def test_how_many_scores_a_rate_needs():
    assert [needed(r) for r in (0.5, 0.8, 0.9, 0.95)] == [1, 4, 9, 19]


def test_the_naive_forecast_rolls_balances():
    owed = np.array([[100.0, 0.0], [80.0, 20.0]])
    rolled = np.array([[[50.0, 20.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    history = History(
        AS_OF,
        Every.month,
        np.array([-1, 0]),
        np.array([1]),
        np.ones((2, 1)),
        np.zeros((2, 1, 2)),
        np.ones(1),
        owed,
        rolled,
    )
    # From the first range half stays and a fifth rolls on, so 30 % is paid; of the second nothing was seen: it is paid.
    assert naive_forecast(history, 1).tolist() == pytest.approx([80 * 0.3 + 20, 40 * 0.3 + 16])


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.sampled_from(list(Every)), st.integers(-40, 40))
def test_periods_follow_one_another_without_gap(day, every, number):
    end, after = period_end(day, number, every), period_end(day, number + 1, every)
    assert after > end
    assert period_end(day, 0, every) == day
    ends = period_ends(day, day - timedelta(days=100), day + timedelta(days=100), every)
    assert ends[0][1] >= day - timedelta(days=100)
    assert ends[-1][1] >= day + timedelta(days=100)
    assert [n for n, _ in ends] == list(range(ends[0][0], ends[-1][0] + 1))


def test_before_the_first_loan_there_is_nothing_to_forecast(book):
    with pytest.raises(WrongUse, match="no loan was disbursed"):
        book_history(book, date(2001, 1, 1))
