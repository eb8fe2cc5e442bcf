"""A run: the same on any number of threads, the same luck for every strategy, money kept, limits held."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.simulate.acts import menu
from forbear.simulate.days import days
from forbear.simulate.limits import no_limits
from forbear.simulate.run import DayLog, Setup, Tally, simulate
from forbear.simulate.strategies.interface import Choice
from forbear.simulate.strategies.lists import Chance, Explore, Ladder, List, Nothing, balance, risk
from forbear.simulate.streams import BLOCK

WORLDS = ("structural", "selfexciting", "bootstrap", "placebo", "harm")
BUSY = (Ladder(), List("balance", balance), List("risk", risk), Chance(4), Explore(4))


def same(one, other):
    return all(np.array_equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))


@pytest.mark.parametrize("name", ["structural", "bootstrap"])
def test_the_number_of_threads_changes_nothing(name, worlds):
    setup = Setup(BLOCK + 700, 9, seed=4)
    one = simulate(worlds(name), Ladder(), setup)
    other = simulate(worlds(name), Ladder(), replace(setup, threads=3))
    assert same(one.tally, other.tally)
    assert same(one.record, other.record)
    assert one.tally.contacts.any()


@pytest.mark.parametrize("name", WORLDS)
def test_the_same_seed_gives_the_same_run_and_another_seed_another(name, worlds):
    setup = Setup(400, 25, seed=4)
    one, again = (simulate(worlds(name), Chance(2), setup) for _ in range(2))
    assert same(one.tally, again.tally)
    assert same(one.mind, again.mind)
    assert not same(one.tally, simulate(worlds(name), Chance(2), replace(setup, seed=5)).tally)


def test_more_borrowers_leave_the_first_as_they_were(worlds):
    few = simulate(worlds("structural"), Nothing(), Setup(200, 20, seed=4))
    many = simulate(worlds("structural"), Nothing(), Setup(900, 20, seed=4))
    np.testing.assert_array_equal(few.tally.received, many.tally.received[:200])


class OnlyEven:
    """Calls late borrowers with even numbers, capacity or not."""

    name = "even"

    def choose(self, seen, today):
        call = menu().index("human_call")
        even = (np.asarray(seen["borrower"]) % 2 == 0) & today.allowed[:, call]
        return Choice(np.where(even, call, 0).astype(np.int8))


@pytest.mark.parametrize("name", WORLDS)
def test_what_others_get_changes_nobodys_luck(name, worlds):
    setup = Setup(500, 40, seed=9, capacity=float("inf"), limits=no_limits())
    peace = simulate(worlds(name), Nothing(), setup)
    treated = simulate(worlds(name), OnlyEven(), setup)
    odd = np.arange(500) % 2 == 1
    np.testing.assert_array_equal(peace.tally.received[odd], treated.tally.received[odd])
    if name != "placebo":
        assert not np.array_equal(peace.tally.received[~odd], treated.tally.received[~odd])


@pytest.mark.parametrize("strategy", BUSY, ids=lambda s: s.name)
@pytest.mark.parametrize("name", ["structural", "harm"])
def test_a_budget_of_zero_contacts_gives_none(strategy, name, worlds):
    setup = Setup(300, 20, seed=2, contacts=0)
    state = simulate(worlds(name), strategy, setup)
    assert state.tally.contacts.sum() == 0
    assert state.record.attempts.sum() == 0
    assert state.tally.cost.sum() == 0
    np.testing.assert_array_equal(state.tally.received, simulate(worlds(name), Nothing(), setup).tally.received)


def test_a_budget_is_held_day_by_day(worlds):
    counts = []
    simulate(
        worlds("structural"),
        Ladder(),
        Setup(1000, 20, contacts=7),
        watchers=[lambda log: counts.append((log.choice.act > 0).sum())],
    )
    assert max(counts) == 7


def test_no_capacity_leaves_only_acts_that_use_none(worlds):
    state = simulate(worlds("structural"), Ladder(), Setup(300, 20, capacity=0))
    assert state.tally.contacts.sum() == 0


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("whole_book", [False, True])
def test_money_is_kept_to_the_fen_and_nobody_pays_what_is_not_owed(name, whole_book, worlds):
    paid = []
    setup = Setup(400, 75, seed=6, capacity=float("inf"), limits=no_limits(), whole_book=whole_book)
    state = simulate(worlds(name), Explore(1, share=0.2), setup, watchers=[lambda log: paid.append(log.paid)])
    record, tally = state.record, state.tally
    total = np.sum(paid, axis=0)
    assert total.dtype == np.int64
    assert (np.array(paid) >= 0).all()
    np.testing.assert_array_equal(total, tally.received)
    assert (tally.recovered <= tally.received).all()
    assert (record.paid + record.forgiven <= record.term * record.part).all()
    assert (record.due_count <= record.term).all()
    assert total.sum() > 0


@pytest.mark.parametrize("start", ["2026-01-01", "2026-01-17", "2024-02-29"])
def test_days_past_due_are_those_of_the_calendar(start, worlds):
    from datetime import date, timedelta

    when = date.fromisoformat(start)
    state = simulate(worlds("structural"), Nothing(), Setup(120, 40, seed=3, start=when))
    record, calendar = state.record, days(when, 40)
    for row in range(120):
        month, year = record.first_month[row], when.year
        first = date(year, when.month, 1)
        dues = []
        for k in range(int(record.term[row])):
            index = (first.year * 12 + first.month - 1) + int(month) + k - int(calendar.month[0])
            dues.append(date(index // 12, index % 12 + 1, int(record.due_dom[row])))
        today = when + timedelta(days=39)
        fallen = [d for d in dues if d <= today]
        assert record.due_count[row] == len(fallen)
        covered = int(record.paid[row] // record.part[row])
        expected = (today - fallen[covered]).days if covered < len(fallen) else 0
        assert record.dpd[row] == expected


class Broken:
    name = "broken"

    def __init__(self, make):
        self.make = make

    def choose(self, seen, today):
        return Choice(self.make(seen, today))


def call_all(seen, today):
    return np.full(len(seen), menu().index("human_call"), dtype=np.int8)


def call_every_allowed(seen, today):
    return np.where(today.allowed[:, menu().index("human_call")], menu().index("human_call"), 0).astype(np.int8)


@pytest.mark.parametrize(
    ("make", "changes", "said"),
    [
        (call_all, {}, "not allowed"),
        (call_every_allowed, {}, "agent_minutes"),
        (call_every_allowed, {"capacity": float("inf"), "contacts": 3}, "acts of 1"),
        (lambda seen, today: np.zeros(3, dtype=np.int8), {}, "acts for"),
        (lambda seen, today: np.full(len(seen), 99, dtype=np.int8), {}, "not on the menu"),
        (lambda seen, today: np.full(len(seen), -1, dtype=np.int8), {}, "not on the menu"),
    ],
)
def test_a_choice_that_breaks_a_limit_stops_the_run(make, changes, said, worlds):
    with pytest.raises(WrongUse, match=said):
        simulate(worlds("structural"), Broken(make), Setup(400, 10, **changes))


@pytest.mark.parametrize(
    ("changes", "said"), [({"borrowers": 0}, "borrowers"), ({"days": 0}, "days"), ({"seed": -1}, "seed")]
)
def test_impossible_setups_are_refused(changes, said, worlds):
    with pytest.raises(WrongUse, match=said):
        simulate(worlds("structural"), Nothing(), replace(Setup(10, 5), **changes))


def test_a_column_cannot_be_replaced_unnoticed():
    tally = Tally(*(np.zeros(3) for _ in fields(Tally)))
    tally.received += 1
    with pytest.raises(AttributeError, match="in place"):
        tally.received = np.ones(3)


@settings(max_examples=15, deadline=None)
@given(
    borrowers=st.integers(1, 60),
    count=st.integers(1, 12),
    seed=st.integers(0, 2**62),
    capacity=st.sampled_from([0.0, 0.3, 1.0, 50.0]),
    strategy=st.sampled_from(BUSY),
)
def test_every_strategy_holds_the_limits_in_books_of_any_size(borrowers, count, seed, capacity, strategy, worlds):
    seen_logs: list[DayLog] = []
    setup = Setup(borrowers, count, seed=seed, capacity=capacity)
    state = simulate(worlds("structural"), strategy, setup, watchers=[seen_logs.append])
    for log in seen_logs:
        act = log.choice.act
        assert log.today.allowed[np.arange(borrowers), act].all()
    assert state.tally.contacts.sum() == sum(int((log.choice.act > 0).sum()) for log in seen_logs)
