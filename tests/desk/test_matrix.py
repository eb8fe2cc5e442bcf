"""Who may do what, at every address: each role at each page and API operation, and nobody another's rows.

The addresses come from the URL resolver, so that one added without a rule fails here.
"""

from __future__ import annotations

import json
from datetime import date

import pytest
from django.test import Client

from forbear.desk.people.models import Agency, User
from forbear.desk.people.rights import actions
from forbear.desk.people.roles import Role
from forbear.desk.privacy import put
from forbear.desk.record.models import Borrower, Case, Complaint, Loan, Note
from tests.desk.endpoints import Endpoint, endpoints

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]

OPEN = {
    "": "everyone's own home; sends whoever is not signed in to sign in",
    "language": "the switch of language, before signing in too",
    "api/v1/hooks/{sender}/payments": "signed by its sender instead",
    "l/<str:purpose>/<str:token>": "a borrower's own link, signed, for one purpose, behind a second check",
    "my/in/<str:token>": "a link to a borrower's own page, signed, behind a second check",
    "my/closed": "the closed door of a borrower's own page: shows nothing",
    "my/leave": "ends the visit of whoever asks",
    "paid/<slug:provider>": "signed by the payment provider instead",
}
"""Addresses that need no right, and why."""

DEEPER = {
    "POST /api/v1/users/{username}/sign-out": "one's own sessions are everybody's, another's an administrator's",
    "POST /api/v1/users/{username}/first-password": "of a guarded account to whoever approved it",
    "POST /api/v1/exports/{name}/{form}": "each list has a right of its own beside",
}
"""Operations that may say 403 to a role that has the right, and why."""


def ask(client: Client, endpoint: Endpoint, value: str = "X"):
    body = json.dumps(endpoint.body) if endpoint.body is not None else ""
    kind = "application/json" if endpoint.is_api else "application/x-www-form-urlencoded"
    return client.generic(endpoint.method, endpoint.path(value), body, content_type=kind)


def test_every_address_names_an_action_or_is_listed_as_open():
    without = {str(one) for one in endpoints() if one.action is None and not one.hers and one.route not in OPEN}
    assert not without, f"put @requires on: {sorted(without)}"
    assert {one.action for one in endpoints() if one.action} <= set(actions())
    assert len([one for one in endpoints() if one.is_api]) > 20


def test_an_address_without_a_rule_would_be_found(monkeypatch):
    """The planted violation: an operation and a page without @requires."""
    from django.http import HttpResponse
    from django.urls import path

    from forbear.desk import urls
    from forbear.desk.api.root import api

    router = dict(api._routers)["/me"]
    monkeypatch.setitem(router.path_operations, "/planted", _planted_operation(router))
    planted = path("planted", lambda request: HttpResponse("all"))
    monkeypatch.setattr(urls, "urlpatterns", [*urls.urlpatterns, planted])
    from django.urls import clear_url_caches

    clear_url_caches()
    without = {str(one) for one in endpoints() if one.action is None and not one.hers and one.route not in OPEN}
    clear_url_caches()
    assert without == {"GET /planted", "POST /planted", "GET /api/v1/me/planted"}


def _planted_operation(router):
    from ninja.operation import PathView

    view = PathView()
    view.add_operation(path="/planted", methods=["GET"], view_func=lambda request: {})
    return view


def test_nobody_comes_in_without_signing_in():
    client = Client(raise_request_exception=False)
    for endpoint in endpoints():
        said = ask(client, endpoint).status_code
        if endpoint.is_api:
            assert said == 401 or (endpoint.route in OPEN and 400 <= said < 500), endpoint
        elif endpoint.route not in OPEN:  # a page of `hers` too: to its closed door
            assert said in {302, 405}, endpoint


@pytest.mark.parametrize("role", Role.values)
def test_a_role_reaches_what_its_actions_let_it_and_nothing_else(as_role, role):
    client = as_role(role)
    client.raise_request_exception = False
    wrong = []
    for endpoint in endpoints():
        if endpoint.action is None:
            continue
        if role != Role.SERVICE:  # one of them may have ended her sessions
            client.force_login(User.objects.get(username=role))
        said = ask(client, endpoint).status_code
        may = role in actions()[endpoint.action].roles
        if role == Role.SERVICE and not endpoint.is_api:
            right = said in {302, 405}  # a program has no session, and so no pages
        elif may:
            right = said < 500 and said != 401 and (said != 403 or str(endpoint) in DEEPER)
        else:
            right = said in ({403, 422} if endpoint.is_api else {403, 405})
        if not right:
            wrong.append(f"{endpoint}: {said}, {'may' if may else 'may not'} ({endpoint.action})")
    assert not wrong, "\n".join(wrong)


MARK = "SOMEBODYELSES"


@pytest.fixture
def mine_and_anothers(db):
    """B1 is A1's, F1's and in queue `mine`; all of B2 carries a mark that must not be seen."""
    for number, mark in ((1, "mine"), (2, MARK)):
        borrower = Borrower.objects.create(borrower_id=f"B{number}", region=mark)
        agency, _ = Agency.objects.get_or_create(agency_id=f"A{number}", defaults={"name": f"{mark} agency"})
        Case.objects.create(case_id=f"C{number}", borrower=borrower, agency=agency, queue=mark, strategy=mark)
        Loan.objects.create(
            loan_id=f"L{number}",
            borrower=borrower,
            disbursed_on=date(2026, 1, 1),
            principal=100,
            annual_rate=0,
            term=1,
            funder_id=f"F{number}",
            product=mark,
        )
        Note.objects.create(note_id=f"N{number}", borrower=borrower, text=mark)
        Complaint.objects.create(complaint_id=f"Q{number}", borrower=borrower, channel="call", text=mark)
        put(borrower, "email", f"a@{mark}.example", "importer")


@pytest.mark.parametrize(
    ("role", "more"),
    [("agency", {}), ("borrower", {}), ("funder", {}), ("agent", {"queues": ["mine"]})],
    ids=["agency", "borrower", "funder", "agent with a queue"],
)
def test_anothers_rows_are_not_read_by_trying_identifiers(mine_and_anothers, as_role, role, more):
    client = as_role(role, **more)
    client.raise_request_exception = False
    for endpoint in endpoints():
        if endpoint.action and role not in actions()[endpoint.action].roles:
            continue  # refused to the role as such, see above
        tried = ("B2", "C2", "L2", "N2", "Q2", "F2", "A2", "1", "2") if endpoint.has_parameter else ("",)
        for value in tried:
            answer = ask(client, endpoint, value)
            seen = b"".join(answer) if answer.streaming else answer.content
            assert MARK.encode() not in seen, f"{endpoint} with {value}"
            assert MARK.lower().encode() not in seen, f"{endpoint} with {value}"


def test_the_mark_is_seen_by_who_may_see_it(mine_and_anothers, as_role):
    """Else the test above would hold of anything."""
    seen = as_role("manager").get("/api/v1/personal/borrowers/B2").content.decode()
    assert MARK.lower() in seen.lower()
