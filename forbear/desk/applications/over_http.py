"""A provider over HTTP: one signed POST of JSON, an answer within a set time, or a named problem.

The request is signed as the desk's own webhooks are (docs/payments.md): `Forbear-Timestamp`, `Forbear-Signature` over
`<timestamp>.<body>`; the body carries kind, reference and facts. The provider answers 200 with
`{"reference": ..., "facts": {...}}`; the same reference asked again must get the same answer: no second inquiry.
Redirects are not followed, personal data goes nowhere else; proxies of the environment are not used.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from forbear.basics.errors import WrongUse
from forbear.desk.applications.providers import Answer, Question
from forbear.desk.money.webhook import sign

MOST_BYTES = 64 * 1024
LOOPBACK = frozenset(["127.0.0.1", "::1", "localhost"])


class OverHttp:
    """One address.

    Args:
        address: https, or http on loopback.
        secret: signs.
        seconds: for the whole exchange, however slowly it comes.

    Raises:
        WrongUse: the address is reached without TLS from elsewhere, or is none.
    """

    def __init__(self, address: str, secret: bytes, seconds: float) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise WrongUse(f"provider {address!r} is no address", "https://provider.example/ask, or sandbox")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise WrongUse(f"provider {address!r}: personal data travels by https alone", "use https")
        self._parts, self._secret, self._seconds = parts, secret, seconds
        self.name = parts.hostname

    def ask(self, question: Question) -> Answer:
        """The provider's answer, or what went wrong."""
        body = json.dumps(
            {"kind": question.kind, "reference": question.reference, "facts": dict(question.facts)}
        ).encode()
        ends = time.monotonic() + self._seconds
        try:
            status, said = self._exchange(body, ends)
        except TimeoutError:
            return Answer(self.name, "timeout")
        except (OSError, http.client.HTTPException):
            return Answer(self.name, "unreachable")
        if status != http.client.OK:
            return Answer(self.name, "refused")
        return self._read(said)

    def _exchange(self, body: bytes, ends: float) -> tuple[int, bytes]:
        """Status and body; the line is cut when the time is over, however slowly an answer trickles in."""
        connection = self._connection()
        connection.connect()
        line = connection.sock
        cut = threading.Timer(max(0.0, ends - time.monotonic()), line.shutdown, [socket.SHUT_RDWR])
        cut.daemon = True
        cut.start()
        try:
            connection.request("POST", self._path, body, self._headers(body))
            answer = connection.getresponse()
            said = answer.read(MOST_BYTES + 1)
            if time.monotonic() >= ends:
                raise TimeoutError
            return answer.status, said if len(said) <= MOST_BYTES else b""
        except (OSError, http.client.HTTPException) as bad:
            if time.monotonic() >= ends:
                raise TimeoutError from bad
            raise
        finally:
            cut.cancel()
            connection.close()

    @property
    def _path(self) -> str:
        path = self._parts.path or "/"
        return f"{path}?{self._parts.query}" if self._parts.query else path

    def _headers(self, body: bytes) -> dict[str, str]:
        stamp = int(time.time())
        return {
            "Content-Type": "application/json",
            "Forbear-Timestamp": str(stamp),
            "Forbear-Signature": sign(self._secret, stamp, body),
        }

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":
            return http.client.HTTPSConnection(
                host, port, timeout=self._seconds, context=ssl.create_default_context()
            )
        return http.client.HTTPConnection(host, port, timeout=self._seconds)

    def _read(self, said: bytes) -> Answer:
        try:
            told: Any = json.loads(said)
            reference, facts = str(told.get("reference", ""))[:200], told["facts"]
            if not isinstance(facts, dict):
                raise TypeError
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return Answer(self.name, "garbled")
        return Answer(self.name, "", facts, reference)
