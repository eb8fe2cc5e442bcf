"""Invented debts and budgets for tests of relief: the same seed makes the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from typing import Any

from forbear.loans import Method, Terms, make_schedule
from forbear.relief import Budget, Debt, Part

RATES = ("0", "0.12", "0.15", "0.18", "0.215", "0.24", "0.36")
TERMS = (3, 6, 9, 12, 18, 24, 36)


def debts(seed: int, count: int) -> Iterator[tuple[Debt, Budget]]:
    """So many debts, early, late and long overdue, each with the budget of whoever owes it."""
    random = Random(seed)  # noqa: S311 - invented people
    for number in range(count):
        debt = a_debt(random, f"L{number}")
        yield debt, a_budget(random, debt)


def a_debt(random: Random, loan_id: str) -> Debt:
    """A loan of some method, paid for a while and perhaps no longer; penalties on some of what is late."""
    rate, term, method = Fraction(random.choice(RATES)), random.choice(TERMS), random.choice(list(Method))
    lent, start = random.randrange(500_00, 200_000_00), date(2025, 1, 31) + timedelta(days=random.randrange(500))
    on = start + timedelta(days=random.randrange(40, 30 * term + 150))
    rows = make_schedule(Terms(lent, rate, term, method, start)).installments
    due = [row for row in rows if row.due_on <= on]
    paid = random.randrange(len(due)) if due else 0
    unpaid = tuple(
        Part(
            row.number,
            row.due_on,
            row.principal,
            row.interest,
            row.fees,
            random.randrange(300_00) if row.due_on < on and random.random() < 0.4 else 0,
        )
        for row in rows[paid:]
    )
    late = [part.due_on for part in unpaid if part.due_on < on]
    return Debt(
        loan_id=loan_id,
        on=on,
        currency="CNY",
        annual_rate=rate,
        method=method,
        disbursed_on=start,
        lent=lent,
        term=term,
        contract_ends_on=rows[-1].due_on,
        began_on=max((row.due_on for row in due), default=start),
        unpaid=unpaid,
        paid=tuple((row.due_on, row.total) for row in rows[:paid]),
        late_since=min(late, default=None),
    )


def a_budget(random: Random, debt: Debt) -> Budget:
    """A household whose surplus lies between nothing and about twice what the loan asks a month."""
    regular = debt.lent // debt.term
    surplus = int(regular * random.uniform(0, 2.2))
    spending = random.randrange(2_500_00, 9_000_00)
    return Budget(
        income=spending + surplus,
        spending=spending,
        savings=random.choice((0, 0, regular * 2)),
        verified=random.random() < 0.5,
        **_recovery(random, debt, spending, regular),
    )


def _recovery(random: Random, debt: Debt, spending: int, regular: int) -> dict[str, Any]:
    if random.random() < 0.8:
        return {}
    later = spending + int(regular * random.uniform(1, 2.5))
    return {"recovers_on": debt.on + timedelta(days=random.randrange(30, 150)), "income_later": later}
