"""Signing in: second factor, lock-out, sessions that turn, age and rest, forms with tokens, an identity provider."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.socialaccount.models import SocialAccount
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured
from django.db import DataError, OperationalError
from django.test import Client

from forbear.desk.people.making import make_user, set_password
from forbear.desk.people.models import User
from forbear.desk.providers import oidc_provider, origin

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
PASSWORD = "correct horse battery"


def sign_in(client: Client, name: str, password: str = PASSWORD, address: str = "10.0.0.1"):
    return client.post("/accounts/login/", {"login": name, "password": password}, REMOTE_ADDR=address)


def is_in(client: Client) -> bool:
    return client.get("/api/v1/me").status_code == 200


def code_of(secret: str) -> str:
    return totp.format_hotp_value(totp.hotp_value(secret, next(totp.yield_hotp_counters_from_time())))


@pytest.fixture
def anna() -> User:
    return make_user("anna", "manager", PASSWORD)


def test_a_role_that_needs_a_second_factor_does_nothing_before_it_has_one(anna, settings):
    settings.SECOND_FACTOR_ROLES = frozenset({"manager"})
    client = Client()
    sign_in(client, "anna")
    assert client.get("/").headers["Location"] == "/accounts/2fa/"
    assert client.get("/api/v1/me").status_code == 403
    assert "second factor" in client.get("/api/v1/me").json()["detail"]
    assert client.get("/accounts/2fa/").status_code == 200
    make_user("ben", "agent", PASSWORD)
    other = Client()
    sign_in(other, "ben")
    assert is_in(other)


def test_with_a_second_factor_the_password_alone_lets_nobody_in(anna, settings):
    settings.SECOND_FACTOR_ROLES = frozenset({"manager"})
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(anna, secret)
    client = Client()
    assert sign_in(client, "anna").headers["Location"].startswith("/accounts/2fa/authenticate/")
    assert not is_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert not is_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert is_in(client)


def test_the_seed_of_a_second_factor_is_kept_sealed(anna):
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(anna, secret)
    assert secret not in json.dumps(Authenticator.objects.get().data)


def test_the_roles_that_need_one_unless_told_otherwise(monkeypatch):
    import importlib.util

    monkeypatch.delenv("FORBEAR_SECOND_FACTOR_ROLES")
    spec = importlib.util.find_spec("forbear.desk.settings")
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    assert {"administrator", "manager", "compliance"} == fresh.SECOND_FACTOR_ROLES


def test_many_wrong_passwords_lock_the_name_out_from_everywhere_and_one_address_for_all_names(anna):
    for number in range(5):
        sign_in(Client(), "anna", "wrong", f"10.0.1.{number}")
    client = Client()
    sign_in(client, "anna", address="10.0.2.1")
    assert not is_in(client), "the right password, from an address that did nothing wrong"
    for number in range(10):
        sign_in(Client(), f"nobody{number}", "wrong", "10.0.3.1")
    make_user("ben", "agent", PASSWORD)
    sign_in(client, "ben", address="10.0.3.1")
    assert not is_in(client), "from an address that tried many names"
    sign_in(client, "ben", address="10.0.3.2")
    assert is_in(client)


def test_whether_a_name_exists_is_not_told(anna):
    known, unknown = (sign_in(Client(), name, "wrong") for name in ("anna", "nobody"))
    assert known.status_code == unknown.status_code == 200
    assert list(known.context["form"].errors.values()) == list(unknown.context["form"].errors.values())


def test_signing_in_turns_the_session_and_signing_out_ends_it(anna):
    client = Client()
    client.get("/accounts/login/")
    client.session["planted"] = 1
    session = client.session
    session.save()
    client.cookies["session"] = session.session_key
    sign_in(client, "anna")
    assert client.session.session_key != session.session_key
    assert not Session.objects.filter(session_key=session.session_key).exists()
    key = client.session.session_key
    client.post("/accounts/logout/")
    client.cookies["session"] = key
    assert not is_in(client)


@pytest.mark.parametrize(("failure", "told"), [(OperationalError, OperationalError), (DataError, UpdateError)])
def test_a_database_that_fails_is_not_taken_for_a_session_that_is_gone(anna, monkeypatch, failure, told):
    client = Client()
    client.force_login(anna)
    session = client.session

    def fail(*_given, **_more):
        raise failure("gone")

    monkeypatch.setattr(Session, "save", fail)
    session["seen"] = 1
    with pytest.raises(told):
        session.save()


@pytest.mark.parametrize(("name", "seconds"), [("began", 12 * 3600 + 1), ("seen", 3601)])
def test_a_session_ends_by_age_and_by_rest(anna, name, seconds, settings):
    settings.SESSION_IDLE_SECONDS = 3600
    client = Client()
    sign_in(client, "anna")
    assert is_in(client)
    for back, stays in ((seconds - 5, True), (seconds, False)):
        session = client.session
        now = session["seen"]
        session[name] = session[name] - back
        session.save()
        assert is_in(client) is stays
        if stays:
            session = client.session
            session["seen"] = session["began"] = now
            session.save()


def test_a_session_in_use_does_not_rest(anna):
    client = Client()
    sign_in(client, "anna")
    is_in(client)
    session = client.session
    session["seen"] -= 120
    session.save()
    is_in(client)
    assert client.session["seen"] > session["seen"]


def test_a_new_password_ends_every_session(anna):
    clients = [Client(), Client()]
    for client in clients:
        sign_in(client, "anna")
        assert is_in(client)
    set_password("anna", "another long password")
    assert not any(map(is_in, clients))


def test_the_api_takes_no_forged_form_from_a_session(anna):
    client = Client(enforce_csrf_checks=True)
    client.force_login(anna)
    assert client.post("/api/v1/users/anna/sign-out").status_code == 403
    assert is_in(client)


def test_passwords_are_hashed_by_argon2id(anna):
    assert anna.password.startswith("argon2$argon2id$v=19$m=102400,t=2,p=8$")


class Provider(BaseHTTPRequestHandler):
    """An identity provider: discovery, token, user information."""

    subject = "sub-anna"

    def answer(self, body: dict[str, object]) -> None:
        told = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(told)

    def do_GET(self) -> None:
        base = f"http://127.0.0.1:{self.server.server_port}"
        if self.path.startswith("/.well-known"):
            self.answer(
                {
                    "issuer": base,
                    "authorization_endpoint": f"{base}/authorize",
                    "token_endpoint": f"{base}/token",
                    "userinfo_endpoint": f"{base}/userinfo",
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                }
            )
        else:
            self.answer({"sub": Provider.subject, "preferred_username": "anna", "email": "anna@example.com"})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({"access_token": "x", "token_type": "bearer"})

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def provider(settings):
    server = HTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    issuer = f"http://127.0.0.1:{server.server_port}"
    env = {"FORBEAR_OIDC_CLIENT_ID": "desk", "FORBEAR_OIDC_CLIENT_SECRET": "s", "FORBEAR_OIDC_NAME": "Staff"}
    settings.SOCIALACCOUNT_PROVIDERS = oidc_provider(issuer, env)
    yield issuer
    server.shutdown()
    server.server_close()


def by_provider(client: Client, process: str = "login"):
    went = client.post(f"/accounts/oidc/oidc/login/?process={process}")
    asked = parse_qs(urlsplit(went.headers["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    return client.get("/accounts/oidc/oidc/login/callback/", {"code": "c", "state": asked["state"][0]})


def test_an_identity_provider_signs_in_whom_it_is_known_to_and_makes_nobody(anna, provider):
    client = Client()
    assert "Staff" in client.get("/accounts/login/").content.decode()
    by_provider(client)
    assert not is_in(client), "neither her name nor her address connects her"
    User.objects.filter(username="anna").update(oidc_subject="sub-anna")
    by_provider(client)
    assert is_in(client)
    User.objects.filter(username="anna").update(is_active=False)
    assert not is_in(client)
    again = Client()
    by_provider(again)
    assert not is_in(again)
    assert User.objects.count() == 1


def test_nobody_adds_an_account_of_the_provider_to_her_own(anna, provider):
    client = Client()
    sign_in(client, "anna")
    assert by_provider(client, "connect").status_code == 401
    assert not SocialAccount.objects.exists()
    other = Client()
    by_provider(other)
    assert not is_in(other)


def test_a_second_factor_is_asked_for_after_an_identity_provider_too(anna, provider):
    User.objects.filter(username="anna").update(oidc_subject="sub-anna")
    totp.TOTP.activate(anna, totp.generate_totp_secret())
    client = Client()
    assert by_provider(client).headers["Location"].startswith("/accounts/2fa/authenticate/")
    assert not is_in(client)


def test_a_forged_return_from_the_provider_is_refused(anna, provider):
    User.objects.filter(username="anna").update(oidc_subject="sub-anna")
    client = Client()
    client.get("/accounts/oidc/oidc/login/callback/", {"code": "c", "state": "forged"})
    assert not is_in(client)


def test_forms_may_lead_to_the_provider_and_nowhere_else(monkeypatch):
    import importlib.util

    for name, value in {
        "ISSUER": "https://id.example.com/realms/x",
        "CLIENT_ID": "a",
        "CLIENT_SECRET": "b",
    }.items():
        monkeypatch.setenv(f"FORBEAR_OIDC_{name}", value)
    spec = importlib.util.find_spec("forbear.desk.settings")
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    assert fresh.CONTENT_SECURITY_POLICY["form-action"] == "'self' https://id.example.com"
    assert origin("https://id.example.com:8443/realms/x") == "https://id.example.com:8443"


@pytest.mark.parametrize(
    ("issuer", "env"),
    [
        ("https://id.example.com", {}),
        ("http://id.example.com", {"FORBEAR_OIDC_CLIENT_ID": "a", "FORBEAR_OIDC_CLIENT_SECRET": "b"}),
    ],
)
def test_half_a_provider_or_one_without_tls_is_refused(issuer, env):
    with pytest.raises(ImproperlyConfigured):
        oidc_provider(issuer, env)
    assert oidc_provider("", {}) == {}
