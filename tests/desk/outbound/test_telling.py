"""What happens is told in the same transaction, once, without personal data, as the schema says."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone

from forbear.desk.calls.promising import Part, promise
from forbear.desk.ledger.booking import Payment, book, pay, pay_many
from forbear.desk.ledger.opening import load_payments
from forbear.desk.outbound.kinds import KINDS, TEST, schema
from forbear.desk.outbound.models import Delivery, Event, Webhook
from forbear.desk.people.approvals import propose, refuse
from forbear.desk.privacy import put
from forbear.desk.privacy.consent import say
from forbear.desk.record.models import Borrower, Case, Complaint, Contact
from forbear.desk.record.work import note
from forbear.testing.lending import lend

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
DAY = date(2026, 2, 20)
SCHEMA = Path(__file__).parents[3] / "docs" / "webhooks.schema.json"
SECRET_WORDS = ("Wang Xiaoming", "13812345678", "she was shouted at", "called from her office")


def told(kind: str = "") -> list[Event]:
    rows = Event.objects.order_by("event_id")
    return list(rows.filter(kind=kind) if kind else rows)


def pay_one(payment_id: str, amount: int = 5_000) -> None:
    pay(Payment(payment_id, "L1", DAY, amount, f"k-{payment_id}"), actor="till", at=AT)


def a_day_of_everything(user) -> None:
    """Everything that is told, once at least, with personal data lying around it."""
    lend("L1")
    pay_one("P1")
    entry = book("fee", "L1", DAY, 500, "late", "k2", actor="desk", at=AT).entry_id
    book("waiver", "L1", DAY, {"fees": 100}, "hardship", "k3", actor="desk", at=AT)
    book("pause", "L1", DAY, None, "flood", "k4", actor="desk", at=AT, until_on=date(2026, 3, 20))
    book("re-age", "L1", date(2026, 3, 1), None, "plan", "k5", actor="desk", at=AT, months=1)
    payment = Event.objects.get(kind="payment.booked").data["entry_id"]
    book("reversal", "L1", date(2026, 3, 2), None, "bounced", "k6", actor="desk", at=AT, entry=payment)
    pay_one_more = Payment("P9", "L1", date(2026, 3, 3), 9_000_000, "k9")
    pay(pay_one_more, actor="till", at=AT)
    book("refund", "L1", date(2026, 3, 4), 1_000, "too much", "k7", actor="desk", at=AT)
    lend("L2")
    book("transfer", "L1", date(2026, 3, 4), 1_000, "hers", "k8", actor="desk", at=AT, other_loan="L2")
    book("write-off", "L2", date(2026, 3, 5), None, "gone", "k10", actor="desk", at=AT)
    assert entry
    put("B1", "name", SECRET_WORDS[0], "tests")
    put("B1", "phone", SECRET_WORDS[1], "tests")
    borrower = Borrower.objects.get(pk="B1")
    case = Case.objects.create(case_id="C1", borrower=borrower, arrears=5, dpd=3, bucket="M1")
    case.closed_at, case.closed_because = AT, "cured"
    case.save()
    other = Case.objects.create(case_id="C2", borrower=borrower)
    other.closed_at, other.closed_because = AT, "settled"
    other.save()
    made = [promise(user, "B1", [Part(AT.date(), 5_00)], AT, currency="CNY")[0] for _ in range(4)]
    for one, state in zip(made, ("kept", "part_kept", "broken", "withdrawn"), strict=True):
        one.state, one.settled_at = state, AT
        one.save()
    contact = Contact.objects.create(contact_id="T1", borrower=borrower, at=AT, channel="call", loan_id="L1|L2")
    contact.result = "promise"
    contact.save()
    note(user, "B1", SECRET_WORDS[3], AT)
    complaint = Complaint.objects.create(complaint_id="Q1", borrower=borrower, channel="call", text=SECRET_WORDS[2])
    complaint.answered_at, complaint.answer = AT, SECRET_WORDS[2]
    complaint.save()
    say("B1", "calls", True, AT, source="call", by=user)


def test_everything_is_told_as_the_schema_says_and_without_personal_data(subscribe, user_of):
    subscribe("https://core.example/hook")
    manager = user_of("manager")
    a_day_of_everything(manager)
    asked = propose(
        manager,
        "payments.reverse",
        {
            "payment_id": "P9",
            "loan_id": "L1",
            "entry_id": 1,
            "effective_on": "2026-03-04",
            "reason": SECRET_WORDS[2],
        },
        "payment:P9",
        timezone.now(),
    )
    refuse(user_of("compliance", "cora"), asked.pk, "no", timezone.now())
    events = told()
    missing = set(KINDS) - {event.kind for event in events} - {"loan.act_reversed"}
    assert not missing
    for event in events:
        KINDS[event.kind][0].model_validate_json(json.dumps(event.data))
        for words in SECRET_WORDS:
            assert words not in json.dumps(event.data, ensure_ascii=False)
        about_nobody = event.kind.startswith("approval") and event.data["borrower_id"] is None
        assert event.lane == "B1" or about_nobody
    assert Delivery.objects.count() == len(events)


def test_the_described_schema_is_the_code_s():
    assert json.loads(SCHEMA.read_text("utf-8")) == json.loads(json.dumps(schema())), (
        "run python -m forbear.desk.outbound.kinds docs/webhooks.schema.json"
    )
    assert {one["title"] for one in schema()["oneOf"]} == {*KINDS, TEST}


def test_a_payment_is_told_once_by_each_way_of_booking(subscribe):
    subscribe("https://core.example/hook", ["payment.booked"])
    lend("L1")
    pay_one("P1")
    pay_one("P1")
    pay_many([Payment(f"M{n}", "L1", DAY, 10, f"m{n}") for n in range(3)], actor="till", at=AT)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE given (payment_id text, loan_id text, paid_on date, amount bigint, source text)"
        )
        cursor.execute("INSERT INTO given VALUES ('F1', 'L1', '2026-02-21', 700, 'bank')")
    load_payments("pg_temp.given", actor="import", at=AT + timedelta(days=1))
    data = [event.data for event in told("payment.booked")]
    assert [(row["payment_id"], row["amount"], row["currency"]) for row in data] == [
        ("P1", 5_000, "CNY"),
        *((f"M{n}", 10, "CNY") for n in range(3)),
        ("F1", 700, "CNY"),
    ]


def test_what_is_undone_is_not_told(subscribe):
    subscribe("https://core.example/hook")
    lend("L1")
    before = Event.objects.count()
    with transaction.atomic():
        pay_one("P1")
        assert Event.objects.count() == before + 1
        transaction.set_rollback(True)
    assert Event.objects.count() == before


def test_nothing_is_written_while_nobody_listens_to_it(subscribe, user_of):
    lend("L1")
    assert not Event.objects.exists()
    hook, _ = subscribe("https://core.example/hook", ["case.opened"])
    pay_one("P1")
    assert not Event.objects.exists()
    Webhook.objects.filter(pk=hook.pk).update(state="disabled")
    Case.objects.create(case_id="C1", borrower_id="B1")
    assert not Event.objects.exists()


def test_each_subscription_is_told_what_it_is_for(subscribe):
    subscribe("https://core.example/hook", ["payment.booked"], name="core")
    subscribe("https://crm.example/hook", ["payment.booked", "loan.opened"], name="crm")
    lend("L1")
    pay_one("P1")
    got = {(row.webhook.name, row.event.kind) for row in Delivery.objects.select_related("webhook", "event")}
    assert got == {("core", "payment.booked"), ("crm", "payment.booked"), ("crm", "loan.opened")}
