"""On the running desk: proposed and approved by two people, a payment booked by a program, told by the background."""

from __future__ import annotations

import json
import time

import pytest
import requests
from standardwebhooks import Webhook as Library

from forbear.testing.books import write_good_book
from forbear.testing.desk import PASSWORD

pytestmark = [pytest.mark.postgres]


def signed_in(desk, username: str, role: str) -> requests.Session:
    """A session of somebody who has just signed in by the form."""
    desk.add_user(username, role)
    session = requests.Session()
    session.get(f"{desk.url}/accounts/login/")
    form = {"login": username, "password": PASSWORD, "csrfmiddlewaretoken": session.cookies["csrf"]}
    assert session.post(f"{desk.url}/accounts/login/", form, allow_redirects=False).status_code == 302
    session.headers["X-CSRFToken"] = session.cookies["csrf"]
    return session


def test_a_payment_booked_by_a_program_reaches_the_receiver(new_desk, receiver, tmp_path):
    new_desk.start()  # the receiver's fixture allows loopback in the environment that it inherits
    write_good_book(tmp_path / "book", loans=2)
    new_desk.run("desk", "import", str(tmp_path / "book"))
    api = f"{new_desk.url}/api/v1"
    ada, cora = signed_in(new_desk, "ada", "administrator"), signed_in(new_desk, "cora", "compliance")
    wanted = {"name": "core", "url": receiver.url, "kinds": ["payment.booked"]}
    asked = ada.post(f"{api}/webhooks", json=wanted)
    assert asked.status_code == 202, asked.text
    assert cora.post(f"{api}/approvals/{asked.json()['approval_id']}/approve", json={}).status_code == 200
    (hook,) = ada.get(f"{api}/webhooks").json()
    secret = ada.post(f"{api}/webhooks/{hook['webhook_id']}/secret", json={}).json()["secret"]
    new_desk.add_user("till", "service")
    scopes = ["--scope=payments.book", "--scope=loans.see"]
    token = new_desk.run("desk", "token", "add", "till", "--name", "till", *scopes).strip()
    headers = {"Authorization": f"Bearer {token}"}
    loan = requests.get(f"{api}/loans?limit=1", headers=headers, timeout=30).json()["rows"][0]["loan_id"]
    body = {"loan_id": loan, "paid_on": "2026-03-01", "amount": 1234, "payment_id": "T-1"}
    booked = requests.post(f"{api}/payments", json=body, headers={**headers, "Idempotency-Key": "k"}, timeout=30)
    assert booked.status_code == 201
    until = time.monotonic() + 60
    while not receiver.got and time.monotonic() < until:
        time.sleep(0.05)
    (got,) = receiver.got
    told = Library(secret).verify(got[1], got[0])
    assert told["type"] == "payment.booked"
    assert (told["data"]["payment_id"], told["data"]["amount"]) == ("T-1", 1234)
    assert told["data"]["entry_id"] == booked.json()["entry_id"]
    shown = new_desk.run("desk", "export", "payments", "--only", f"loan_id={loan}", "--out", "-")
    assert "T-1" in shown
    assert json.dumps(told)
    for line in new_desk.log.splitlines():
        assert secret not in line
        assert token not in line
