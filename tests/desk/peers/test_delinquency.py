"""What users of other systems complain of in delinquency and aging (docs/peers.md, 1 to 13), tried here."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest

from forbear.aging import AgingSettings, bucket_set
from forbear.aging.buckets import make_buckets
from forbear.desk.imports.worklist import load_worklist
from forbear.desk.ledger.balances import balances, items
from forbear.desk.ledger.models import Entry
from forbear.desk.record.models import Case
from forbear.night import NightSettings, close
from forbear.testing.books import write_good_book
from forbear.testing.lending import aged, lend

from .acting import NOON, act, at, bounced, pay

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def loan(db):
    """1,200.00 at 18 % over 6 months from 15 January 2026: 210.63 a month."""
    lend("L1")


def bucket_of(dpd: int) -> str:
    return next(b.bucket for b in bucket_set("cn") if b.dpd_from <= dpd and (b.dpd_to is None or dpd <= b.dpd_to))


def moves(until: date) -> list[str]:
    days = ((date(2026, 2, 1) + timedelta(days=n)) for n in range((until - date(2026, 2, 1)).days))
    return [bucket for bucket, _ in itertools.groupby(bucket_of(at(day).dpd) for day in days)]


def test_01_the_history_of_moves_in_and_out_of_buckets_is_there_whole():
    pay(date(2026, 3, 25), 2 * 21_063)
    assert moves(date(2026, 6, 1)) == ["M0", "M1", "M2", "M0", "M1", "M2"]
    pay(date(2026, 2, 14), 21_063, at_=NOON + timedelta(hours=1))  # found later: the moves follow
    assert moves(date(2026, 6, 1)) == ["M0", "M1", "M0", "M1"]
    assert at(date(2026, 3, 24), known_at=NOON).dpd == 37


def test_02_not_only_the_oldest_installment_counts_and_the_last_range_is_open():
    assert [b.dpd_to for b in bucket_set("cn")][-1] is None
    assert bucket_of(9_999) == bucket_set("cn")[-1].bucket
    assert make_buckets([("ok", 0), ("late", 1)])[-1].dpd_to is None
    now = at(date(2026, 5, 1))
    assert (now.installments_overdue, now.arrears_total) == (3, 3 * 21_063)
    far = at(date(2056, 5, 1))
    assert (far.installments_overdue, far.arrears_total) == (6, far.outstanding)


def test_03_a_repayment_cures_and_a_chargeback_is_counted_back_in():
    entry = pay(date(2026, 3, 1), 21_063)
    assert at(date(2026, 3, 1)).dpd == 0
    bounced(entry, date(2026, 3, 10))
    assert (at(date(2026, 3, 9)).dpd, at(date(2026, 3, 10)).dpd) == (0, 23)
    assert at(date(2026, 3, 10)).arrears_total == 21_063
    assert aged(date(2026, 3, 10))["L1"]["dpd"] == 23


def test_04_days_past_due_of_the_loan_follow_its_installments():
    """There is one truth, worked out from the installments; no tag of theirs can stand in its way."""
    pay(date(2026, 4, 20), 21_063)
    assert at(date(2026, 4, 20)).oldest_unpaid_due_on == date(2026, 3, 15)
    pay(date(2026, 4, 20), 21_062, "P2")
    assert at(date(2026, 4, 20)).oldest_unpaid_due_on == date(2026, 3, 15)
    pay(date(2026, 4, 20), 1, "P3")
    assert at(date(2026, 4, 20)).dpd == 5


def test_05_a_pause_learnt_of_days_later_is_backdated_and_the_days_after_it_are_right():
    assert at(date(2026, 3, 17)).dpd == 30
    act("pause", date(2026, 2, 20), until_on=date(2026, 3, 1), at_=NOON)
    for day, dpd in ((date(2026, 2, 19), 4), (date(2026, 3, 1), 4), (date(2026, 3, 2), 5), (date(2026, 3, 17), 20)):
        assert at(day).dpd == aged(day)["L1"]["dpd"] == dpd, day
    assert at(date(2026, 3, 17), known_at=NOON - timedelta(hours=1)).dpd == 30


def test_06_arrears_and_days_late_are_asked_as_of_a_past_date_and_as_it_was_known():
    pay(date(2026, 3, 20), 3 * 21_063)
    past = at(date(2026, 3, 19))
    assert (past.dpd, past.arrears_total) == (32, 2 * 21_063)
    assert at(date(2026, 3, 20)).dpd == 0
    assert at(date(2026, 3, 20), known_at=NOON - timedelta(seconds=1)).dpd == 33


def test_07_the_ledger_the_night_and_the_worklist_show_one_arrears(as_role, tmp_path):
    """The property over any acts is tests/desk/ledger/test_sequences.py."""
    pay(date(2026, 3, 1), 10_000)
    row, own = aged(date(2026, 4, 1))["L1"], at(date(2026, 4, 1))
    assert (row["arrears_total"] * 100, row["dpd"]) == (own.arrears_total, own.dpd)


def test_08_payments_in_whatever_order_they_come_give_the_same_days_past_due():
    given = [(date(2026, 2, 10), 15_000), (date(2026, 3, 20), 30_000), (date(2026, 5, 2), 9_999)]
    told = set()
    for place, order in enumerate(itertools.permutations(given)):
        loan = f"O{place}"
        lend(loan, borrower_id=loan)
        for number, (on, amount) in enumerate(order):
            pay(on, amount, f"{loan}-{number}", loan_id=loan)
        days = [balances([loan], date(2026, month, 28))[loan] for month in range(2, 9)]
        told.add(tuple((day.dpd, day.arrears_total, day.arrears_interest) for day in days))
    assert len(told) == 1


def test_09_what_a_backdated_act_changed_names_the_act_and_who_made_it():
    pay(date(2026, 3, 20), 21_063, "late")
    first = set(Entry.objects.values_list("pk", flat=True))
    entry = pay(date(2026, 2, 10), 21_063, "early", at_=NOON + timedelta(hours=1))
    changed = Entry.objects.exclude(pk__in=first)
    assert {(e.actor, e.booked_at >= NOON + timedelta(hours=1)) for e in changed} == {("anna", True)}
    assert {e.kind for e in changed} == {"payment", "allocation", "reversal"}
    assert all(e.of_entry_id or e.pk == entry for e in changed)


def test_10_other_loans_of_a_debtor_are_marked_with_her_and_unmarked_when_she_is_cured():
    lend("L2", disbursed_on=date(2026, 5, 20))
    assert {aged(date(2026, 5, 31))[loan]["classification"] for loan in ("L1", "L2")} == {"substandard"}
    pay(date(2026, 5, 31), 4 * 21_063)
    assert {aged(date(2026, 5, 31))[loan]["classification"] for loan in ("L1", "L2")} == {"normal"}


def test_13_other_overdue_terms_do_not_break_the_lists(as_role, tmp_path):
    write_good_book(tmp_path / "book", loans=25, seed=5)
    from forbear.desk.imports.importing import import_book

    import_book(tmp_path / "book", actor="tests", at=NOON)
    own = [{"bucket": "ok", "from": 0}, {"bucket": "late", "from": 1}, {"bucket": "bad", "from": 60}]
    aging = AgingSettings.model_validate({"grace_days": 10, "buckets": own})
    for name, settings in (("usual", NightSettings()), ("other", NightSettings(aging=aging))):
        out = close(tmp_path / "book", as_of=date(2026, 6, 30), out=tmp_path / name, settings=settings).out
        load_worklist(out, actor="tests", at=NOON)
        page = as_role("manager", username=name).get("/worklist")
        assert page.status_code == 200
    assert set(Case.objects.filter(closed_at=None).values_list("bucket", flat=True)) <= {"ok", "late", "bad"}


def test_the_parts_shown_add_up_to_the_whole():
    """Entries 20 and 21: a schedule's columns and the balances are two sums over the same postings."""
    act("fee", date(2026, 2, 20), 2_500, number=1)
    act("penalty", date(2026, 2, 21), 300, number=1)
    act("waiver", date(2026, 2, 22), {"penalty": 100})
    pay(date(2026, 3, 1), 12_345)
    for day in (date(2026, 2, 20), date(2026, 3, 1), date(2026, 4, 1)):
        now, rows = at(day), items("L1", day)
        for name in ("fees", "penalty", "interest", "principal"):
            overdue = sum(i.unpaid for i in rows if i.component == name and i.due_on < day)
            assert overdue == getattr(now, f"arrears_{name}"), (day, name)
            assert sum(i.unpaid for i in rows if i.component == name) == getattr(now, f"{name}_outstanding")
