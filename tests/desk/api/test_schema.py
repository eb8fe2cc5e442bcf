"""The whole API against its own description, by schemathesis: no 5xx, no answer that the description does not name."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks

from forbear.desk.ledger.booking import book
from forbear.desk.money.models import Receipt
from forbear.desk.money.taking import take_file
from forbear.desk.people.models import User
from forbear.desk.people.rights import actions
from forbear.desk.wsgi import application
from forbear.testing.lending import lend
from tests.desk.endpoints import endpoints
from tests.desk.money.conftest import document, entry, statement
from tests.desk.test_matrix import DEEPER

EXAMPLES = int(os.environ.get("FORBEAR_EXAMPLES", "15"))
FORGED = "f" * 32
FILE = document(statement(entry("5"), entry("6"), entry("6", way="DBIT", reversal=True)))
HELD_TO = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
ROLES = ("manager", "administrator", "compliance", "service", "borrower")
"""Each operation is asked by the first of these that has its right."""
asking: dict[str, str] = {}


def browser(environ, start_response):
    """The desk as a signed-in browser asks it, whatever the request itself carries."""
    return application(environ | {"HTTP_HOST": "testserver"} | asking, start_response)


schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", browser)


@schema.hook
def map_body(context, body):
    """Every body that names a loan names one that is there, so that money is booked too."""
    known = {"loan_id": "L1", "paid_on": "2026-03-01"}
    if isinstance(body, dict) and isinstance(body.get("loan_id"), str):
        return body | {name: value for name, value in known.items() if name in body}
    return body


@schema.hook
def map_path_parameters(context, parameters):
    """Every other one asks for a payment that is there; there are no others."""
    if parameters and len(str(parameters.get("payment_id", ""))) % 2:
        return parameters | {"payment_id": "P1"}
    if parameters and isinstance(parameters.get("receipt_id"), int) and parameters["receipt_id"] % 2:
        return parameters | {"receipt_id": Receipt.objects.order_by("pk").values_list("pk", flat=True)[0]}
    return parameters


@pytest.fixture
def sign_in(user_of):
    """Lets the next request come from somebody who has the right of an operation."""
    lend("L1")
    book("payment", "L1", date(2026, 2, 20), 5_000, "P1", "k", actor="till", at=datetime(2026, 3, 1, tzinfo=UTC))
    take_file(FILE, "a.xml", None, actor="tests", at=datetime(2026, 3, 1, tzinfo=UTC))
    rights = {(one.method, f"/{one.route}"): one.action for one in endpoints() if one.is_api}
    for signal in (request_started, request_finished):  # as Django's own test client does: one transaction for all
        signal.disconnect(close_old_connections)

    def signed_in(method: str, path: str) -> None:
        action = rights.get((method.upper(), path))
        role = next((one for one in ROLES if action is None or one in actions()[action].roles), ROLES[0])
        user = User.objects.filter(role=role, is_active=True).first() or user_of(
            role, f"{role}{User.objects.count()}"
        )
        client = Client()
        client.force_login(user)
        cookies = [f"{name}={morsel.value}" for name, morsel in client.cookies.items()]
        asking.update(HTTP_COOKIE="; ".join([*cookies, f"csrf={FORGED}"]), HTTP_X_CSRFTOKEN=FORGED)

    yield signed_in
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
    asking.clear()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)
def test_every_operation_keeps_its_word(db, sign_in, case):
    sign_in(case.operation.method, case.operation.full_path)
    told = case.call_and_validate(checks=HELD_TO)
    open_door = case.path.startswith("/api/v1/hooks/") or f"{case.method} {case.operation.full_path}" in DEEPER
    assert open_door or told.status_code not in (401, 403), "the test must get past the door to try anything"
