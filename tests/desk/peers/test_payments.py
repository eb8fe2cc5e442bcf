"""What users of other systems complain of in payments, allocation and repost (docs/peers.md, 14 to 22), tried here."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest

from forbear.desk.ledger.balances import items
from forbear.desk.ledger.booking import preview
from forbear.desk.ledger.models import Entry
from forbear.desk.ledger.refusals import Refused
from forbear.desk.ledger.verify import verify
from forbear.loans import Method, Terms, as_rate, make_schedule, penalty_on, rule_named
from forbear.testing.lending import aged, lend

from .acting import NOON, act, at, bounced, pay

pytestmark = pytest.mark.django_db
LEVEL = 21_063


@pytest.fixture(autouse=True)
def loan(db):
    """1,200.00 at 18 % over 6 months from 15 January 2026: 210.63 a month."""
    lend("L1")
    yield
    assert list(verify()) == []


def paid(as_of):
    return {(i.number, i.component): i.paid for i in items("L1", as_of) if i.paid}


def test_14_a_payment_dated_before_another_takes_the_older_dues():
    pay(date(2026, 3, 20), LEVEL, "late")
    pay(date(2026, 2, 16), LEVEL, "early", at_=NOON + timedelta(hours=1))
    assert sum(paid(date(2026, 2, 16)).values()) == LEVEL
    assert {number for number, _ in paid(date(2026, 2, 16))} == {1}
    assert at(date(2026, 3, 20)).arrears_total == 0


def test_15_a_penalty_survives_a_backdated_payment():
    act("penalty", date(2026, 3, 20), 300, number=1)
    pay(date(2026, 3, 25), LEVEL, "late")
    pay(date(2026, 2, 16), LEVEL, "early", at_=NOON + timedelta(hours=1))
    charged = [i.due for i in items("L1", date(2026, 4, 1)) if i.component == "penalty"]
    assert charged == [300]
    assert at(date(2026, 4, 1)).paid_total == 2 * LEVEL


def test_16_penalty_begins_the_day_after_the_due_date_and_nothing_accrues_in_rows():
    schedule = make_schedule(Terms(120_000, as_rate("0.12"), 6, Method.equal_installment, date(2026, 1, 15)))
    due, before = schedule.installments[0].due_on, Entry.objects.count()
    rule = rule_named("cn_civil_code")
    by_day = [penalty_on(schedule, [], due + timedelta(days=n), rule).accrued for n in range(28)]
    assert by_day[0] == 0
    assert by_day[27] > 0
    steps = [later - earlier for earlier, later in itertools.pairwise(by_day)]
    assert max(steps) - min(steps) <= 1, "each day the same, but for rounding"
    assert Entry.objects.count() == before


def test_17_interest_is_waived_after_a_restructuring_too_for_it_never_became_principal():
    act("re-amortize", date(2026, 3, 20), term=12, annual_rate="0.12")
    overdue = at(date(2026, 3, 20)).arrears_interest
    assert overdue == 1_800 + 1_511
    act("waiver", date(2026, 3, 21), {"interest": overdue})
    assert at(date(2026, 3, 21)).arrears_total == 0
    assert at(date(2026, 3, 21)).principal_outstanding == 120_000


def test_18_a_settlement_waiver_closes_a_loan_only_when_nothing_is_owed():
    pay(date(2026, 8, 1), 100_000)
    left = at(date(2026, 8, 1))
    act(
        "waiver",
        date(2026, 8, 2),
        {"principal": left.principal_outstanding - 1, "interest": left.interest_outstanding},
    )
    assert (at(date(2026, 8, 2)).outstanding, aged(date(2026, 8, 3))["L1"]["status"]) == (1, "overdue")
    act("waiver", date(2026, 8, 3), {"principal": 1}, "the last cent")
    assert (at(date(2026, 8, 3)).outstanding, aged(date(2026, 8, 3))["L1"]["status"]) == (0, "closed")


def test_19_the_overpaid_part_is_right_after_a_refund_a_bounce_and_more_money():
    owed = at(date(2026, 2, 1)).outstanding
    first = pay(date(2026, 2, 20), owed + 5_000)
    assert at(date(2026, 2, 20)).unapplied == 5_000
    act("refund", date(2026, 2, 21), 2_000)
    assert at(date(2026, 2, 21)).unapplied == 3_000
    with pytest.raises(Refused):
        act("refund", date(2026, 2, 22), 3_001)
    bounced(first, date(2026, 3, 1))
    now = at(date(2026, 3, 1))
    assert (now.paid_total, now.outstanding) == (-2_000, owed)
    pay(date(2026, 3, 2), owed + 2_500, "again")
    assert (at(date(2026, 3, 2)).outstanding, at(date(2026, 3, 2)).unapplied) == (0, 500)


def test_20_a_bounce_and_its_payment_leave_the_schedule_as_it_was():
    before = items("L1", date(2026, 4, 1))
    entry = pay(date(2026, 2, 20), 30_000)
    assert items("L1", date(2026, 4, 1)) != before
    bounced(entry, date(2026, 2, 20))
    assert items("L1", date(2026, 4, 1)) == before


def test_21_a_fee_and_a_penalty_are_in_the_arrears_at_once_and_each_in_its_own_column():
    act("fee", date(2026, 2, 20), 2_500, number=1)
    act("penalty", date(2026, 2, 20), 300, number=1)
    now = at(date(2026, 2, 20))
    assert (now.arrears_fees, now.arrears_penalty, now.arrears_interest) == (2_500, 300, 1_800)
    pay(date(2026, 2, 20), 2_600)
    now = at(date(2026, 2, 20))
    assert (now.arrears_fees, now.arrears_penalty, now.arrears_interest) == (0, 200, 1_800)


def test_25_previews_of_reschedule_re_age_and_waiver_are_what_is_booked():
    """The property over any acts is tests/desk/ledger/test_sequences.py."""
    for kind, amounts, facts in (
        ("re-age", None, {"months": 2}),
        ("re-amortize", None, {"term": 9, "annual_rate": "0.10"}),
        ("waiver", {"interest": 100}, {}),
    ):
        shown = preview(kind, "L1", date(2026, 4, 20), amounts, "c", **facts)
        entry = act(kind, date(2026, 4, 20), amounts, **facts)
        booked = Entry.objects.get(pk=entry)
        assert (shown.entries[0].kind, abs(shown.entries[0].amount)) == (booked.kind, booked.amount)
        lines = {(p.account, p.component, p.number): p.amount for p in booked.postings.all()}
        assert {tuple(line): amount for line, amount in shown.entries[0].lines.items()} == lines
