"""Any sequence of acts: the ledger balances, replays to itself, agrees with the engine, and previews tell the truth."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from forbear.desk.ledger.balances import balances
from forbear.desk.ledger.booking import book, preview
from forbear.desk.ledger.models import Entry
from forbear.desk.ledger.reading import history
from forbear.desk.ledger.refusals import Refused
from forbear.desk.ledger.verify import differences, verify
from forbear.testing.lending import aged, lend

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("FORBEAR_EXAMPLES", "12"))
FIRST = date(2026, 1, 15)
LOANS = ("L1", "L2", "L3")
WITHOUT_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # a step of it costs a database round
QUICK = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), phases=WITHOUT_SHRINKING
)
KINDS = (
    *["payment"] * 8,
    *["reversal"] * 3,
    "fee",
    "fee",
    "penalty",
    "waiver",
    "waiver",
    "refund",
    "write-off",
    "transfer",
    "pause",
    "re-age",
    "re-amortize",
)
ACTS = st.lists(
    st.tuples(
        st.sampled_from(LOANS),
        st.sampled_from(KINDS),
        st.integers(0, 330),
        st.integers(1, 60_000) | st.sampled_from([21_063, 21_163, 42_126]),
        st.integers(0, 1_000),
    ),
    min_size=5,
    max_size=40,
)


@contextmanager
def undone():
    """Rolls an example back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def asked(loan, kind, day, amount, pick):
    """The arguments of `book` for a drawn act."""
    on = FIRST + timedelta(days=day)
    if kind in ("payment", "fee", "penalty"):
        amounts = amount if kind == "payment" else 1 + amount // 50
        return (kind, loan, on, amounts), {}
    if kind == "refund":
        return (kind, loan, on, None if pick % 2 else amount // 10 + 1), {}
    if kind == "waiver":
        return (kind, loan, on, {("fees", "penalty", "interest", "principal")[pick % 4]: 1 + amount // 100}), {}
    if kind == "write-off":
        return (kind, loan, on, None if pick % 2 else {"principal": amount}), {}
    if kind == "transfer":
        return (kind, loan, on, 1 + amount // 10), {"other_loan": LOANS[pick % 3]}
    if kind == "pause":
        return (kind, loan, on, None), {"until_on": on + timedelta(days=pick % 60)}
    if kind == "re-age":
        return (kind, loan, on, None), {"months": 1 + pick % 3}
    if kind == "re-amortize":
        return (kind, loan, on, None), {"term": 1 + pick % 12, "annual_rate": "0.12"}
    acts = list(Entry.objects.filter(loan_id=loan, of_entry=None).order_by("entry_id").values_list("pk", flat=True))
    return ("reversal", loan, on, None), {"entry": acts[pick % len(acts)]}


def run(acts):
    """Book what can be booked; each preview is held against its booking. Yields the instants after each act."""
    at = datetime(2027, 1, 1, tzinfo=UTC)
    instants = []
    for place, drawn in enumerate(acts):
        at += timedelta(minutes=1)
        words, facts = asked(*drawn)
        try:
            shown = preview(*words, f"c{place}", **facts)
        except Refused as refused:
            with pytest.raises(type(refused)), transaction.atomic():
                book(*words, f"c{place}", f"k{place}", actor="a", at=at, **facts)
            continue
        receipt = book(*words, f"c{place}", f"k{place}", actor="a", at=at, **facts)
        same_as_booked(shown, receipt.entry_id, words[1], at)
        instants.append(at)
    return instants


def same_as_booked(shown, entry_id, loan, at):
    booked = [
        entry
        for entry in history(loan).booked
        if entry.act.entry_id >= entry_id  # the other loan's side of a transfer comes later
    ]
    told = [(e.kind, e.effective_on, e.reverses, e.lines) for e in shown.entries]
    assert told == [(e.act.kind, e.act.effective_on, e.act.reverses, e.lines) for e in booked]


def agree(as_of, known_at=None):
    """The engine's aging on the ledger's events, and the ledger's own balances."""
    mine, theirs = balances(LOANS, as_of, known_at), aged(as_of, known_at)
    for loan in LOANS:
        row, own = theirs[loan], mine.get(loan)
        told = [row[f"arrears_{name}"] for name in ("principal", "interest", "fees", "total")]
        told += [row["dpd"], row["principal_outstanding"], row["installments_overdue"], row["oldest_unpaid_due_on"]]
        held = [own.arrears_principal, own.arrears_interest, own.arrears_fees + own.arrears_penalty]
        held += [own.arrears_total]
        held = [value / 100 for value in held] + [own.dpd, own.principal_outstanding / 100]
        held += [own.installments_overdue, own.oldest_unpaid_due_on]
        assert [float(x) if not isinstance(x, date | None) else x for x in told] == held, (loan, as_of, known_at)


@QUICK
@given(acts=ACTS, days=st.tuples(st.integers(0, 330), st.integers(200, 400)), cut=st.integers(0, 1_000))
def test_any_sequence_of_acts(acts, days, cut):
    with undone():
        for place, loan in enumerate(LOANS):
            lend(loan, borrower_id=f"B{place}", fee=100 * (place == 1))
        instants = run(acts)
        everything_is_true()
        for day in days:
            agree(FIRST + timedelta(days=day))
        if instants:
            agree(FIRST + timedelta(days=days[0]), instants[cut % len(instants)])


def everything_is_true():
    for loan in LOANS:
        assert list(differences(history(loan))) == []
    assert list(verify()) == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(amount), 0) FROM ledger_postings WHERE account = 'transit'")
        assert cursor.fetchone() == (0,)


@QUICK
@given(acts=ACTS, rule=st.sampled_from(["principal_first", "cn_by_component", "advanced", "cn_civil_code"]))
def test_any_rule_of_allocation(acts, rule):
    with undone():
        for place, loan in enumerate(LOANS):
            lend(loan, borrower_id=f"B{place}", fee=100, rule=rule)
        run(acts)
        everything_is_true()
