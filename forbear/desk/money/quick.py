"""The quick way of what programs send by the thousand: `POST /api/v1/payments` with a token.

It stands before Django and answers one thing only: a payment that was booked just now, in the plain case. It passes
everything else on untouched (a body or key with a fault, a token that does not hold, a loan that is not there, a
repeated key, a database that is away), and Django's way (`money.api`) answers as ever, for a booking asked twice with
the same key is booked once. So every refusal has one place, and what is quick is only what is usual.

What it leaves out is made for browsers: sessions, messages, languages, forgery of forms. What it keeps: the host, TLS,
the token and its scope (asked in the statement that books, so a token revoked ends at once), the limit on how often a
caller may ask, the ledger's own checks, the line in the log, the metrics, the headers.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache
from io import BytesIO
from time import monotonic, perf_counter
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils import timezone
from ninja.responses import NinjaJSONEncoder
from pydantic import ValidationError
from structlog.contextvars import clear_contextvars

from forbear.desk.api.limits import caller_of, callers
from forbear.desk.gathering import Gathering
from forbear.desk.ledger.booking import Payment, payment_columns, refuse_bad_payment
from forbear.desk.ledger.refusals import Refused
from forbear.desk.middleware import content_security_policy, observe
from forbear.desk.money.api import PaymentIn, key_and_id
from forbear.desk.money.payments import AHEAD, named
from forbear.desk.people.rights import actions
from forbear.desk.people.roles import Role
from forbear.desk.people.tokens import note_use, parts_of, user_of

PATH = "/api/v1/payments"
ACTION = "payments.book"
LONGEST_BODY = 16_384
TOGETHER = 100
"""Payments of one statement; a server process has far fewer threads than that."""
KEY = re.compile(r"[!-~]{1,100}", re.ASCII)
KNOWN_TOKENS = 1_000
"""So many tokens are remembered with their user, to name her; whether a token holds is asked every time."""

Environ = dict[str, Any]
Start = Callable[..., Any]
Application = Callable[[Environ, Start], Iterable[bytes]]


class Asked(NamedTuple):
    """A payment, and by whom: the token's id and the digest of its secret."""

    token_id: str
    digest: bytes
    payment: Payment
    actor: str
    at: datetime


class Who(NamedTuple):
    """The user of a token."""

    username: str
    pk: int


def quick(slow: Application) -> Application:
    """The application with the quick way before it."""
    may = str(Role.SERVICE) in actions()[ACTION].roles

    def answer(environ: Environ, start_response: Start) -> Iterable[bytes]:
        if not may or environ["PATH_INFO"] != PATH or environ["REQUEST_METHOD"] != "POST":
            return slow(environ, start_response)
        began = perf_counter()
        secure = _secure(environ)
        fit = (secure or not settings.SECURE_SSL_REDIRECT) and _is_host(environ.get("HTTP_HOST", ""))
        done = _done(environ) if fit and not _too_often(environ) else None
        if done is None:
            return slow(environ, start_response)
        body, who = done
        request_id = uuid4().hex
        clear_contextvars()
        observe(PATH[1:], "POST", 201, perf_counter() - began, who.pk, request_id=request_id)
        start_response(
            "201 Created",
            [("X-Request-Id", request_id), ("Content-Length", str(len(body))), *_headers(secure)],
        )
        return [body]

    return answer


def _done(environ: Environ) -> tuple[bytes, Who] | None:
    """The answer to a payment that was booked just now, and by whom; None: the other way answers."""
    kind, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    key = environ.get("HTTP_IDEMPOTENCY_KEY", "")
    length = environ.get("CONTENT_LENGTH") or ""
    if kind != "Bearer" or not KEY.fullmatch(key) or not length.isdecimal() or int(length) > LONGEST_BODY:
        return None
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)  # for the other way to read again
    try:
        who = _who(token)
        asked = _asked(token, who, key, body, timezone.now()) if who else None
        told = TILL.ask(asked) if asked else None
    except DatabaseError:
        connection.close_if_unusable_or_obsolete()
        return None
    except (ValidationError, Refused):
        return None
    if told is None or asked is None or who is None or told["outcome"] != "booked":
        return None
    return _written(asked.payment, told), who


def _asked(token: str, who: Who, key: str, body: bytes, at: datetime) -> Asked | None:
    """What is asked, when nothing is wrong with it.

    Raises:
        ValidationError: the body.
        Refused: a name or the amount.
    """
    given = PaymentIn.model_validate_json(body)
    if given.paid_on > at.date() + AHEAD:
        return None
    key, payment_id = key_and_id(who.username, key, given.payment_id)
    payment = Payment(payment_id, given.loan_id, given.paid_on, given.amount, key, given.source or "")
    refuse_bad_payment(payment, who.username)
    return Asked(*parts_of(token), payment, who.username, at)


_known: dict[bytes, Who] = {}


def _who(token: str) -> Who | None:
    """Whose token it was when it was first seen here; the statement that books asks whether it still is."""
    mark = hashlib.sha256(token.encode()).digest()
    if mark not in _known:
        user = user_of(token, timezone.now())
        if user is None:
            return None
        if len(_known) >= KNOWN_TOKENS:
            _known.clear()
        _known[mark] = Who(user.get_username(), user.pk)
    return _known[mark]


def _book(asked: Sequence[Asked]) -> list[dict[str, Any] | None]:
    """Book what came together, in one statement and its transaction; None where another way must answer."""
    answers: list[dict[str, Any] | None] = [None] * len(asked)
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:  # prepared at the server, which Django's own is not
        cursor.execute(named("quick"), _arrays(asked), prepare=True)
        for place, told, stale in cursor.fetchall():
            answers[place] = json.loads(told)
            if stale:
                note_use(asked[place].token_id, asked[place].at)
    return answers


TILL: Gathering[Asked, dict[str, Any] | None] = Gathering(_book, TOGETHER)


def _arrays(asked: Sequence[Asked]) -> dict[str, Any]:
    return {
        **payment_columns([one.payment for one in asked]),
        "tokens": [one.token_id for one in asked],
        "digests": [one.digest for one in asked],
        "actors": [one.actor for one in asked],
        "at": max(one.at for one in asked),
    }


def _written(payment: Payment, told: dict[str, Any]) -> bytes:
    """The answer's body, byte for byte as the other way writes it, without its detour over a model."""
    parts = told["parts"]
    answer = {
        "payment_id": payment.payment_id,
        "loan_id": payment.loan_id,
        "paid_on": payment.paid_on,
        "amount": payment.amount,
        "currency": told["currency"],
        "entry_id": told["entry"],
        "booked_at": datetime.fromisoformat(told["booked_at"]),
        "parts": [{"number": number, "component": name, "amount": amount} for number, name, amount in parts],
        "unapplied": payment.amount - sum(part[2] for part in parts),
    }
    return json.dumps(answer, cls=NinjaJSONEncoder).encode()


def _too_often(environ: Environ) -> bool:
    """Whether the caller has asked too often; she is counted with what she asks of the other way."""
    caller = caller_of(environ.get("HTTP_AUTHORIZATION", ""))
    return bool(callers(settings.API_PER_SECOND).wait(caller, monotonic()))


def _secure(environ: Environ) -> bool:
    """Whether the request came by TLS, as Django would say."""
    if settings.SECURE_PROXY_SSL_HEADER:
        name, value = settings.SECURE_PROXY_SSL_HEADER
        if name in environ:
            return bool(environ[name].split(",", 1)[0].strip() == value)
    return bool(environ["wsgi.url_scheme"] == "https")


def _is_host(host: str) -> bool:
    """Whether the request was meant for us."""
    return bool(host) and validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)


@cache
def _headers(secure: bool) -> list[tuple[str, str]]:
    """The headers of every answer, from those who put them on every answer."""
    request = HttpRequest()
    request.META |= {"wsgi.url_scheme": "https"} if secure else {}
    request.is_secure = lambda: secure
    response = HttpResponse(content_type="application/json; charset=utf-8")
    get: Any = content_security_policy(lambda _request: response)
    made = get(request)
    for middleware in (SecurityMiddleware, XFrameOptionsMiddleware):
        made = middleware(lambda _request: response).process_response(request, made)
    return [(name, value) for name, value in made.items()]
