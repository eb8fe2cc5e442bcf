"""What booking does, act by act, in figures one can check by hand; and what it refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from forbear.desk.ledger.balances import balances, items, owed_on
from forbear.desk.ledger.booking import Payment, book, pay_many, preview
from forbear.desk.ledger.models import Account, Entry, Posting
from forbear.desk.ledger.refusals import KeyUsed, Refused
from forbear.testing.lending import lend

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def loan(db):
    """1,200.00 at 18 % over 6 months from 15 January 2026: 210.63 a month."""
    lend("L1", fee=100)


def act(kind, on, amounts=None, cause="c", key="", at=NOON, loan_id="L1", **facts):
    return book(kind, loan_id, on, amounts, cause, key or f"{kind}:{on}:{cause}", actor="anna", at=at, **facts)


def pay(on, amount, payment_id="P1", **more):
    return act("payment", on, amount, payment_id, **more)


def at(as_of, known_at=None):
    return balances(["L1"], as_of, known_at)["L1"]


def paid(as_of):
    return {(i.number, i.component): i.paid for i in items("L1", as_of) if i.paid}


def test_a_payment_pays_fees_interest_principal_of_the_oldest_installment():
    pay(date(2026, 2, 20), 5_000)
    assert paid(date(2026, 2, 20)) == {(1, "fees"): 100, (1, "interest"): 1_800, (1, "principal"): 3_100}
    now = at(date(2026, 2, 20))
    assert (now.arrears_fees, now.arrears_interest, now.dpd) == (0, 0, 5)
    assert now.principal_outstanding == 120_000 - 3_100


def test_a_loan_paid_in_full_keeps_the_rest_as_credit_and_gives_it_back():
    pay(date(2026, 2, 20), 200_000)
    credit = at(date(2026, 2, 20)).unapplied
    assert credit > 0
    with pytest.raises(Refused, match="more than"):
        act("refund", date(2026, 3, 1), credit + 1)
    act("refund", date(2026, 3, 1), credit, key="r")
    assert at(date(2026, 3, 1)).unapplied == 0
    assert at(date(2026, 3, 1)).paid_total == 200_000 - credit


def test_the_same_key_books_once_and_another_body_is_refused():
    first = pay(date(2026, 2, 20), 5_000, key="k")
    assert pay(date(2026, 2, 20), 5_000, key="k") == type(first)(first.entry_id, again=True)
    with pytest.raises(KeyUsed):
        pay(date(2026, 2, 20), 5_001, key="k")
    with pytest.raises(KeyUsed):
        pay(date(2026, 2, 20), 5_000, key="another key, the same payment id")
    with pytest.raises(KeyUsed):
        pay(date(2026, 2, 1), 5_000, key="backdated, the same payment id")
    act("fee", date(2026, 2, 21), 500, key="f")
    assert act("fee", date(2026, 2, 21), 500, key="f").again
    with pytest.raises(KeyUsed):
        act("fee", date(2026, 2, 21), 501, key="f")
    with pytest.raises(KeyUsed):
        pay(date(2026, 2, 22), 1, "P9", key="f")


def test_a_backdated_payment_moves_what_later_ones_paid_and_what_was_known_stays_known():
    pay(date(2026, 3, 20), 21_163, "late", at=NOON)
    known = at(date(2026, 3, 20), NOON)
    pay(date(2026, 2, 10), 21_163, "early", at=NOON + timedelta(hours=1))
    assert at(date(2026, 3, 20)).arrears_total == 0
    assert at(date(2026, 3, 20), NOON) == known
    assert known.arrears_total == 21_163
    undone = Entry.objects.filter(kind="reversal", of_entry__isnull=False)
    assert undone.count() == 1
    assert undone.get().reverses.kind == "allocation"


def test_a_bounced_payment_leaves_its_trace():
    entry = pay(date(2026, 2, 14), 21_163).entry_id
    act("reversal", date(2026, 2, 18), cause="bounced", entry=entry)
    assert at(date(2026, 2, 17)).arrears_total == 0
    assert at(date(2026, 2, 18)).arrears_total == 21_163
    with pytest.raises(Refused, match="reversed already"):
        act("reversal", date(2026, 2, 19), cause="again", entry=entry)


def test_a_fee_joins_its_installment_and_a_waiver_lets_it_go():
    act("fee", date(2026, 2, 20), 2_500, number=1)
    act("penalty", date(2026, 2, 20), 300, number=1)
    assert at(date(2026, 2, 20)).arrears_total == 21_163 + 2_800
    with pytest.raises(Refused, match="unpaid"):
        act("waiver", date(2026, 2, 21), {"penalty": 301})
    act("waiver", date(2026, 2, 21), {"penalty": 300, "fees": 1_000})
    now = at(date(2026, 2, 21))
    assert (now.arrears_penalty, now.arrears_fees, now.waived) == (0, 1_600, 1_300)
    fee = Entry.objects.get(kind="penalty").entry_id
    with pytest.raises(Refused, match="would leave"):
        act("reversal", date(2026, 2, 22), cause="mistake", entry=fee)


def test_a_write_off_and_what_comes_later():
    act("write-off", date(2026, 8, 1))
    gone = at(date(2026, 8, 1))
    assert gone.written_off == gone.outstanding
    assert gone.arrears_total == gone.outstanding
    pay(date(2026, 9, 1), 30_000)
    now = at(date(2026, 9, 1))
    assert (now.recovered, now.written_off) == (30_000, gone.written_off - 30_000)
    entry = Entry.objects.get(kind="payment").entry_id
    act("reversal", date(2026, 9, 2), cause="bounced", entry=entry)
    assert at(date(2026, 9, 2)).recovered == 0
    act("waiver", date(2026, 9, 3), {"principal": 1_000})
    settled = at(date(2026, 9, 3))
    assert (settled.recovered, settled.written_off, settled.waived) == (0, gone.written_off - 1_000, 0)


def test_only_money_recovers_what_was_written_off():
    act("write-off", date(2026, 8, 1))
    act("fee", date(2026, 8, 5), 300, number=6)
    pay(date(2026, 9, 1), 30_000)
    assert (at(date(2026, 9, 1)).recovered, at(date(2026, 9, 1)).written_off) == (30_000, 126_978 - 30_000)
    act("re-amortize", date(2026, 3, 20), term=12, annual_rate="0.12")
    now = at(date(2026, 9, 1))
    assert 0 < now.recovered <= 30_000  # the new schedule's interest was not written off, and is paid first
    assert not Posting.objects.filter(account="recovered", entry__effective_on=date(2026, 8, 1)).exists()


def test_a_pause_stops_the_days_and_can_be_undone():
    entry = act("pause", date(2026, 2, 20), until_on=date(2026, 2, 28)).entry_id
    assert at(date(2026, 3, 10)).dpd == 23 - 9
    assert at(date(2026, 2, 23)).dpd == 8 - 4
    act("reversal", date(2026, 3, 11), cause="mistake", entry=entry)
    assert at(date(2026, 3, 11)).dpd == 24


def test_a_re_age_moves_due_dates_and_its_reversal_moves_them_back():
    assert at(date(2026, 4, 20)).dpd == 64
    entry = act("re-age", date(2026, 4, 20), months=3).entry_id
    assert at(date(2026, 4, 20)).dpd == 0
    assert at(date(2026, 4, 19)).dpd == 63
    assert at(date(2026, 5, 20)).dpd == 5
    act("reversal", date(2026, 5, 20), cause="broken", entry=entry)
    assert at(date(2026, 5, 20)).dpd == 94


def test_a_re_amortization_spreads_what_is_left_and_keeps_the_principal():
    pay(date(2026, 2, 14), 21_163)
    left = at(date(2026, 3, 20)).principal_outstanding
    act("re-amortize", date(2026, 3, 20), term=12, annual_rate="0.12")
    now = at(date(2026, 3, 20))
    assert now.principal_outstanding == left
    assert now.arrears_principal == 0
    assert now.arrears_interest > 0
    open_ones = [i for i in items("L1", date(2026, 3, 20)) if i.component == "principal" and i.unpaid]
    assert (len(open_ones), open_ones[0].due_on) == (12, date(2026, 4, 20))


def test_money_paid_to_the_wrong_loan_moves_to_the_right_one():
    lend("L2", borrower_id="B2")
    pay(date(2026, 2, 14), 200_000)
    credit = at(date(2026, 2, 14)).unapplied
    act("transfer", date(2026, 2, 15), credit, key="t", other_loan="L2")
    both = balances(["L1", "L2"], date(2026, 2, 15))
    assert both["L1"].unapplied == 0
    assert both["L2"].paid_total == credit
    assert Posting.objects.filter(account="transit").values_list("amount", flat=True).count() == 2
    assert act("transfer", date(2026, 2, 15), credit, key="t", other_loan="L2").again


def test_what_she_owes_on_her_own_day_counts_money_dated_a_day_ahead_and_nothing_else_of_that_day():
    today, tomorrow = date(2026, 2, 20), date(2026, 2, 21)
    before = at(today)
    fee = act("penalty", tomorrow, 300, number=1).entry_id
    act("reversal", tomorrow, cause="mistake", entry=fee)
    act("pause", tomorrow, until_on=date(2026, 2, 28))
    assert owed_on(["L1"], today)["L1"] == before
    pay(tomorrow, 1_163)
    told = owed_on(["L1"], today)["L1"]
    assert (told.arrears_total, told.outstanding) == (before.arrears_total - 1_163, before.outstanding - 1_163)
    assert (told.dpd, told.paid_total) == (before.dpd, 1_163)
    assert at(today) == before
    act("reversal", tomorrow, cause="bounced", entry=Entry.objects.get(kind="payment").entry_id)
    assert owed_on(["L1"], today)["L1"].arrears_total == before.arrears_total


def test_on_her_own_day_an_installment_that_falls_due_is_not_overdue_whatever_is_paid():
    pay(date(2026, 2, 16), 21_163)  # the first installment, on the day after it fell due
    assert owed_on(["L1"], date(2026, 2, 15))["L1"].arrears_total == 0
    assert owed_on(["L1"], date(2026, 2, 16))["L1"].arrears_total == 0
    assert at(date(2026, 2, 15)).arrears_total == 0


def test_a_preview_saves_nothing():
    before = Entry.objects.count()
    shown = preview("payment", "L1", date(2026, 2, 20), 5_000, "P1")
    assert [entry.kind for entry in shown.entries] == ["payment", "allocation"]
    assert Entry.objects.count() == before


@pytest.mark.parametrize(
    ("kind", "amounts", "facts", "code"),
    [
        ("payment", 0, {}, "amount"),
        ("payment", -5, {}, "amount"),
        ("payment", 1 << 63, {}, "amount"),
        ("fee", 5, {"number": 99}, "unknown_installment"),
        ("waiver", {"rent": 5}, {}, "amounts"),
        ("waiver", 5, {}, "amounts"),
        ("reversal", None, {"entry": 10**12}, "unknown_entry"),
        ("pause", None, {"until_on": date(2026, 1, 1)}, "until_on"),
        ("re-age", None, {"months": 0}, "months"),
        ("re-amortize", None, {}, "term"),
        ("re-age", None, {"installments": [(1, date(2026, 9, 1), 5, 0, 0)]}, "principal"),
        ("transfer", 5, {}, "other_loan"),
        ("gift", 5, {}, "unknown_kind"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(kind, amounts, facts, code):
    with pytest.raises(Refused) as refused:
        act(kind, date(2026, 3, 1), amounts, **facts)
    assert refused.value.code == code
    assert Entry.objects.count() == 2


def test_an_unknown_loan_and_a_bad_key_are_refused():
    with pytest.raises(Refused, match="no loan"):
        pay(date(2026, 2, 1), 5, loan_id="nobody's")
    with pytest.raises(Refused, match="the key"):
        pay(date(2026, 2, 1), 5, key="k" * 201)


def test_the_database_refuses_an_unbalanced_entry_and_any_change():
    entry = pay(date(2026, 2, 20), 5_000).entry_id
    with connection.cursor() as cursor:
        for broken in (
            f"INSERT INTO ledger_postings (entry_id, line, account, amount) VALUES ({entry}, 9, 'cash', 5)",
            "INSERT INTO ledger_postings (entry_id, line, account, amount)"
            " VALUES (999999999, 1, 'cash', 5), (999999999, 2, 'unapplied', -5)",
            "UPDATE ledger_entries SET amount = 1",
            "DELETE FROM ledger_postings",
            "UPDATE ledger_postings SET amount = 0",
            "DELETE FROM ledger_accounts",
            "UPDATE ledger_accounts SET loan_id = 'L9'",
            "DELETE FROM schedules",
            "UPDATE schedules SET version = 9",
            "UPDATE installments SET version = 9",
            _entries("'nobody''s'"),
            _entries("'L1'", of_entry=999999999),
            _entries("'L1'", reverses=999999999),
            _entries("'nobody''s'", count=1_500),  # many are joined, few are looked up
            _entries("'L1'", of_entry=999999999, count=1_500),
            _entries("'L1'", reverses=999999999, count=1_500, step=1),
            _installments(1),
            _installments(1_500),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                cursor.execute(broken)
    assert Account.objects.get(pk="L1").received == 5_000


def _entries(
    loan: str, of_entry: int | None = None, reverses: int | None = None, count: int = 1, step: int = 0
) -> str:
    """Entries that belong to nothing that is there: all but the last of many would be right."""
    wrong = f"n = {count}"
    return (
        "INSERT INTO ledger_entries (loan_id, kind, effective_on, booked_at, cause, actor, key, of_entry, reverses)"
        f" SELECT CASE WHEN {wrong} THEN {loan} ELSE 'L1' END, 'pause', '2026-02-20', now(), 'x', 'x', 'x' || n,"
        f" CASE WHEN {wrong} THEN {of_entry or 'NULL'} END::bigint, CASE WHEN {wrong} THEN {reverses or 'NULL'}"
        f" END::bigint + {step} FROM generate_series(1, {count}) AS n"
    )


def _installments(count: int) -> str:
    return (
        "INSERT INTO installments (loan_id, version, number, due_on, principal_due, interest_due)"
        f" SELECT 'L1', CASE WHEN n = {count} THEN 9 ELSE 1 END, 1000 + n, '2026-06-05', 1, 0"
        f" FROM generate_series(1, {count}) AS n"
    )


def test_many_entries_that_belong_are_taken():
    with connection.cursor() as cursor:
        cursor.execute(_entries("'L1'", count=1_500))
        cursor.execute(_installments(1_500).replace("THEN 9", "THEN 1"))
    assert Entry.objects.filter(kind="pause").count() == 1_500


def test_a_batch_books_all_or_nothing():
    good = [Payment(f"P{n}", "L1", date(2026, 2, 10), 1_000, f"k{n}") for n in range(5)]
    with pytest.raises(Refused):
        pay_many([*good, Payment("X", "nobody's", date(2026, 2, 10), 5, "kx")], actor="bank", at=NOON)
    assert not Entry.objects.filter(kind="payment").exists()
    told = pay_many([*good, good[0]], actor="bank", at=NOON)
    assert [one.again for one in told] == [False] * 5 + [True]
    assert at(date(2026, 2, 10)).paid_total == 5_000
