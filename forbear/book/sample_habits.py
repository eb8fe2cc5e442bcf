"""How the borrowers of a sample pay: month after month, a habit when current, a roll table when behind.

Whoever is current pays early, on the day or up to 30 days late, as the lateness figures say, scaled by the loan's
risk; or misses the month. Whoever is behind moves between states 30-59, 60-89, … as the roll table says: rolling
on means paying nothing, staying means paying one installment, better means more. On top come the oddities of real
books: parts, rounding up, paying twice, paying ahead, paying off. Later than the as-of date nothing is known.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np

from forbear.book.sample_loans import Loans
from forbear.book.sample_random import generator
from forbear.book.sample_recipe import LONGEST_TERM, Floats, Ints, Recipe
from forbear.book.sample_schedule import Schedule, due_days

PAYMENTS_STREAM = 1 << 40
"""Keeps the numbers drawn for payments apart from those drawn for loans (block numbers are smaller)."""
WORST_STATE = 5
STEP_DAYS = 31
MOST_LATE = 0.9
"""No borrower is late with more than this probability, however many risks come together."""


@dataclass(frozen=True, eq=False)
class Paid:
    """Payments, one array a column: index of the loan in its block, day, amount, first installment paid, source."""

    loan: Ints
    day: Ints
    amount: Ints
    number: Ints
    source: Ints


@dataclass(frozen=True, eq=False)
class Late:
    """Months in which a loan was late: the loan, the due date, and how many days later it paid (or a month)."""

    loan: Ints
    due: Ints
    days: Ints


_Rows = TypeVar("_Rows", Paid, Late)


@dataclass(frozen=True, eq=False)
class Step:
    """One month of the loans that still owe: `who` indexes the block, `draw` holds uniform numbers by row."""

    month: int
    who: Ints
    due: Ints
    lag: Ints
    left: Ints
    draw: Floats


def payments(recipe: Recipe, loans: Loans, plan: Schedule, seed: int, as_of: int) -> tuple[Paid, Late]:
    """All payments up to `as_of` (days since 1970), by loan and day, and the months in which loans were late."""
    random = generator(seed, PAYMENTS_STREAM + int(loans.loan_id[0]))
    installments_paid = np.zeros(len(loans), dtype=np.int64)
    paid: list[Paid] = []
    late: list[Late] = []
    for month in range(1, LONGEST_TERM + recipe.raw["habits"]["tail_months"] + 1):
        step = _step(loans, installments_paid, month, random, as_of, recipe.raw["habits"]["tail_months"])
        if not len(step.who):
            continue
        count, delay = _decide(recipe, loans, step)
        late.append(_late(step, count, delay))
        installments_paid[step.who] += count
        paid += _money(recipe, loans, plan, step, count, delay)
    everything = _joined(Paid, paid)
    known = everything.day <= as_of
    order = np.argsort(everything.loan[known] * (1 << 20) + everything.day[known], kind="stable")
    return Paid(*(getattr(everything, f.name)[known][order] for f in fields(Paid))), _joined(Late, late)


def _step(
    loans: Loans, installments_paid: Ints, month: int, random: np.random.Generator, as_of: int, tail: int
) -> Step:
    left = loans.term - installments_paid
    due = due_days(loans.disbursed, np.full(len(loans), month))
    is_open = (left > 0) & (month <= loans.term + tail) & (due - STEP_DAYS <= as_of)
    who = np.flatnonzero(is_open)
    lag = month - 1 - installments_paid[who]
    return Step(month, who, due[who], lag, left[who], random.random((6, len(who))))


def _decide(recipe: Recipe, loans: Loans, step: Step) -> tuple[Ints, Ints]:
    """(installments paid this month, days after the due date on which they are)."""
    risk = loans.risk[step.who] * recipe.due_month_risk[_month_of_year(step.due)]
    count, delay = _when_current(recipe, step, risk)
    behind = step.lag > 0
    target = _next_state(recipe, np.minimum(step.lag[behind], WORST_STATE), step.draw[0][behind])
    count[behind] = np.where(target == WORST_STATE, 0, step.lag[behind] + 1 - target)
    delay[behind] = (step.draw[1][behind] * 28).astype(np.int64)
    count[(step.lag < 0) | loans.never_pays[step.who]] = 0
    return np.clip(count, 0, step.left), delay


def _when_current(recipe: Recipe, step: Step, risk: Floats) -> tuple[Ints, Ints]:
    lateness, habits = recipe.raw["lateness"], recipe.raw["habits"]
    misses = 1 - recipe.rolls[0, 0] if step.month > 1 else lateness["over_30"] - lateness["never_paid"]
    missed = np.minimum(misses * risk, MOST_LATE / 3)
    is_late = np.minimum(lateness["late_within_30"] * risk, MOST_LATE)
    sort, spread = step.draw[0], step.draw[1]
    punctual = _day(recipe.early.draw(step.draw[2]), recipe.early.rows, spread)
    late = _day(recipe.late.draw(step.draw[2]), recipe.late.rows, spread)
    delay = np.where(sort < missed + is_late, late, punctual)
    whim = step.draw[3]
    ahead = np.where(whim < habits["pays_off"] + habits["pays_ahead"], 2 + (spread < 0.5), 1)
    count = np.where(whim < habits["pays_off"], step.left, ahead)
    return np.where(sort < missed, 0, count), delay


def _day(drawn: Ints, rows: tuple[list[int], ...], spread: Floats) -> Ints:
    first, last = np.asarray(rows, dtype=np.int64)[drawn].T
    days: Ints = first + (spread * (last - first + 1)).astype(np.int64)
    return days


def _next_state(recipe: Recipe, state: Ints, draw: Floats) -> Ints:
    target: Ints = (draw[:, None] >= recipe.rolls[state][:, :-1]).sum(axis=1)
    return np.minimum(target, state + 1)


def _month_of_year(day: Ints) -> Ints:
    month: Ints = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    return month


def _late(step: Step, count: Ints, delay: Ints) -> Late:
    days = np.where(count > 0, delay, STEP_DAYS - 1)
    late = (days > 0) & (step.lag >= 0)
    return Late(step.who[late], step.due[late], days[late])


def _money(recipe: Recipe, loans: Loans, plan: Schedule, step: Step, count: Ints, delay: Ints) -> list[Paid]:
    """The month's payments: usually one, sometimes in two parts, rounded up or made twice."""
    habits, source = recipe.raw["habits"], recipe.sources.draw(step.draw[4])
    pays = np.flatnonzero(count)
    who = step.who[pays]
    term_start = plan.start[who] + who
    before = step.month - 1 - step.lag[pays]
    owed = plan.paid_until[term_start + before + count[pays]] - plan.paid_until[term_start + before]
    day = np.maximum(step.due[pays] + delay[pays], loans.disbursed[who])
    oddity, share = step.draw[5][pays], step.draw[3][pays]
    in_parts = (oddity < habits["in_two_parts"]) & (delay[pays] > 0)
    part = np.where(in_parts, (owed * (0.3 + 0.4 * share)).astype(np.int64), owed)
    up = (oddity >= 0.5) & (oddity < 0.5 + habits["rounds_up"])
    amount = np.where(up, -(-part // 1000) * 1000, part)
    first = Paid(who, day, amount, before + 1, source[pays])
    rest = _picked(first, in_parts, amount=(owed - part)[in_parts], later=1 + (share * 10).astype(np.int64))
    twice = (oddity >= 0.9) & (oddity < 0.9 + habits["pays_twice"])
    return [first, rest, _picked(first, twice, amount=amount[twice], later=(share * 2).astype(np.int64))]


def _picked(paid: Paid, which: np.ndarray, *, amount: Ints, later: Ints) -> Paid:
    day = paid.day[which] + later[which]
    return Paid(paid.loan[which], day, amount, paid.number[which], paid.source[which])


def _joined(kind: type[_Rows], parts: list[_Rows]) -> _Rows:
    """Several Paid or Late as one."""
    if not parts:
        return kind(*(np.zeros(0, dtype=np.int64) for _ in fields(kind)))
    return kind(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(kind)))
