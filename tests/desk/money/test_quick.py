"""The quick way before Django: it books what is usual, passes on all else, and nobody can tell from the answer."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.utils import timezone

from forbear.desk.ledger.models import Entry
from forbear.desk.ledger.verify import verify
from forbear.desk.money import quick as way
from forbear.desk.people.models import ServiceToken, User
from forbear.desk.people.tokens import issue, make_token, revoke
from forbear.testing.lending import lend

BODY = {"loan_id": "L1", "paid_on": "2026-02-20", "amount": 30_000, "payment_id": "P1", "source": "till"}


class Wire:
    """WSGI requests to the desk, with the quick way before Django; `slow` counts those that Django answered."""

    def __init__(self, token: str) -> None:
        self.token, self.slow, django = token, 0, WSGIHandler()

        def counted(environ, start_response):
            self.slow += 1
            return django(environ, start_response)

        self.quick, self.django = way.quick(counted), django

    def post(self, body=None, key="k1", app=None, path="/api/v1/payments", **more):
        data = body if isinstance(body, bytes) else json.dumps(BODY | (body or {})).encode()
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "testserver",
            "HTTP_AUTHORIZATION": f"Bearer {self.token}",
            "HTTP_IDEMPOTENCY_KEY": key,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(data)),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(data),
            "wsgi.errors": io.StringIO(),
            **more,
        }
        told = {}

        def start(status, headers, exc_info=None):
            told.update(status=int(status.split()[0]), headers=dict(headers))

        answer = (app or self.quick)(environ, start)
        told["body"] = b"".join(answer)
        getattr(answer, "close", lambda: None)()
        return told


def token_of(name="bank", scopes=("payments.book",)) -> str:
    user, _ = User.objects.get_or_create(username=name, role="service")
    at = timezone.now()
    return issue("tests", make_token("tests", user.username, "tests", list(scopes), at + timedelta(days=1), at).pk)


@pytest.fixture
def wire(transactional_db) -> Wire:
    lend("L1")
    lend("L2", borrower_id="B2")
    way._known.clear()
    return Wire(token_of())


def test_it_answers_as_django_does_to_the_byte_with_the_same_headers(wire):
    quick = wire.post()
    assert (quick["status"], wire.slow) == (201, 0)
    again = wire.post()
    assert wire.slow == 1, "a repeated key is answered by Django"
    assert again["body"] == quick["body"]
    assert again["headers"]["Idempotent-Replayed"] == "true"
    of_django = wire.post({"payment_id": "P2"}, "k2", wire.django)
    skipped = {"Vary", "Content-Language", "X-Request-Id", "Content-Length"}
    assert {n: v for n, v in of_django["headers"].items() if n not in skipped} == {
        n: v for n, v in quick["headers"].items() if n not in skipped
    }
    first, second = Entry.objects.filter(kind="payment").order_by("pk")
    assert (first.actor, first.key, first.facts) == ("bank", "api:bank:k1", {"source": "till"})
    assert (second.actor, second.key, second.facts) == ("bank", "api:bank:k2", {"source": "till"})
    assert ServiceToken.objects.get().last_used_at is not None


@pytest.mark.parametrize(
    ("body", "more", "status"),
    [
        (b"{", {}, 400),
        ({"amount": 0}, {}, 422),
        ({"amount": 1.0}, {}, 422),
        ({"paid_on": "2199-12-31"}, {}, 422),
        ({"loan_id": "nobody's"}, {}, 404),
        ({"source": "\ud800"}, {}, 422),
        ({}, {"HTTP_IDEMPOTENCY_KEY": "two words"}, 422),
        ({}, {"HTTP_HOST": "elsewhere.example"}, 400),
        ({}, {"HTTP_AUTHORIZATION": "Bearer fb_0_0"}, 403),
        ({}, {"HTTP_AUTHORIZATION": ""}, 403),
        ({}, {"REQUEST_METHOD": "PUT"}, 405),
    ],
)
def test_what_is_not_usual_is_answered_by_django(wire, body, more, status):
    told = wire.post(body, **more)
    assert (told["status"], wire.slow) == (status, 1), told
    assert not Entry.objects.filter(kind="payment").exists()


def test_a_backdated_payment_and_a_later_one_are_both_right(wire):
    assert wire.post({"paid_on": "2026-04-20"})["status"] == 201
    assert wire.post({"paid_on": "2026-02-10", "payment_id": "P0"}, "k0")["status"] == 201
    assert wire.slow == 1
    assert list(verify()) == []


def test_a_token_ends_at_once(wire):
    assert wire.post()["status"] == 201
    revoke("tests", ServiceToken.objects.get().pk, timezone.now())
    assert wire.post({"payment_id": "P2"}, "k2")["status"] == 403
    wire.token = token_of()
    assert wire.post({"payment_id": "P2"}, "k2")["status"] == 201
    User.objects.update(is_active=False)
    assert wire.post({"payment_id": "P3"}, "k3")["status"] == 403
    assert Entry.objects.filter(kind="payment").count() == 2


def test_a_token_for_something_else_books_nothing(wire):
    wire.token = token_of("reader", ["payments.see"])
    assert wire.post()["status"] == 403
    assert not Entry.objects.filter(kind="payment").exists()


def test_plain_http_is_sent_on_to_tls_and_a_proxy_is_believed_only_where_there_is_one(wire, settings):
    way._headers.cache_clear()
    settings.SECURE_SSL_REDIRECT = True
    wire = Wire(wire.token)
    told = wire.post(HTTP_X_FORWARDED_PROTO="https")
    assert (told["status"], wire.slow) == (301, 1)
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert wire.post(HTTP_X_FORWARDED_PROTO="https")["status"] == 201
    assert wire.slow == 1
    way._headers.cache_clear()


def test_who_asks_too_often_is_told_so_whichever_way_it_comes(wire, settings):
    settings.API_PER_SECOND = 0.001  # one, then one in a quarter of an hour
    wire = Wire(wire.token)
    told = [wire.post({"payment_id": f"P{n}"}, f"k{n}")["status"] for n in range(3)]
    assert told == [201, 429, 429]
    assert Entry.objects.filter(kind="payment").count() == 1


def test_a_loan_that_somebody_holds_keeps_nobody_else_waiting(wire, postgres):
    with psycopg.connect(postgres) as other:
        other.execute("SELECT FROM ledger_accounts WHERE loan_id = 'L1' FOR UPDATE")
        at = datetime.now(UTC)
        who = way._who(wire.token)
        both = [
            way._asked(wire.token, who, f"k{n}", json.dumps(BODY | {"loan_id": n, "payment_id": n}).encode(), at)
            for n in ("L1", "L2")
        ]
        held, free = way._book(both)
    assert held is None
    assert free["outcome"] == "booked"


def test_when_a_batch_breaks_each_is_answered_and_none_is_booked_twice(wire, monkeypatch):
    def broken(asked):
        way_book(asked)
        raise psycopg.OperationalError("the server closed the connection")

    way_book = way._book
    monkeypatch.setattr(way.TILL, "_work", broken)
    monkeypatch.setattr(way, "DatabaseError", Exception)
    told = wire.post()
    assert told["status"] == 201
    assert told["headers"]["Idempotent-Replayed"] == "true", "it was booked before the answer was lost"
    assert Entry.objects.filter(kind="payment").count() == 1


def test_many_at_once_are_each_booked_once_and_share_commits(wire):
    def client(n):
        try:
            key = n // 2  # each payment twice, at the same time
            return wire.post(
                {"loan_id": f"L{1 + key % 2}", "payment_id": f"P{key}", "amount": 100 + key}, f"k{key}"
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(32) as pool:
        told = list(pool.map(client, range(96)))
    assert {one["status"] for one in told} == {201}
    assert [one["body"] for one in told[::2]] == [one["body"] for one in told[1::2]]
    assert Entry.objects.filter(kind="payment").count() == 48
    assert list(verify()) == []
