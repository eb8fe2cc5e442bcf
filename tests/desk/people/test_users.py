"""Accounts: what raises rights takes two people, nobody changes her own, the last administrator stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.people import users
from forbear.desk.people.approvals import approve
from forbear.desk.people.models import Approval, ServiceToken, User
from forbear.desk.people.rights import guarded
from forbear.desk.people.tokens import issue, make_token

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
AT = datetime(2026, 6, 1, 8, tzinfo=UTC)


@pytest.fixture
def admin(user_of):
    return user_of("administrator")


def test_the_roles_that_take_two_people_are_those_that_move_money_or_loosen_a_rule():
    roles = ("administrator", "manager", "compliance", "agent", "risk", "agency", "funder", "borrower", "service")
    assert [role for role in roles if guarded(role)] == ["administrator", "manager", "compliance", "risk"]


def test_an_agent_is_made_by_one_and_gets_a_first_password_once(admin):
    made = users.make(admin, AT, username="anna", role="agent", name="Anna", queues=["early"])
    assert (made.role, made.queues, made.has_usable_password()) == ("agent", ["early"], False)
    password = users.first_password(admin, "anna")
    assert User.objects.get(username="anna").check_password(password)
    with pytest.raises(AnswerIsNo):
        users.first_password(admin, "anna")


def test_a_manager_is_made_by_two_and_only_who_approved_hands_out_her_password(admin, user_of):
    asked = users.make(admin, AT, username="max", role="manager")
    assert isinstance(asked, Approval)
    assert not User.objects.filter(username="max").exists()
    with pytest.raises(AnswerIsNo):
        approve(admin, asked.pk, AT)
    with pytest.raises(PermissionDenied):
        approve(user_of("manager"), asked.pk, AT)
    compliance = user_of("compliance")
    approve(compliance, asked.pk, AT)
    with pytest.raises(PermissionDenied):
        users.first_password(admin, "max")
    password = users.first_password(compliance, "max")
    assert User.objects.get(username="max").check_password(password)


def test_a_role_that_raises_rights_takes_two_and_ends_sessions(admin, user_of, as_role):
    agent = as_role("agent", username="anna")
    asked = users.change_role(admin, "anna", "compliance", AT)
    assert User.objects.get(username="anna").role == "agent"
    assert agent.get("/api/v1/me").status_code == 200
    approve(user_of("compliance"), asked.pk, AT)
    assert User.objects.get(username="anna").role == "compliance"
    assert agent.get("/api/v1/me").status_code == 401
    lowered = users.change_role(admin, "anna", "agency", AT, agency="A7")
    assert (lowered.role, lowered.agency_id) == ("agency", "A7")


def test_locking_ends_sessions_and_tokens_at_once_and_unlocking_a_manager_takes_two(admin, user_of, as_role):
    manager = as_role("manager")
    service = User.objects.create_user("bank", role="service")
    issue("t", make_token("t", "bank", "x", ["me"], AT + timedelta(days=1), AT).pk)
    users.lock(admin, "manager", AT)
    users.lock(admin, "bank", AT)
    assert manager.get("/api/v1/me").status_code == 401
    assert ServiceToken.objects.get(user=service).revoked_at == AT
    asked = users.unlock(admin, "manager", AT)
    assert not User.objects.get(username="manager").is_active
    approve(user_of("compliance"), asked.pk, AT)
    assert User.objects.get(username="manager").is_active
    assert users.unlock(admin, "bank", AT).is_active


def test_nobody_changes_her_own_account(admin):
    for change in (
        lambda: users.change_role(admin, "administrator", "agent", AT),
        lambda: users.lock(admin, "administrator", AT),
        lambda: users.unlock(admin, "administrator", AT),
        lambda: users.set_queues(admin, "administrator", []),
    ):
        with pytest.raises(PermissionDenied):
            change()


def test_the_last_administrator_stays(admin, user_of):
    other = user_of("administrator", "other")
    users.lock(other, "administrator", AT)
    third = User.objects.create_user("third", role="administrator")
    User.objects.filter(pk=third.pk).update(is_active=False)
    third.is_active = True  # as if she had just been locked while acting
    with pytest.raises(AnswerIsNo, match="last administrator"):
        users.lock(third, "other", AT)
    with pytest.raises(AnswerIsNo, match="last administrator"):
        users.change_role(third, "other", "agent", AT)


@pytest.mark.parametrize("role", ["manager", "compliance", "agent", "agency", "service"])
def test_only_administrators_change_accounts(user_of, role):
    by = user_of(role)
    user_of("agent", "anna")
    for change in (
        lambda: users.make(by, AT, username="x", role="agent"),
        lambda: users.change_role(by, "anna", "risk", AT),
        lambda: users.lock(by, "anna", AT),
        lambda: users.sign_out_everywhere(by, "anna"),
        lambda: users.first_password(by, "anna"),
    ):
        with pytest.raises(PermissionDenied):
            change()


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"role": "queen"}, "no role"),
        ({"role": "agency"}, "only what is hers"),
        ({"username": "administrator"}, "user 'administrator'"),
    ],
)
def test_what_cannot_be_an_account_is_refused_before_it_is_proposed(admin, wanted, said):
    with pytest.raises(WrongUse, match=said):
        users.make(admin, AT, **{"username": "x", "role": "manager", **wanted})
    assert not Approval.objects.exists()


def test_sign_out_everywhere_ends_every_session(as_role, user_of):
    first = as_role("agent")
    user = User.objects.get(username="agent")
    from django.test import Client

    second = Client()
    second.force_login(user)
    assert first.post("/api/v1/users/agent/sign-out").status_code == 204
    assert first.get("/api/v1/me").status_code == second.get("/api/v1/me").status_code == 401


def test_by_api_accounts_and_tokens_are_made_and_what_raises_rights_waits(as_role):
    admin, compliance = as_role("administrator"), as_role("compliance")

    def post(client, path, body=None):
        return client.post(f"/api/v1{path}", body or {}, content_type="application/json")

    assert post(admin, "/users", {"username": "anna", "role": "agent"}).json()["username"] == "anna"
    assert post(admin, "/users/anna/first-password").json()["secret"]
    waits = post(admin, "/users", {"username": "max", "role": "manager"})
    assert waits.status_code == 202
    assert post(compliance, f"/approvals/{waits.json()['approval_id']}/approve").status_code == 200
    assert post(admin, "/users/max/first-password").status_code == 403
    assert post(compliance, "/users/max/first-password").json()["secret"]
    assert post(admin, "/users", {"username": "bank", "role": "service"}).status_code == 200
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    asked = {"service": "bank", "name": "bank file", "scopes": ["payments.book"], "expires_at": until}
    waits = post(admin, "/users/tokens", asked)
    assert waits.status_code == 202
    result = post(compliance, f"/approvals/{waits.json()['approval_id']}/approve").json()["result"]
    secret = post(admin, f"/users/tokens/{result['token_id']}/issue").json()["secret"]
    assert secret.startswith("fb_")
    assert post(admin, f"/users/tokens/{result['token_id']}/issue").status_code == 409
    plain = post(admin, "/users/tokens", {**asked, "scopes": ["me"]})
    assert plain.status_code == 200
    assert [row["username"] for row in admin.get("/api/v1/users").json()] == [
        "administrator",
        "anna",
        "bank",
        "compliance",
        "max",
    ]
    assert len(admin.get("/api/v1/users/tokens").json()) == 2
    assert post(admin, f"/users/tokens/{plain.json()['token_id']}/revoke").status_code == 204
    assert post(admin, "/users/anna/lock").json()["is_active"] is False
