"""Payments over HTTP: one key one payment, the same answer for ever, reversals by two, no way in without right."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from django.test import Client

from forbear.desk.ledger.balances import balances
from forbear.desk.ledger.booking import book
from forbear.desk.ledger.models import Entry
from forbear.desk.ledger.verify import verify
from forbear.testing.lending import lend

pytestmark = pytest.mark.django_db
URL = "/api/v1/payments"
NOW = datetime(2027, 1, 1, tzinfo=UTC)
BODY = {"loan_id": "L1", "paid_on": "2026-02-20", "amount": 30_000, "payment_id": "P1", "source": "till"}


@pytest.fixture(autouse=True)
def loan(db):
    lend("L1")


@pytest.fixture
def till(as_role):
    """A client that may book."""
    return as_role("manager", username="till")


def post(client, body=BODY, key="k1", url=URL, **headers):
    words = {"Idempotency-Key": key, **headers} if key else headers
    return client.post(url, data=json.dumps(body), content_type="application/json", headers=words)


def test_a_payment_is_booked_and_told(till):
    told = post(till)
    assert told.status_code == 201, told.content
    answer = told.json()
    assert answer["parts"] == [
        {"number": 1, "component": "interest", "amount": 1_800},
        {"number": 1, "component": "principal", "amount": 19_263},
        {"number": 2, "component": "interest", "amount": 1_511},
        {"number": 2, "component": "principal", "amount": 7_426},
    ]
    assert (answer["unapplied"], answer["currency"]) == (0, "CNY")
    assert Entry.objects.get(kind="payment").actor == "till"


def test_the_same_key_gives_the_same_answer_whatever_happened_since(till):
    first = post(till)
    book("payment", "L1", date(2026, 2, 1), 5_000, "P0", "k0", actor="a", at=NOW)
    again = post(till)
    assert again.status_code == 201
    assert again.content == first.content
    assert again["Idempotent-Replayed"] == "true"
    now = till.get(f"{URL}/P1").json()
    assert now["parts"] != first.json()["parts"]
    assert sum(part["amount"] for part in now["parts"]) == 30_000


@pytest.mark.parametrize("change", [{"amount": 30_001}, {"paid_on": "2026-02-21"}, {"payment_id": "P2"}])
def test_the_same_key_with_another_body_is_refused(till, change):
    post(till)
    told = post(till, BODY | change)
    assert told.status_code == 409
    assert "used for something else" in told.json()["detail"]
    assert Entry.objects.filter(kind="payment").count() == 1


def test_a_backdated_payment_answers_the_same_way(till):
    post(till, BODY | {"paid_on": "2026-04-20"}, key="later")
    first = post(till, BODY | {"payment_id": "P0", "paid_on": "2026-02-10"}, key="earlier")
    assert first.status_code == 201
    assert post(till, BODY | {"payment_id": "P0", "paid_on": "2026-02-10"}, key="earlier").content == first.content
    assert list(verify()) == []


def test_keys_of_two_users_do_not_meet(till, as_role):
    assert post(till).status_code == 201
    assert post(as_role("manager", username="bank"), BODY | {"payment_id": "P2"}).status_code == 201


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"amount": 0}, 422),
        ({"amount": -1}, 422),
        ({"amount": 10**16}, 422),
        ({"amount": 1.5}, 422),
        ({"amount": "30000"}, 422),
        ({"amount": True}, 422),
        ({"paid_on": "2026-02-30"}, 422),
        ({"paid_on": 20_000}, 422),
        ({"paid_on": "0001-01-01"}, 422),
        ({"paid_on": "2199-12-31"}, 422),
        ({"loan_id": "nobody's"}, 404),
        ({"loan_id": "L\x00"}, 422),
        ({"payment_id": "\ud800"}, 422),
        ({"source": "x" * 201}, 422),
    ],
)
def test_bad_payments_are_refused(till, change, status):
    assert post(till, BODY | change).status_code == status
    assert not Entry.objects.filter(kind="payment").exists()


@pytest.mark.parametrize("key", ["", "k" * 101, "two words", "schlüssel"])
def test_a_key_is_needed_and_plain(till, key):
    assert post(till, key=key).status_code == 422


def test_payments_are_listed_a_page_at_a_time(till):
    for n in range(5):
        post(till, BODY | {"payment_id": f"P{n}", "amount": 100 + n}, key=f"k{n}")
    first = till.get(f"{URL}?loan_id=L1&limit=3").json()
    rest = till.get(f"{URL}?loan_id=L1&limit=3&before={first[-1]['entry_id']}").json()
    assert [one["payment_id"] for one in first + rest] == ["P4", "P3", "P2", "P1", "P0"]
    assert till.get(f"{URL}/none").status_code == 404


def decide(client, proposal, how, body=None):
    return post(client, body or {}, "", f"/api/v1/approvals/{proposal['approval_id']}/{how}")


def test_a_reversal_takes_two_people(till, as_role):
    post(till)
    manager, other = as_role("manager", username="mei"), as_role("manager", username="chen")
    why = {"reason": "bounced", "effective_on": "2026-02-25"}
    assert post(as_role("agent"), why, "", f"{URL}/P1/reversals").status_code == 403
    proposed = post(manager, why, "", f"{URL}/P1/reversals")
    assert proposed.status_code == 201, proposed.content
    assert post(manager, why, "", f"{URL}/P1/reversals").status_code == 409
    assert decide(manager, proposed.json(), "approve").status_code == 409
    assert balances(["L1"], date(2026, 3, 1))["L1"].paid_total == 30_000
    told = decide(other, proposed.json(), "approve")
    assert (told.status_code, told.json()["state"], told.json()["decided_by"]) == (200, "executed", "chen")
    assert Entry.objects.get(kind="reversal", of_entry=None).actor == "chen"
    assert decide(other, proposed.json(), "approve").status_code == 409
    assert balances(["L1"], date(2026, 3, 1))["L1"].paid_total == 0
    assert till.get(f"{URL}/P1").json()["reversed_on"] == "2026-02-25"
    assert post(manager, why, "", f"{URL}/P1/reversals").status_code == 409
    assert list(verify()) == []


def test_a_refused_reversal_books_nothing_and_can_be_proposed_again(till, as_role):
    post(till)
    manager, other = as_role("manager", username="mei"), as_role("manager", username="li")
    why = {"reason": "bounced", "effective_on": "2026-02-25"}
    made = post(manager, why, "", f"{URL}/P1/reversals").json()
    assert decide(other, made, "refuse", {"reason": "the bank says otherwise"}).json()["state"] == "refused"
    assert not Entry.objects.filter(kind="reversal").exists()
    assert post(manager, why, "", f"{URL}/P1/reversals").status_code == 201


@pytest.mark.parametrize("role", ["administrator", "agent", "compliance", "risk", "agency", "funder", "borrower"])
def test_only_those_with_the_right_book(as_role, role):
    assert post(as_role(role)).status_code == 403
    assert not Entry.objects.filter(kind="payment").exists()


def test_nobody_books_who_is_not_signed_in():
    assert post(Client()).status_code == 401
    assert not Entry.objects.filter(kind="payment").exists()


def test_a_database_that_is_away_is_told_as_such_and_to_be_asked_again(till, monkeypatch):
    from django.db import OperationalError

    from forbear.desk.money import payments

    def away(*_given, **_more):
        raise OperationalError("the connection is lost")

    with monkeypatch.context() as patched:
        patched.setattr(payments, "pay", away)
        told = post(till)
    assert told.status_code == 503
    assert "same key" in told.json()["hint"]
    assert post(till).status_code == 201
