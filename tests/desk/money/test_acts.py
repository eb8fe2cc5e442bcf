"""What is let go or arranged anew: the preview is the booking to the minor unit; what changed meanwhile is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forbear.basics.errors import AnswerIsNo
from forbear.desk.ledger.balances import balances
from forbear.desk.ledger.booking import book
from forbear.desk.ledger.refusals import Refused
from forbear.desk.ledger.verify import verify
from forbear.desk.money.acts import LAST_DAY, Wanted, effect_of, propose_act
from forbear.desk.money.previews import effects, is_stale
from forbear.desk.people.approvals import approve
from forbear.desk.record.models import Installment
from forbear.testing.lending import lend

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def two(user_of):
    return user_of("manager"), user_of("manager", "second")


def wanted(kind: str, loan: str = "L1", on: date = date(2026, 4, 20), **more) -> Wanted:
    return Wanted(kind=kind, loan_id=loan, effective_on=on, reason="hardship", **more)


def standing(loan: str = "L1") -> dict[str, int]:
    now = balances([loan], LAST_DAY)[loan]
    told = {n: getattr(now, f"{n}_outstanding") for n in ("principal", "interest", "penalty", "fees")}
    return told | {"unapplied": now.unapplied, "written_off": now.written_off}


ACTS = st.one_of(
    st.builds(lambda a: wanted("waiver", amounts={"interest": a}), st.integers(1, 1_500)),
    st.builds(
        lambda a, b: wanted("write-off", amounts={"principal": a, "interest": b}),
        st.integers(1, 9_000),
        st.integers(1, 900),
    ),
    st.just(wanted("write-off")),
    st.builds(lambda m: wanted("re-age", months=m), st.integers(1, 6)),
    st.builds(
        lambda t, r: wanted("re-amortize", term=t, annual_rate=Decimal(r) / 100),
        st.integers(1, 24),
        st.integers(0, 36),
    ),
)


@given(act=ACTS, paid=st.integers(0, 40_000), on=st.dates(date(2026, 1, 20), date(2026, 6, 1)))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_was_seen_is_what_is_booked(db, two, act, paid, on):
    from django.db import transaction

    manager, second = two
    with transaction.atomic():
        lend("L1")
        if paid:
            book("payment", "L1", on, paid, "P1", "k", actor="t", at=NOW)
        try:
            asked = propose_act(manager, act, NOW)
        except Refused:
            transaction.set_rollback(True)
            return
        (seen,) = effects(asked)
        before = standing()
        assert {name: b for name, b, _ in seen.standing} == {n: before[n] for n, _, _ in seen.standing}
        approve(second, asked.pk, NOW)
        after = standing()
        assert {name: a for name, _, a in seen.standing} == {n: after[n] for n, _, _ in seen.standing}
        assert all(
            after[name] == amount for name, amount in before.items() if name not in {n for n, _, _ in seen.standing}
        )
        if seen.rows:
            from forbear.desk.record.models import Loan

            version = Loan.objects.get(pk="L1").schedule_version
            rows = Installment.objects.filter(loan_id="L1", version=version).order_by("due_on", "number")
            booked = rows.values_list("number", "due_on", "principal_due", "interest_due", "fees_due")
            assert sorted(map(tuple, seen.rows)) == sorted(booked)
        assert list(verify()) == []
        transaction.set_rollback(True)


def test_a_refund_gives_back_credit_alone(db, two):
    manager, second = two
    lend("L1")
    with pytest.raises(Refused):
        propose_act(manager, wanted("refund"), NOW)
    book("payment", "L1", date(2026, 2, 1), 200_000, "P1", "k", actor="t", at=NOW)
    credit = standing()["unapplied"]
    assert credit > 0
    asked = propose_act(manager, wanted("refund"), NOW)
    approve(second, asked.pk, NOW)
    assert standing()["unapplied"] == 0


def test_what_changed_since_it_was_seen_is_refused_and_proposed_anew(db, two):
    manager, second = two
    lend("L1")
    asked = propose_act(manager, wanted("write-off"), NOW)
    with pytest.raises(AnswerIsNo, match="waits for a second person"):
        propose_act(manager, wanted("re-age", months=1), NOW)
    assert not is_stale(asked)
    book("payment", "L1", date(2026, 4, 1), 10_000, "P1", "k", actor="t", at=NOW)
    assert is_stale(asked)
    before = standing()
    with pytest.raises(AnswerIsNo, match="has changed since"):
        approve(second, asked.pk, NOW)
    assert standing() == before


def test_a_preview_saves_nothing(db):
    lend("L1")
    before = standing()
    effect_of(wanted("re-amortize", term=12, annual_rate=Decimal("0.1")))
    assert standing() == before
    assert Installment.objects.filter(loan_id="L1").values("version").distinct().count() == 1
