"""The whole API against its own description, by schemathesis: no 5xx, no answer that the description does not name.

Each operation is asked by a role that may do it, on a desk that has what it asks for: a loan with payments, a borrower
with personal data and consents, proposals that wait, accounts, tokens. The second test follows answers into further
requests, as a program would.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from ninja import Schema
from psycopg.pq import TransactionStatus
from schemathesis import checks

from forbear.desk.api.root import api
from forbear.desk.ledger.booking import book
from forbear.desk.money.models import Receipt
from forbear.desk.money.payments import payments, propose_reversal
from forbear.desk.money.taking import take_file
from forbear.desk.outbound.subscribing import made as made_webhook
from forbear.desk.outbound.subscribing import tried
from forbear.desk.people.models import User
from forbear.desk.people.rights import actions
from forbear.desk.people.tokens import issue, make_token
from forbear.desk.privacy import put
from forbear.desk.record.models import Borrower
from forbear.desk.wsgi import application
from forbear.testing.lending import lend
from tests.desk.endpoints import endpoints
from tests.desk.money.conftest import document, entry, statement

EXAMPLES = int(os.environ.get("FORBEAR_EXAMPLES", "12"))
EDGES = (Phase.explicit,) if os.environ.get("FORBEAR_EDGES") else ()
"""With FORBEAR_EDGES=1 also every edge of every value, and methods that are not there: some minutes."""
FORGED = "f" * 32
FILE = document(statement(entry("5"), entry("6"), entry("6", way="DBIT", reversal=True)))
HELD_TO = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
ROLES = ("manager", "compliance", "administrator")
"""Who asks; for each operation the first of them that may, or a program where only programs may."""
DEEPER = {
    "POST /api/v1/users/{username}/first-password": "to whoever approved the account",
    "POST /api/v1/users/tokens/{token_id}/issue": "to whoever made the token",
    "POST /api/v1/approvals/{approval_id}/approve": "each kind has rights of its own",
    "POST /api/v1/approvals/{approval_id}/refuse": "as approve",
    "POST /api/v1/approvals/{approval_id}/withdraw": "one's own alone",
    "POST /api/v1/exports/{name}/{form}": "each list has a right of its own beside",
}
"""Operations that may say 403 to a role that has the right, and why."""
ACTIONS = {str(one): one.action for one in endpoints() if one.is_api}
known: dict[str, list[str]] = {}
cookies: dict[str, str] = {}


def browser(environ, start_response):
    """The desk as the browser of whoever asks sends it: schemathesis's own client keeps no cookie of ours."""
    session = cookies.get(environ.get("HTTP_X_ASKS", ""), "")
    given = {"HTTP_HOST": "testserver", "HTTP_COOKIE": session, "HTTP_X_CSRFTOKEN": FORGED}
    if environ.get("HTTP_X_ASKS") == "service":
        given["HTTP_AUTHORIZATION"] = f"Bearer {known['token'][0]}"
    if not connection.in_atomic_block:  # the description itself, which asks no database
        return application(environ | given, start_response)
    before = transaction.savepoint()
    answer = application(environ | given, start_response)
    if connection.connection.info.transaction_status == TransactionStatus.INERROR:
        transaction.savepoint_rollback(before)  # alone on a desk a statement that failed takes nothing else with it
    return answer


schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", browser)


@schema.hook
def map_body(context, body):
    """Every body that names a loan names one that is there, so that money is booked too."""
    there = {"loan_id": "L1", "paid_on": "2026-03-01"}
    if isinstance(body, dict) and isinstance(body.get("loan_id"), str):
        return body | {name: value for name, value in there.items() if name in body}
    return body


@schema.hook
def map_path_parameters(context, parameters):
    """Of every parameter that names something, every other value names something that is there."""
    return {
        name: known[name][len(str(value)) % len(known[name])]
        if name in known and sum(map(ord, str(value))) % 2
        else value
        for name, value in (parameters or {}).items()
    }


def may(method: str, path: str) -> str:
    """A role that may ask this; of others' sessions, who may end them."""
    if path.endswith("/sign-out"):
        return "administrator"
    wanted = ACTIONS.get(f"{method} {path}")
    if wanted and actions()[wanted].roles == {"service"}:
        return "service"
    return next((role for role in ROLES if wanted and role in actions()[wanted].roles), ROLES[0])


def headers_for(case) -> dict[str, str]:
    """Who asks."""
    return {"X-Asks": may(case.method.upper(), case.operation.path)}


@pytest.fixture
def furnished(db, user_of):
    """Something of everything, and a session of each role; all requests share the test's transaction."""
    now = timezone.now()
    lend("L1")
    for n, amount in enumerate((5_000, 7_000)):
        paid_on, at = date(2026, 2, 20 + n), datetime(2026, 3, 1, tzinfo=UTC)
        book("payment", "L1", paid_on, amount, f"P{n}", f"k{n}", actor="till", at=at)
    take_file(FILE, "a.xml", None, actor="tests", at=datetime(2026, 3, 1, tzinfo=UTC))
    importer = user_of("manager", "importer")
    put(Borrower.objects.get(pk="B1"), "phone", "13800138000", "importer")
    for role in ROLES:
        client = Client()
        client.force_login(user_of(role, f"asks-{role}"))
        jar = [f"{name}={morsel.value}" for name, morsel in client.cookies.items()]
        cookies[role] = "; ".join([*jar, f"csrf={FORGED}"])
    user_of("agent", "somebody")
    user_of("service", "till")
    made = make_token("tests", "till", "tests", ["payments.book"], now + timedelta(days=9), now)
    programs = make_token("tests", "till", "tests", ["portal.link"], now + timedelta(days=9), now)
    hook = made_webhook(
        user_of("administrator", "proposer"), "core", "https://core.example/", ["payment.booked"], now
    )
    told = tried(User.objects.get(username="proposer"), hook.pk, now)
    (paid,) = payments(payment_id="P1", most=1)
    waits = propose_reversal(paid, date(2026, 3, 1), "bounced", by=importer, at=now)
    known.update(
        loan_id=["L1"],
        payment_id=["P0", "P1"],
        borrower_id=["B1"],
        receipt_id=list(Receipt.objects.order_by("pk").values_list("pk", flat=True)[:3]),
        username=["somebody", "till"],
        token_id=[made.pk],
        token=[issue("tests", programs.pk)],
        approval_id=[str(waits.pk)],
        field=["phone", "name"],
        webhook_id=[str(hook.pk)],
        message_id=[told.message_id],
        key=["L1", "B1"],
        position=["1"],
    )
    for signal in (request_started, request_finished):  # as Django's own test client does: one transaction for all
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
    known.clear()
    cookies.clear()


def test_no_two_shapes_share_a_name():
    """Else the description shows one for the other, and clients made from it cannot read the answer."""
    named: dict[str, set[type]] = {}
    waiting = [Schema]
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        if one.__module__.startswith("forbear."):
            named.setdefault(one.__name__, set()).add(one)
    shown = api.get_openapi_schema(path_prefix="/api/v1/")["components"]["schemas"]
    assert len(shown) > 15
    assert not {name: found for name, found in named.items() if name in shown and len(found) > 1}


HOW = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@schema.parametrize()
@settings(max_examples=EXAMPLES, phases=(*EDGES, Phase.generate), **HOW)
def test_every_operation_keeps_its_word(furnished, case):
    told = case.call_and_validate(checks=HELD_TO, headers=headers_for(case))
    name = f"{case.method.upper()} {case.operation.path}"
    signed = "/hooks/" in name  # lets in by a signature, never by a session
    refused = told.status_code == 401 or (told.status_code == 403 and name not in DEEPER)
    assert signed or not refused, "the test must get past the door to try anything"


def test_answers_followed_into_further_requests_keep_their_word(furnished):
    class Program(schema.as_state_machine()):
        def get_call_kwargs(self, case):
            return {"headers": headers_for(case)}

        def validate_response(self, response, case, additional_checks=(), **more):
            case.validate_response(response, checks=HELD_TO)

    Program.run(settings=settings(max_examples=EXAMPLES, stateful_step_count=6, phases=(Phase.generate,), **HOW))
