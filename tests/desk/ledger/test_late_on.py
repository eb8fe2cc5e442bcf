"""How late a loan was on many days, asked at once, is what the balances of each day say, whatever happened to it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given

from forbear.desk.ledger.balances import balances, late_on
from forbear.testing.lending import lend
from tests.desk.ledger.test_sequences import ACTS, FIRST, LOANS, QUICK, run, undone

pytestmark = pytest.mark.django_db
DAYS = [FIRST + timedelta(days=step) for step in range(-10, 420, 23)]


@QUICK
@given(acts=ACTS)
def test_many_days_at_once_are_each_days_balances(acts):
    with undone():
        for place, loan in enumerate(LOANS):
            lend(loan, borrower_id=f"B{place}", fee=100 * (place == 1))
        run(acts)
        told = late_on(LOANS, DAYS)
        for day in DAYS:
            then = balances(LOANS, day)
            for loan in LOANS:
                now, held = told.get(loan, {}).get(day), then.get(loan)
                if held is None or not (held.oldest_unpaid_due_on or held.written_off > 0):
                    assert now is None, (loan, day)
                    continue
                assert now == (held.oldest_unpaid_due_on, held.dpd, held.written_off > 0), (loan, day)


def test_no_day_is_no_question(db):
    assert late_on(LOANS, []) == {}
    lend("L1")
    assert late_on(["L1"], [date(2026, 2, 15)]) == {}
    assert late_on(["L1"], [date(2026, 2, 16)])["L1"][date(2026, 2, 16)].dpd == 1
