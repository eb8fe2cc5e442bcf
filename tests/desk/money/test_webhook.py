"""Payments told by webhook: only who knows the secret, only now, only once."""

from __future__ import annotations

import json
import time

import pytest
from django.test import Client

from forbear.desk.ledger.models import Entry
from forbear.desk.money.webhook import WINDOW, sign
from forbear.testing.lending import lend

pytestmark = pytest.mark.django_db
SECRET = "a" * 40
NEXT = "b" * 40
BODY = {"event_id": "E1", "loan_id": "L1", "paid_on": "2026-02-20", "amount": 5_000}


@pytest.fixture(autouse=True)
def known_sender(db, monkeypatch):
    monkeypatch.setenv("FORBEAR_WEBHOOK_SECRETS", f"alipay={SECRET},alipay={NEXT},weak=short")
    lend("L1")


def tell(body=BODY, *, secret=SECRET, at=None, sender="alipay", signature=None, sent=None):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = int(time.time()) if at is None else at
    signed = sign(secret.encode(), stamp, raw) if signature is None else signature
    headers = {"Forbear-Timestamp": str(stamp), "Forbear-Signature": signed}
    return Client().post(
        f"/api/v1/hooks/{sender}/payments", sent or raw, content_type="application/json", headers=headers
    )


def booked():
    return Entry.objects.filter(kind="payment").count()


def test_a_signed_payment_is_booked_once_however_often_it_is_told():
    first = tell()
    assert first.status_code == 201, first.content
    assert first.json()["payment_id"] == "alipay-E1"
    assert tell(at=int(time.time()) + 2).content == first.content
    assert tell(BODY | {"amount": 6_000}).status_code == 409
    assert booked() == 1


def test_both_secrets_hold_while_one_is_exchanged():
    assert tell(secret=NEXT).status_code == 201
    both = ",".join(sign(s.encode(), int(time.time()), json.dumps(BODY).encode()) for s in ("c" * 40, SECRET))
    assert tell(signature=both).status_code == 201


@pytest.mark.parametrize(
    "forged",
    [
        {"secret": "c" * 40},
        {"secret": "short", "sender": "weak"},
        {"sender": "nobody"},
        {"signature": ""},
        {"signature": "v1="},
        {"signature": "v1=\u00e9"},
        {"sent": json.dumps(BODY | {"amount": 50_000}).encode()},
        {"at": int(time.time()) - int(WINDOW.total_seconds()) - 60},
        {"at": int(time.time()) + int(WINDOW.total_seconds()) + 600},
        {"at": "soon", "signature": "v1=00"},
    ],
)
def test_what_is_forged_changed_or_old_is_refused(forged):
    assert tell(**forged).status_code == 401
    assert booked() == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", {"event_id": "E1"}, BODY | {"amount": "5000"}])
def test_a_signed_message_that_cannot_be_read_is_told_so(body):
    assert tell(body).status_code == 422
    assert booked() == 0


def test_an_unknown_loan_is_told_so():
    assert tell(BODY | {"loan_id": "nobody's"}).status_code == 404
