"""Signed HTTP, as all of ours speak it: JSON, `Forbear-Timestamp`, `Forbear-Signature`; and what a failure means.

A failure is certain (`Certainly`) only if nothing was handed over: no connection came about, or the far end itself
says so. Everything else (a time-out while waiting for the answer, a broken connection, a gateway's 502) is `Perhaps`.
"""

from __future__ import annotations

import json
import time
from typing import Any

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from forbear.basics.errors import ForbearError
from forbear.desk.contact.channels.base import Account
from forbear.desk.money.webhook import sign

SAID_NO = frozenset((408, 413, 425, 429, 503))
"""Statuses by which a server says that it did nothing, for now."""


class Certainly(ForbearError):
    """Nothing was handed over; `permanent` where asking again would not help."""

    def __init__(self, why: str, permanent: bool = False) -> None:
        super().__init__(why)
        self.why, self.permanent = why, permanent


class Perhaps(ForbearError):
    """Nobody knows whether it was handed over."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Wire:
    """A kept connection to one provider."""

    def __init__(self, account: Account) -> None:
        self.url = str(account.options["url"]).rstrip("/")
        self.secret = account.secret.encode()
        self.timeout = account.timeout
        self.session = requests.Session()
        self.session.trust_env = False
        if proxy := account.options.get("proxy"):
            self.session.proxies = {"http": proxy, "https": proxy}

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        """Post a body and read the answer's JSON.

        Raises:
            Certainly: it was not taken.
            Perhaps: it may have been.
        """
        raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        at = int(time.time())  # the wire's own clock: the far end refuses a stale signature
        signed = {"Forbear-Timestamp": str(at), "Forbear-Signature": sign(self.secret, at, raw)}
        try:
            answer = self.session.post(
                self.url + path,
                data=raw,
                headers={"Content-Type": "application/json", **signed, **(headers or {})},
                timeout=self.timeout,
                allow_redirects=False,
            )
        except requests.RequestException as failed:
            raise _meaning(failed) from None
        return _read(answer)

    def close(self) -> None:
        """Let the connection go."""
        self.session.close()


def _meaning(failed: requests.RequestException) -> ForbearError:
    if isinstance(failed, requests.ConnectTimeout):
        return Certainly("connect_timeout")
    if isinstance(failed, requests.ConnectionError):
        reason = getattr(failed.args[0] if failed.args else None, "reason", None)
        if isinstance(reason, NewConnectionError | ConnectTimeoutError):
            return Certainly("no_connection")
    if isinstance(failed, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
        return Certainly("bad_url")
    return Perhaps("timeout" if isinstance(failed, requests.Timeout) else "connection_broke")


def _read(answer: requests.Response) -> Any:
    if answer.status_code in SAID_NO:
        raise Certainly(f"http_{answer.status_code}")
    if 300 <= answer.status_code < 500:
        raise Certainly(f"http_{answer.status_code}", permanent=answer.status_code in (400, 422))
    if answer.status_code >= 500:
        raise Perhaps(f"http_{answer.status_code}")
    try:
        return answer.json()
    except ValueError:
        raise Perhaps("answer_is_no_json") from None
