"""One caller cannot take the API away from the others; strangers may try little."""

from __future__ import annotations

import pytest
from django.test import Client

from forbear.desk.api.limits import BURST_SECONDS, Buckets

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


def test_a_bucket_empties_fills_again_and_is_each_callers_own():
    buckets = Buckets(2.0)
    full = 2 * BURST_SECONDS
    assert [buckets.wait("a", 100.0) for _ in range(full)] == [0.0] * full
    assert buckets.wait("a", 100.0) == 0.5
    assert buckets.wait("b", 100.0) == 0.0
    assert buckets.wait("a", 100.5) == 0.0
    assert buckets.wait("a", 100.5) == 0.5
    assert [buckets.wait("a", 10_000.0) for _ in range(full)] == [0.0] * full
    assert buckets.wait("a", 10_000.0) > 0


def test_the_callers_that_are_kept_are_bounded():
    buckets = Buckets(1.0, most=100)
    for number in range(1_000):
        buckets.wait(str(number), float(number))
    assert len(buckets._left) == 100


@pytest.fixture
def slow(settings):
    """One request in ten seconds, and so one at once."""
    settings.API_PER_SECOND = 1 / BURST_SECONDS


def test_who_asks_too_often_is_told_when_to_come_again_and_others_go_on(slow, as_role):
    anna, bo = as_role("agent", username="anna"), as_role("agent", username="bo")
    assert anna.get("/api/v1/me").status_code == 200
    refused = anna.get("/api/v1/me")
    assert refused.status_code == 429
    assert refused["Retry-After"] == "10"
    assert "again in 10 s" in refused.json()["hint"]
    assert refused["X-Request-Id"]
    assert bo.get("/api/v1/me").status_code == 200
    assert anna.get("/").status_code == 200, "pages are not the API"


def test_an_address_whose_tokens_do_not_hold_tries_little_and_new_tokens_do_not_help(settings):
    settings.API_PER_SECOND = 2.0
    client = Client(REMOTE_ADDR="10.9.9.9")
    said = [
        client.get("/api/v1/me", headers={"Authorization": f"Bearer fb_{n:012}_x"}).status_code for n in range(8)
    ]
    assert said == [401] * 2 + [429] * 6
    elsewhere = Client(REMOTE_ADDR="10.9.9.8")
    assert elsewhere.get("/api/v1/me").status_code == 401


def test_behind_a_proxy_the_address_is_what_the_proxy_adds_last(settings):
    settings.BEHIND_PROXY, settings.API_PER_SECOND = True, 1.0
    client = Client()
    said = [
        client.get("/api/v1/me", headers={"X-Forwarded-For": f"1.1.1.{n}, 10.0.0.7"}).status_code for n in range(3)
    ]
    assert said == [401, 429, 429]
