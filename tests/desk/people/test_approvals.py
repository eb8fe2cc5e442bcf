"""Two people: one proposes, another approves, it is done once; never by one alone, never twice, never changed."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from pydantic import BaseModel

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.audit.models import Entry
from forbear.desk.people import approvals
from forbear.desk.people.approvals import NotOpen, OwnProposal, approve, expire, kind, propose, refuse, withdraw
from forbear.desk.people.models import Agency, Approval, User

pytestmark = [pytest.mark.postgres]
AT = datetime(2026, 6, 1, 8, tzinfo=UTC)


class Gift(BaseModel):
    agency: str
    amount: int = 0
    fails: bool = False


@pytest.fixture(autouse=True)
def gift():
    """A kind that makes an agency, so that doing it twice shows."""

    @kind("tests.gift", payload=Gift, propose="payments.reverse")
    def give(payload: Gift, decision: approvals.Decision) -> dict[str, object]:
        Agency.objects.create(agency_id=payload.agency, name=decision.approved_by.username)
        if payload.fails:
            raise AnswerIsNo("the till is empty")
        return {"agency": payload.agency, "amount": payload.amount}

    yield
    approvals._kinds.pop("tests.gift")


def proposed(by: User, **more) -> Approval:
    return propose(by, "tests.gift", {"agency": "A9", "amount": 100, **more}, "agency:A9", AT)


def test_what_one_proposes_another_approves_and_it_is_done_with_both_names_told(user_of):
    row = proposed(user_of("manager"))
    assert not Agency.objects.filter(pk="A9").exists()
    done = approve(user_of("compliance"), row.pk, AT)
    assert (done.state, done.result) == ("executed", {"agency": "A9", "amount": 100})
    assert Agency.objects.get(pk="A9").name == "compliance"
    told = [(e.actor, e.action, e.facts.get("by")) for e in Entry.objects.filter(subject="agency:A9")]
    assert told == [("manager", "approval.proposed", None), ("compliance", "approval.executed", "manager")]


def test_nobody_approves_or_refuses_her_own(user_of):
    manager = user_of("manager")
    row = proposed(manager)
    for decide in (lambda: approve(manager, row.pk, AT), lambda: refuse(manager, row.pk, "no", AT)):
        with pytest.raises(OwnProposal):
            decide()
    with pytest.raises(IntegrityError, match="approval_by_another"), transaction.atomic():
        Approval.objects.filter(pk=row.pk).update(state="executed", decided_by=manager)


@pytest.mark.parametrize("role", ["agent", "risk", "agency", "funder", "borrower", "service"])
def test_who_may_not_decide_does_not(user_of, role):
    row = proposed(user_of("manager"))
    for decide in (lambda u: approve(u, row.pk, AT), lambda u: refuse(u, row.pk, "no", AT)):
        with pytest.raises(PermissionDenied):
            decide(User.objects.filter(username=role).first() or user_of(role))


def test_who_may_not_propose_does_not_and_one_who_no_longer_may_is_not_carried_out(user_of):
    with pytest.raises(PermissionDenied):
        proposed(user_of("agent"))
    manager = user_of("manager")
    row = proposed(manager)
    User.objects.filter(pk=manager.pk).update(is_active=False)
    with pytest.raises(PermissionDenied, match="no longer"):
        approve(user_of("compliance"), row.pk, AT)


@pytest.mark.parametrize("payload", [{}, {"agency": "A9", "amount": "much"}, {"agency": 1}])
def test_a_payload_that_does_not_fit_is_refused_at_once(user_of, payload):
    with pytest.raises(WrongUse, match=r"tests\.gift"):
        propose(user_of("manager"), "tests.gift", payload, "x", AT)


def test_refused_withdrawn_and_expired_are_never_done(user_of):
    manager, other = user_of("manager"), user_of("compliance")
    rows = [proposed(manager) for _ in range(4)]
    refuse(other, rows[0].pk, "too much", AT)
    withdraw(manager, rows[1].pk, AT)
    with pytest.raises(PermissionDenied):
        withdraw(other, rows[2].pk, AT)
    late = AT + timedelta(days=7)
    for row, when in ((rows[0], AT), (rows[1], AT), (rows[2], late)):
        with pytest.raises(NotOpen):
            approve(other, row.pk, when)
    assert expire(late - timedelta(seconds=1)) == 0
    assert expire(late) == 2
    assert sorted(Approval.objects.values_list("state", flat=True)) == [
        "expired",
        "expired",
        "refused",
        "withdrawn",
    ]
    assert not Agency.objects.filter(pk="A9").exists()


@pytest.mark.parametrize("approval_id", [uuid4(), "x", ""])
def test_a_proposal_that_does_not_exist_is_told(user_of, approval_id):
    with pytest.raises(WrongUse, match="no such proposal"):
        approve(user_of("compliance"), approval_id, AT)


def test_a_refusal_has_a_reason(user_of):
    row = proposed(user_of("manager"))
    with pytest.raises(WrongUse, match="reason"):
        refuse(user_of("compliance"), row.pk, "  ", AT)


def test_what_fails_leaves_nothing_and_stays_open(user_of):
    row = proposed(user_of("manager"), fails=True)
    with pytest.raises(AnswerIsNo, match="till"):
        approve(user_of("compliance"), row.pk, AT)
    assert not Agency.objects.filter(pk="A9").exists()
    assert Approval.objects.get(pk=row.pk).state == "proposed"
    assert not Entry.objects.filter(action="approval.executed").exists()


@pytest.mark.parametrize(
    "change", ["payload = '{}'", "kind = 'users.make'", "subject = 'x'", "expires_at = now()", "proposed_by_id = 0"]
)
def test_a_proposal_is_not_changed_in_the_database(user_of, change):
    proposed(user_of("manager"))
    with pytest.raises(DatabaseError, match="not changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE approvals SET {change}")
    with pytest.raises(DatabaseError, match="not changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM approvals")


def test_of_many_who_decide_at_once_one_wins_and_it_is_done_once(committed):
    manager = User.objects.create_user("m", role="manager")
    deciders = [User.objects.create_user(f"c{n}", role="compliance") for n in range(8)]
    row = proposed(manager)
    said: list[str] = []

    def decide(user: User, number: int) -> None:
        try:
            if number % 4 == 3:
                said.append(refuse(user, row.pk, "no", AT).state)
            else:
                said.append(approve(user, row.pk, AT).state)
        except NotOpen:
            said.append("late")
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=(user, n)) for n, user in enumerate(deciders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert said.count("late") == 7
    state = Approval.objects.get().state
    assert said.count(state) == 1
    assert Agency.objects.filter(pk="A9").exists() == (state == "executed")


def test_by_api_one_proposes_and_another_decides(as_role, user_of):
    row = proposed(user_of("manager", "ann"))
    compliance = as_role("compliance")
    listed = compliance.get("/api/v1/approvals").json()
    assert [(one["kind"], one["proposed_by"], one["state"]) for one in listed] == [
        ("tests.gift", "ann", "proposed")
    ]
    answer = compliance.post(f"/api/v1/approvals/{row.pk}/approve")
    assert answer.status_code == 409, "it has expired by the clock"
    Approval.objects.filter(pk=row.pk)
    fresh = propose(User.objects.get(username="ann"), "tests.gift", {"agency": "A8"}, "a", datetime.now(UTC))
    assert compliance.post(f"/api/v1/approvals/{fresh.pk}/approve").json()["state"] == "executed"
    assert compliance.post(f"/api/v1/approvals/{fresh.pk}/approve").status_code == 409
    assert compliance.post(f"/api/v1/approvals/{uuid4()}/approve").status_code == 422
