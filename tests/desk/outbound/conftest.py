"""A real HTTP server on loopback that receives, delays, fails, loses and answers as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from forbear.desk.outbound.models import Webhook
from forbear.desk.outbound.subscribing import secret
from forbear.desk.people.approvals import approve

LOOPBACK = "127.0.0.0/8"


class Receiver:
    """What it got, and how it answers: `answers` gets the nth request (from 1) and gives a status, or a function."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: Callable[[int, dict], object] = lambda nth, body: 204
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook?of=desk"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def bodies(self) -> list[dict]:
        return [json.loads(body) for _, body in self.got]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got]

    def _handler(receiver) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:  # the sender died within its message: nothing was received
                    self.close_connection = True
                    return
                with receiver._lock:
                    receiver.got.append((dict(self.headers.items()), body))
                    nth = len(receiver.got)
                said = receiver.answers(nth, json.loads(body))
                if callable(said):
                    said(self)
                    return
                status, headers = said if isinstance(said, tuple) else (said, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"told" * 500 if status != 204 else b"")

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *args: object) -> None:
                pass

        return Handler


def lose(handler: BaseHTTPRequestHandler) -> None:
    """Take the message and close the connection without a word."""
    handler.close_connection = True
    handler.connection.close()


def drip(seconds: float) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answer one byte at a time, so that no single read times out."""

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        until = time.monotonic() + seconds
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while time.monotonic() < until:
                handler.wfile.write(b"X")
                handler.wfile.flush()
                time.sleep(0.02)
        except OSError:
            pass

    return slowly


@pytest.fixture
def receiver(monkeypatch) -> Iterator[Receiver]:
    monkeypatch.setenv("FORBEAR_WEBHOOK_NETWORKS", LOOPBACK)
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def subscribe(user_of):
    """Makes a subscription by two people and takes its secret: the row and the secret."""
    from django.utils import timezone

    from forbear.desk.outbound.kinds import KINDS
    from forbear.desk.outbound.subscribing import proposed

    one, other = user_of("administrator"), user_of("compliance")

    def make(url: str, kinds: list[str] | None = None, name: str = "core") -> tuple[Webhook, str]:
        at = timezone.now()
        asked = proposed(one, name, url, kinds or list(KINDS), at)
        done = approve(other, asked.pk, at)
        hook = Webhook.objects.get(pk=done.result["webhook_id"])
        shown = secret(one, hook.pk, at)
        hook.refresh_from_db()
        return hook, shown

    return make
