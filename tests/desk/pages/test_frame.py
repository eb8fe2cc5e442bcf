"""Every page's frame: sign-in, policy, language, home."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.contrib.auth.hashers import identify_hasher
from django.test import Client

from forbear.desk.people.making import make_user
from forbear.desk.people.roles import Role

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
PASSWORD = "correct horse battery"


@pytest.fixture
def anna():
    return make_user("anna", "agent", PASSWORD, name="Anna")


def sign_in(client: Client, password: str):
    return client.post("/accounts/login/", {"login": "anna", "password": password})


def test_signing_in_and_out(anna):
    client = Client()
    assert client.get("/").headers["Location"] == "/accounts/login/?next=/"
    assert sign_in(client, PASSWORD).status_code == 302
    assert "Anna" in client.get("/").content.decode()
    client.post("/accounts/logout/")
    assert client.get("/").status_code == 302


def test_a_wrong_password_is_refused_and_many_are_locked_out(anna):
    client = Client()
    for _ in range(5):
        assert sign_in(client, "wrong").status_code == 200
    assert sign_in(client, PASSWORD).status_code != 302
    assert client.get("/").status_code == 302


def test_passwords_are_kept_by_argon2_and_weak_ones_refused(anna):
    assert identify_hasher(anna.password).algorithm == "argon2"
    with pytest.raises(Exception, match="user 'bob'"):
        make_user("bob", "agent", "password")


def test_nobody_signs_up(client):
    answer = client.get("/accounts/signup/")
    assert answer.status_code == 200
    assert '<input type="password"' not in answer.content.decode()
    client.post("/accounts/signup/", {"username": "eve", "password1": PASSWORD, "password2": PASSWORD})
    from forbear.desk.people.models import User

    assert not User.objects.filter(username="eve").exists()


def test_a_form_without_its_token_is_refused(anna):
    client = Client(enforce_csrf_checks=True)
    assert sign_in(client, PASSWORD).status_code == 403


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/nowhere", "/api/v1/openapi.json"])
def test_every_answer_carries_the_policy(client, path):
    headers = client.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("role", [role for role in Role.values if role != "service"])
def test_each_role_has_a_home_that_keeps_the_policy(as_role, role):
    page = as_role(role).get("/")
    assert page.status_code == 200
    said = page.content.decode()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|https?://", said)


def test_the_language_is_switched_and_stays_with_the_user(as_role):
    client = as_role("agent")
    for language, marker in (("en", 'lang="en"'), ("zh-hans", 'lang="zh-Hans"')):
        client.post("/language", {"language": language, "next": "/"})
        assert f"<html {marker}" in client.get("/").content.decode()
    again = Client()
    again.force_login(client.get("/").context["user"])
    assert '<html lang="zh-Hans"' in again.get("/", headers={"Accept-Language": "en"}).content.decode()


def test_the_switch_leads_nowhere_else(client):
    assert client.post("/language", {"language": "en", "next": "https://evil.example/"}).headers["Location"] == "/"


def test_static_files_are_served(client):
    assert "htmx" in b"".join(client.get("/static/pages/vendor/htmx-4.0.1.min.js")).decode()


def test_the_api_describes_itself_and_knows_who_asks(as_role, client):
    assert client.get("/api/v1/openapi.json").json()["info"]["title"] == "Forbear"
    assert client.get("/api/v1/me").status_code == 401
    assert as_role("risk").get("/api/v1/me").json()["role"] == "risk"


def test_the_settings_are_strict_behind_tls(monkeypatch):
    import importlib.util

    monkeypatch.setenv("FORBEAR_PUBLIC_URL", "https://desk.example.com")
    spec = importlib.util.find_spec("forbear.desk.settings")
    strict = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(strict)
    assert strict.SESSION_COOKIE_SECURE
    assert strict.SESSION_COOKIE_HTTPONLY
    assert strict.CSRF_COOKIE_SECURE
    assert strict.SECURE_HSTS_SECONDS >= 31536000
    assert strict.ALLOWED_HOSTS == ["desk.example.com"]
    assert not strict.DEBUG
    assert not settings.DEBUG
