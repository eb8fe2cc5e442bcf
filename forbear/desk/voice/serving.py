"""The dialer's wire, as docs/contact.md has it for `dialer`: signed HTTP, each answer after its line in the journal."""

from __future__ import annotations

import hmac
import json
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from forbear.basics.errors import ForbearError
from forbear.desk.money.webhook import sign
from forbear.desk.voice.journal import ACCEPTED, CANCELLED, NEVER_SEEN, REJECTED, Journal
from forbear.desk.voice.lines import Dialed, Lines, Trunk
from forbear.desk.voice.speech import speak

STALE_SECONDS = 300
LONGEST_BODY = 1_000_000
LONGEST_TEXT = 2_000
MOST_RINGS = 20
Start = Callable[..., Any]


class Dialer:
    """A WSGI application over lines and a journal."""

    def __init__(self, trunk: Trunk, journal: Path, secret: str, *, lines: int = 4) -> None:
        self._journal = Journal(journal)
        self._secret = secret.encode()
        self._trunk = trunk
        self._speech = tempfile.TemporaryDirectory(prefix="forbear-voice-")
        self._lines = Lines(trunk, self._journal.ended, most=lines)

    def close(self) -> None:
        """Hang up and end."""
        self._lines.stop()
        self._speech.cleanup()

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        """Answer one request."""
        status, body = self._answer(environ)
        raw = json.dumps(body, ensure_ascii=False).encode()
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(raw)))])
        return [raw]

    def _answer(self, environ: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        asked = {"/calls": self._calls, "/status": self._status, "/news": self._news, "/cancel": self._cancel}
        what = asked.get(environ["PATH_INFO"])
        length = environ.get("CONTENT_LENGTH") or "0"
        if what is None or environ["REQUEST_METHOD"] != "POST":
            return "404 Not Found", {"detail": "POST /calls, /status, /news or /cancel"}
        if not length.isdecimal() or int(length) > LONGEST_BODY:
            return "413 Content Too Large", {"detail": f"at most {LONGEST_BODY} bytes"}
        raw = environ["wsgi.input"].read(int(length))
        if not self._genuine(environ, raw):
            return "401 Unauthorized", {"detail": "the signature does not hold"}
        try:
            return "200 OK", what(json.loads(raw))
        except (ValueError, KeyError, TypeError, AttributeError) as wrong:
            return "400 Bad Request", {"detail": f"the body is not as docs/contact.md has it: {wrong}"}

    def _genuine(self, environ: dict[str, Any], raw: bytes) -> bool:
        told = environ.get("HTTP_FORBEAR_TIMESTAMP", "")
        if not told.isascii() or not told.isdigit() or abs(time.time() - int(told)) > STALE_SECONDS:
            return False
        return hmac.compare_digest(sign(self._secret, int(told), raw), environ.get("HTTP_FORBEAR_SIGNATURE", ""))

    def _calls(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"results": [self._call(one) for one in body["calls"]]}

    def _call(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Place one call, or say at once why not; an id is dialed once for ever."""
        key, to, say = str(asked["id"]), str(asked["to"]), str(asked["say"])
        rings = int(asked.get("rings") or 6)
        if not 0 < len(key) <= 100 or not 0 < len(say) <= LONGEST_TEXT or not 1 <= rings <= MOST_RINGS:
            return {"id": key, "state": REJECTED, "reason": "bad_call"}
        try:
            self._trunk.address(to)
            speech = Path(tempfile.mkstemp(".wav", dir=self._speech.name)[1])
            speak(say, str(asked.get("language") or "zh-CN"), speech, str(asked.get("voice") or ""))
        except ForbearError as no:
            return {"id": key, "state": REJECTED, "reason": str(no)[:100]}
        if not self._lines.reserve():
            speech.unlink()
            return {"id": key, "state": "throttled", "reason": "every line is taken"}
        known = self._journal.claim(key, ACCEPTED)
        if known is None:
            self._lines.dial(Dialed(key, to, speech, rings))
            return {"id": key, "state": ACCEPTED, "ref": key}
        speech.unlink()
        self._lines.release()
        return {"id": key, "state": ACCEPTED, "ref": key} if known == ACCEPTED else {"id": key, "state": REJECTED}

    def _status(self, body: dict[str, Any]) -> dict[str, Any]:
        """What became of ids; one that was never seen never will be."""
        ids = [str(one) for one in body["ids"]]
        return {
            "results": [{"id": key, "state": self._journal.claim(key, NEVER_SEEN) or NEVER_SEEN} for key in ids]
        }

    def _news(self, body: dict[str, Any]) -> dict[str, Any]:
        some, cursor = self._journal.news(str(body.get("after") or "0"))
        return {"news": some, "cursor": cursor}

    def _cancel(self, body: dict[str, Any]) -> dict[str, Any]:
        """A call that has not come is refused when it does; one that has is under way."""
        return {"cancelled": self._journal.claim(str(body["id"]), CANCELLED) in (None, CANCELLED)}
