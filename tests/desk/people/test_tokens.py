"""Tokens of programs: shown once, for some actions, until a day, ended at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.people.models import ServiceToken, User
from forbear.desk.people.rights import allowed
from forbear.desk.people.tokens import issue, make_token, revoke, user_of

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
AT = datetime(2026, 6, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def service() -> User:
    return User.objects.create_user("bank", role="service")


def token(service: User, scopes: list[str], at: datetime = AT, lasts: timedelta = DAY) -> str:
    return issue("tests", make_token("tests", service.username, "bank file", scopes, at + lasts, at).pk)


def test_a_token_does_what_it_is_for_and_nothing_else(service):
    came = user_of(token(service, ["payments.see"]), AT)
    assert came == service
    assert allowed(came, "payments.see")
    assert not allowed(came, "payments.book"), "its role may, its token may not"
    assert not allowed(service, "payments.see"), "without a token a service may nothing"


def test_the_database_has_no_token_and_it_is_shown_once_to_its_maker(service):
    made = make_token("tests", "bank", "x", ["me"], AT + DAY, AT)
    assert user_of(f"fb_{made.pk}_", AT) is None
    assert user_of(f"fb_{made.pk}_{'0' * 43}", AT) is None
    with pytest.raises(PermissionDenied):
        issue("another", made.pk)
    shown = issue("tests", made.pk)
    row = ServiceToken.objects.get()
    assert shown.split("_", 2)[2] not in str(row.__dict__)
    assert len(bytes(row.digest)) == 32
    with pytest.raises(AnswerIsNo):
        issue("tests", made.pk)


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "x", lambda t: t.upper(), lambda t: "fb_x_y"])
def test_another_text_is_no_token(service, change):
    assert user_of(change(token(service, ["me"])), AT) is None


def test_it_ends_with_its_day_by_revoking_and_with_the_account(service):
    shown = token(service, ["me"])
    assert user_of(shown, AT + DAY) is None
    assert user_of(shown, AT + DAY - timedelta(seconds=1)) == service
    User.objects.filter(pk=service.pk).update(is_active=False)
    assert user_of(shown, AT) is None
    User.objects.filter(pk=service.pk).update(is_active=True)
    assert revoke("tests", ServiceToken.objects.get().pk, AT)
    assert user_of(shown, AT) is None
    assert not revoke("tests", ServiceToken.objects.get().pk, AT)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"username": "nobody"}, "no service"),
        ({"scopes": ["users.manage"]}, "no service may"),
        ({"scopes": ["payments.bok"]}, "no service may"),
        ({"scopes": []}, "for nothing"),
        ({"expires_at": AT}, "ends some day"),
        ({"expires_at": AT + timedelta(days=400)}, "ends some day"),
        ({"name": " "}, "has a name"),
    ],
)
def test_what_cannot_be_a_token_is_refused(service, more, said):
    given = {"username": "bank", "name": "x", "scopes": ["me"], "expires_at": AT + DAY, "at": AT, **more}
    with pytest.raises(WrongUse, match=said):
        make_token("tests", **given)


def test_when_it_was_used_is_noted_by_the_hour(service, django_assert_num_queries):
    shown = token(service, ["me"])
    user_of(shown, AT)
    with django_assert_num_queries(1):
        user_of(shown, AT + timedelta(minutes=59))
    user_of(shown, AT + timedelta(minutes=61))
    assert ServiceToken.objects.get().last_used_at == AT + timedelta(minutes=61)


def test_the_api_lets_a_token_in_without_a_session_and_a_service_gets_no_session(service):
    now = datetime.now(UTC)
    headers = {"Authorization": f"Bearer {token(service, ['me'], now)}"}
    client = Client(enforce_csrf_checks=True)
    assert client.get("/api/v1/me", headers=headers).json()["role"] == "service"
    assert client.get("/api/v1/audit/reveals", headers=headers).status_code == 403
    assert client.get("/api/v1/me", headers={"Authorization": "Bearer fb_x_y"}).status_code == 401
    client.force_login(service)
    assert client.get("/api/v1/me").status_code == 401
    service.set_password("correct horse battery")
    service.save()
    fresh = Client()
    fresh.post("/accounts/login/", {"login": "bank", "password": "correct horse battery"})
    assert fresh.get("/api/v1/me").status_code == 401
