"""One message over the wire: to the pinned address, within a deadline, without following anything.

Of the answer only its status, Retry-After and the first bytes are kept. The certificate is checked against the URL's
host, whatever address the connection goes to.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass

from forbear.desk.outbound.addresses import Forbidden, Resolve, Target, resolved, target

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 20.0
"""From the connection's start to the answer's head; shorter than a lease."""
SNIPPET = 500
"""Bytes of an answer that are looked at and kept."""
AGENT = "Forbear-Webhooks"


@dataclass(frozen=True)
class Answer:
    """What became of an attempt: a status, or none when there was no answer; `said` tells the first bytes, or why."""

    status: int | None
    said: str
    retry_after: int | None = None

    @property
    def ok(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


class _Pinned(http.client.HTTPConnection):
    """A connection to the address that was judged."""

    def __init__(self, to: Target, seconds: float) -> None:
        super().__init__(to.host, to.port, timeout=seconds)
        self._to = to

    def connect(self) -> None:
        """Connect to the judged address; over TLS check the certificate for the host."""
        plain = socket.create_connection((self._to.address, self._to.port), CONNECT_SECONDS)
        plain.settimeout(self.timeout)
        if self._to.scheme == "https":
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self._to.host)
        else:
            self.sock = plain


def send(
    url: str, headers: dict[str, str], body: bytes, *, resolve: Resolve = resolved, seconds: float = TOTAL_SECONDS
) -> Answer:
    """POST a message once.

    Args:
        url: the subscription's.
        headers: the signature's.
        body: JSON.
        resolve: finds a host's addresses.
        seconds: the whole attempt's deadline, so that an answer that drips cannot hold it.
    """
    try:
        to = target(url, resolve)
    except Forbidden as no:
        return Answer(None, no.message)
    except OSError:
        return Answer(None, "the name does not resolve")
    connection = _Pinned(to, seconds)
    over = threading.Event()
    watch = threading.Timer(seconds, _cut, [connection, over])
    watch.daemon = True
    watch.start()
    try:
        answer = _posted(connection, to, headers, body)
    except TimeoutError:
        over.set()
    except ssl.SSLError as wrong:
        answer = Answer(None, f"no trust: {wrong.reason or 'TLS failed'}"[:SNIPPET])
    except (OSError, http.client.HTTPException, ValueError) as wrong:
        answer = Answer(None, f"no answer: {type(wrong).__name__}")
    finally:
        watch.cancel()
        connection.close()
    return Answer(None, f"no answer within {seconds:g} s") if over.is_set() else answer


def _posted(connection: _Pinned, to: Target, headers: dict[str, str], body: bytes) -> Answer:
    sent = {"Content-Type": "application/json", "User-Agent": AGENT, "Connection": "close", **headers}
    connection.request("POST", to.path, body, sent)
    answer = connection.getresponse()
    with suppress(OSError, http.client.HTTPException, ValueError):
        began = answer.read(SNIPPET)
        return Answer(answer.status, _printable(began), _seconds(answer.headers.get("Retry-After")))
    return Answer(answer.status, "", _seconds(answer.headers.get("Retry-After")))


def _cut(connection: _Pinned, over: threading.Event) -> None:
    """Shut the connection down under whoever reads from it; its own time-outs begin anew with every byte."""
    over.set()
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)


def _printable(began: bytes) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in began.decode("utf-8", "replace")).strip()


def _seconds(retry_after: str | None) -> int | None:
    return int(retry_after) if retry_after and retry_after.isdecimal() and len(retry_after) < 7 else None
