"""A provider of messages by HTTP, on loopback: the far end that tests and the storm send to; as hostile as it is told.

It speaks the wires of `http` (POST /messages, /status, /news, /cancel), `push` (POST /push) and `dialer` (POST /calls),
and keeps a log, one JSON object a line, of every message it took: what it says there happened, whatever it answered.

    with HttpProvider(log=folder / "sms-a.jsonl", manners=Manners(loses_answer=0.01)) as far:
        far.url
"""

from __future__ import annotations

import hmac
import json
import random
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from forbear.desk.money.webhook import sign

SECRET = "a secret that only tests know, and long enough"  # noqa: S105


@dataclass
class Manners:
    """How badly the provider behaves; shares from 0 to 1, of requests or of messages.

    Args:
        loses_request: a request is dropped unread: nothing was taken, nobody is told.
        loses_answer: a request is taken and its answer never comes.
        late: an answer comes after `late_seconds`.
        away: a request is answered 503.
        throttles: a message is refused for now.
        refuses: a message is refused for good.
        forgets: a taken message is not named in the answer.
        repeats: a receipt is told twice.
        reorders: news is held back until later messages' news was told.
        fails: a receipt says undelivered.
        answers: the borrower answers a message, with one of `says`.
    """

    loses_request: float = 0
    loses_answer: float = 0
    late: float = 0
    late_seconds: float = 1
    away: float = 0
    throttles: float = 0
    refuses: float = 0
    forgets: float = 0
    repeats: float = 0
    reorders: float = 0
    fails: float = 0
    answers: float = 0
    says: tuple[str, ...] = ("TD", "STOP", "好的")


Stamp = Callable[[], dict[str, Any]]


@dataclass
class _State:
    manners: Manners
    chance: random.Random
    log: Any
    acknowledge: Any
    stamp: Stamp
    name: str
    lock: threading.Lock = field(default_factory=threading.Lock)
    taken: dict[str, str] = field(default_factory=dict)
    """What became of each id it saw: accepted, cancelled, or never_seen (it said so, and will not send it)."""
    news: list[dict[str, Any]] = field(default_factory=list)
    held_back: list[dict[str, Any]] = field(default_factory=list)
    known: int = 0
    """So many pieces of news the desk certainly has."""
    told_all: bool = False
    """Whether the last answer to `/news` was empty."""

    def roll(self, share: float) -> bool:
        return share > 0 and self.chance.random() < share


class HttpProvider:
    """The provider, serving in threads until the block ends."""

    def __init__(
        self,
        *,
        log: Path | None = None,
        known: Path | None = None,
        manners: Manners | None = None,
        seed: int = 1,
        name: str = "far",
        stamp: Stamp | None = None,
        port: int = 0,
    ) -> None:
        self.sent: list[dict[str, Any]] = []
        self._file = log.open("a", buffering=1) if log else None
        self._known = known.open("a", buffering=1) if known else None
        self._state = _State(
            manners or Manners(),
            random.Random(seed),  # noqa: S311 - a fault that can be replayed
            self._logged,
            self._acknowledged,
            stamp or (lambda: {"mono": time.monotonic_ns()}),
            name,
        )
        handler = type("Handler", (_Handler,), {"state": self._state})
        self._server = _Server(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def manners(self) -> Manners:
        """How it behaves; may be changed at any time."""
        return self._state.manners

    def tell(self, **news: Any) -> None:
        """Put a piece of news among those that `/news` tells."""
        with self._state.lock:
            self._state.news.append(news)

    def start(self) -> Self:
        """Serve from now on."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Serve no longer; the port is free."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _logged(self, row: dict[str, Any]) -> None:
        self.sent.append(row) if self._file is None else self._file.write(
            json.dumps(row, ensure_ascii=False) + "\n"
        )

    def _acknowledged(self, some: list[dict[str, Any]]) -> None:
        """Log the borrowers' answers among news that the desk certainly has."""
        if self._known is None:
            return
        stamp = self._state.stamp()
        for one in some:
            if "text" in one:
                row = {**stamp, "provider": self._state.name, "from": one["from"], "text": one["text"]}
                self._known.write(json.dumps(row, ensure_ascii=False) + "\n")


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over a desk that hung up, or was killed, before its answer; show anything else."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: _State
    wbufsize = -1

    def log_message(self, *said: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Any request: faults first, then what it asks."""
        state = self.state
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        sends = self.path in ("/messages", "/push", "/calls")
        with state.lock:
            lost = sends and state.roll(state.manners.loses_request)
            away = state.roll(state.manners.away)
        if lost:
            self.close_connection = True
            return
        if away:
            self._answer(503, {})
            return
        if not self._genuine(raw):
            self._answer(401, {})
            return
        body = json.loads(raw)
        with state.lock:
            answer = self._asked(body)
            silent = sends and state.roll(state.manners.loses_answer)
            late = sends and state.roll(state.manners.late)
        if late:
            time.sleep(state.manners.late_seconds)
        if silent:
            self.close_connection = True
            return
        self._answer(200, answer)

    def _genuine(self, raw: bytes) -> bool:
        at = int(self.headers.get("Forbear-Timestamp", "0"))
        return hmac.compare_digest(sign(SECRET.encode(), at, raw), self.headers.get("Forbear-Signature", ""))

    def _answer(self, status: int, body: Any) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)
        self.wfile.flush()

    def _asked(self, body: dict[str, Any]) -> dict[str, Any]:  # noqa: PLR0911 - one answer an address
        state = self.state
        match self.path:
            case "/messages":
                told = [self._take(one["id"], one["to"], one["text"]) for one in body["messages"]]
                return {"results": [one for one in told if not state.roll(state.manners.forgets)]}
            case "/calls":
                return {"results": [self._take(one["id"], one["to"], one["say"]) for one in body["calls"]]}
            case "/push":
                given = body["message"]
                said = self._take(given["data"]["id"], given["topic"], given["notification"]["body"])
                return (
                    {"name": said["ref"]} if said["state"] == "accepted" else {"error": {"status": said["state"]}}
                )
            case "/status":
                return {"results": [self._status(one) for one in body["ids"]]}
            case "/news":
                return self._news(int(body["after"] or 0))
            case "/cancel":
                known = state.taken.get(body["id"])
                return {"cancelled": known is None}
        return {}

    def _news(self, begin: int) -> dict[str, Any]:
        """News from `begin` on. Who asks anew after an empty answer has all before `begin`: the cursor moves last."""
        state = self.state
        if state.told_all and begin > state.known:
            state.acknowledge(state.news[state.known : begin])
            state.known = begin
        if begin >= len(state.news):
            state.news += state.held_back
            state.held_back.clear()
        some = state.news[begin : begin + 500]
        state.told_all = not some
        return {"news": some, "cursor": str(begin + len(some))}

    def _take(self, key: str, to: str, text: str) -> dict[str, Any]:
        state, manners = self.state, self.state.manners
        known = state.taken.get(key)
        if known == "never_seen":
            return {"id": key, "state": "rejected", "reason": "said to be never seen"}
        if known is None:
            if state.roll(manners.throttles):
                return {"id": key, "state": "throttled"}
            if state.roll(manners.refuses):
                return {"id": key, "state": "rejected", "reason": "dead_number"}
            state.taken[key] = "accepted"
            state.log({**state.stamp(), "provider": state.name, "id": key, "to": to, "text": text})
            self._happened(key, to)
        return {"id": key, "state": "accepted", "ref": f"r-{key[:20]}"}

    def _happened(self, key: str, to: str) -> None:
        """Receipts and answers, some of them twice and out of order."""
        state, manners = self.state, self.state.manners
        result = "undelivered" if state.roll(manners.fails) else "delivered"
        receipt = {"key": f"d-{key}", "id": key, "ref": f"r-{key[:20]}", "result": result}
        fresh: list[dict[str, Any]] = [receipt]
        if state.roll(manners.repeats):
            fresh.append(receipt)
        if state.roll(manners.answers):
            at = state.stamp().get("at", time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()))
            fresh.append({"key": f"a-{key}", "from": to, "text": state.chance.choice(manners.says), "at": at})
        state.chance.shuffle(fresh)
        for one in fresh:
            (state.held_back if state.roll(manners.reorders) else state.news).append(one)

    def _status(self, key: str) -> dict[str, Any]:
        state = self.state
        state.taken.setdefault(key, "never_seen")
        said = "accepted" if state.taken[key] == "accepted" else state.taken[key]
        return {"id": key, "state": said, "ref": f"r-{key[:20]}"}
