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
from forbear.desk.wsgi import application
from forbear.testing.lending import lend

EXAMPLES = int(os.environ.get("FORBEAR_EXAMPLES", "15"))
FORGED = "f" * 32
HELD_TO = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
signed_in: dict[str, str] = {}


def browser(environ, start_response):
    """The desk as a signed-in browser asks it, whatever the request itself carries."""
    return application(environ | {"HTTP_HOST": "testserver"} | signed_in, start_response)


schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", browser)


@schema.hook
def map_body(context, body):
    """Every body that names a loan names one that is there, so that money is booked too."""
    return body | {"loan_id": "L1"} if isinstance(body, dict) and isinstance(body.get("loan_id"), str) else body


@schema.hook
def map_path_parameters(context, parameters):
    """Every other one asks for a payment that is there; there are no others."""
    if parameters and len(str(parameters.get("payment_id", ""))) % 2:
        return parameters | {"payment_id": "P1"}
    return parameters


@pytest.fixture
def manager(user_of):
    """A manager, who may do most, is signed in."""
    lend("L1")
    book("payment", "L1", date(2026, 2, 20), 5_000, "P1", "k", actor="till", at=datetime(2026, 3, 1, tzinfo=UTC))
    client = Client()
    client.force_login(user_of("manager"))
    cookies = [f"{name}={morsel.value}" for name, morsel in client.cookies.items()]
    signed_in.update(HTTP_COOKIE="; ".join([*cookies, f"csrf={FORGED}"]), HTTP_X_CSRFTOKEN=FORGED)
    for signal in (request_started, request_finished):  # as Django's own test client does: one transaction for all
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
    signed_in.clear()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)
def test_every_operation_keeps_its_word(db, manager, case):
    told = case.call_and_validate(checks=HELD_TO)
    signed = case.path.startswith("/api/v1/hooks/")  # lets in by a signature, never by a session
    assert signed or told.status_code not in (401, 403), "the test must get past the door to try anything"
