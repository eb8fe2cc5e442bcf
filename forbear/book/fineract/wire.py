"""Asking a Fineract server: GET alone, signed in by Basic with the tenant's header, at most so many times a second.

A request that fails on the way, or is answered 429 or 5xx, is asked again with growing waits. Numbers with a point come
as Decimal. Redirects are not followed, because they would carry the password elsewhere; nothing is ever written.
"""

from __future__ import annotations

import base64
import http.client
import json
import random
import ssl
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode, urlsplit

from forbear.basics.errors import ForbearError, WrongUse

TRIES = 6
FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0
SECONDS = 60.0
AT_ONCE = 200
"""Loans of a page."""
LARGEST = 64 * 2**20
"""Bytes of an answer that are read; a loan's is some ten thousand."""
AGAIN = frozenset([429, 500, 502, 503, 504])
LOCAL = frozenset(["localhost", "127.0.0.1", "::1"])


class Unreachable(ForbearError):
    """The server does not answer, or not with JSON, however often it is asked."""


class Refused(ForbearError):
    """The server answers that it will not: wrong password, no right, no such thing."""

    def __init__(self, message: str, hint: str, status: int) -> None:
        super().__init__(message, hint)
        self.status = status


class Client:
    """A Fineract server as one user of one tenant sees it; may be used by several threads.

    Args:
        url: up to `/api/v1`.
        user: with the rights READ_LOAN and, for what changed without changing a sum, READ_AUDIT.
        password: sent as Basic; over https, or to this machine.
        tenant: the header `Fineract-Platform-TenantId`.
        rate: requests a second at most.
        ca: file of a certificate authority, where the server's is not a public one.
        plain: allow http to another machine.

    Raises:
        WrongUse: the URL is none, or http to another machine.
    """

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        *,
        tenant: str = "default",
        rate: float = 20.0,
        ca: str | None = None,
        plain: bool = False,
        first_wait: float = FIRST_WAIT,
    ) -> None:
        parts = urlsplit(url.rstrip("/"))
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise WrongUse("the URL is none of a Fineract server", "such as https://host/fineract-provider/api/v1")
        if parts.scheme == "http" and parts.hostname not in LOCAL and not plain:
            raise WrongUse(
                "over http the password would cross the network in the clear", "use https, or --plain-http"
            )
        self.url, self.tenant, self.rate = url.rstrip("/"), tenant, rate
        self._parts, self._ca, self._first_wait = parts, ca, first_wait
        known = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {
            "Authorization": f"Basic {known}",
            "Fineract-Platform-TenantId": tenant,
            "Accept": "application/json",
            "User-Agent": "Forbear",
        }
        self._kept = threading.local()
        self._turn, self._next = threading.Lock(), 0.0

    def get(self, path: str, **asked: Any) -> Any:
        """The JSON of a path below the URL.

        Raises:
            Refused: an answer that asking again does not change.
            Unreachable: none that can be read after `TRIES` tries.
        """
        target = f"{self._parts.path}/{path}" + (f"?{urlencode(asked)}" if asked else "")
        said = ""
        for tried in range(TRIES):
            self._wait_for_turn()
            try:
                status, headers, body = self._asked(target)
            except (OSError, http.client.HTTPException) as wrong:
                self._drop()
                said, pause = f"{type(wrong).__name__}", self._pause(tried, None)
            else:
                if status == 200:
                    return self._read(path, body)
                if status not in AGAIN:
                    raise self._no(path, status)
                said, pause = f"HTTP {status}", self._pause(tried, headers.get("Retry-After"))
            if tried < TRIES - 1:
                time.sleep(pause)
        raise Unreachable(
            f"{self.url}/{path}: no answer after {TRIES} tries ({said})",
            "run it again later: it goes on where it stopped",
        )

    def pages(self, path: str, **asked: Any) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """Pages of a list: how many there are in all, and some of them; until there are no more."""
        offset = 0
        while True:
            told = self.get(path, **asked, offset=offset, limit=AT_ONCE)
            items = told.get("pageItems") if isinstance(told, dict) else None
            if not isinstance(items, list):
                raise Unreachable(f"{self.url}/{path}: the answer has no pageItems", "is it a Fineract server?")
            total = int(told.get("totalFilteredRecords") or 0)
            yield total, items
            offset += len(items)
            if not items or offset >= total:
                return

    def _asked(self, target: str) -> tuple[int, Any, bytes]:
        connection = getattr(self._kept, "connection", None)
        if connection is None:
            connection = self._kept.connection = self._connection()
        connection.request("GET", target, headers=self._headers)
        answer = connection.getresponse()
        body = answer.read(LARGEST + 1)
        if len(body) > LARGEST:
            raise http.client.HTTPException("an answer without end")
        if answer.length:
            raise http.client.IncompleteRead(body, answer.length)
        return answer.status, answer.headers, body

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":
            context = ssl.create_default_context(cafile=self._ca)
            return http.client.HTTPSConnection(host, port, timeout=SECONDS, context=context)
        return http.client.HTTPConnection(host, port, timeout=SECONDS)

    def _drop(self) -> None:
        connection = getattr(self._kept, "connection", None)
        if connection is not None:
            connection.close()
            self._kept.connection = None

    def _wait_for_turn(self) -> None:
        with self._turn:
            now = time.monotonic()
            begins = max(now, self._next)
            self._next = begins + 1 / self.rate
        time.sleep(max(0.0, begins - now))

    def _pause(self, tried: int, retry_after: str | None) -> float:
        if retry_after and retry_after.isdecimal():
            return min(float(retry_after), LONGEST_WAIT)
        plain = min(self._first_wait * float(2**tried), LONGEST_WAIT)
        return plain * random.uniform(0.75, 1.25)  # noqa: S311 - spreads

    def _read(self, path: str, body: bytes) -> Any:
        try:
            return json.loads(body, parse_float=Decimal)
        except ValueError:
            raise Unreachable(f"{self.url}/{path}: the answer is no JSON", "is it a Fineract server?") from None

    def _no(self, path: str, status: int) -> Refused:
        hints = {
            401: "the user or the password is wrong",
            403: "the user needs the right to read it (READ_LOAN, READ_AUDIT)",
            404: "is the URL right up to /api/v1, and the tenant?",
        }
        hint = hints.get(status, "redirects are not followed" if 300 <= status < 400 else "see the server's log")
        return Refused(f"{self.url}/{path}: HTTP {status}", hint, status)
