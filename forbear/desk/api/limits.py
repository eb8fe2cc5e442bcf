"""How often a caller may ask the API: a bucket for each credential, and one for each address with none that holds.

A caller may ask `API_PER_SECOND` times a second for ever, and ten seconds' worth at once; beyond that it is told 429
and when to come again. The buckets are each process's own, so a desk of four workers lets through up to four times as
much: it is to keep one caller from taking the desk away from the others, not to count exactly. An address whose
credentials do not hold may try a tenth of that.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from math import ceil

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

Next = Callable[[HttpRequest], HttpResponse]
BURST_SECONDS = 10
MOST_CALLERS = 20_000
"""So many buckets are kept; the one that rested longest makes room for another, and is full by then."""
STRANGERS = 0.1
"""What an address may do whose credentials do not hold, as a share of what a caller may."""


class Buckets:
    """Tokens left to each caller, filled again as time passes."""

    def __init__(self, per_second: float, most: int = MOST_CALLERS) -> None:
        self._rate, self._full, self._most = per_second, max(1.0, per_second * BURST_SECONDS), most
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, caller: str, now: float, *, take: bool = True) -> float:
        """Seconds until the caller may ask; 0: now, and one token is taken unless told otherwise."""
        with self._lock:
            left, since = self._left.get(caller, (self._full, now))
            left = min(self._full, left + (now - since) * self._rate)
            if left < 1:
                return (1 - left) / self._rate
            self._left[caller] = (left - 1 if take else left, now)
            self._left.move_to_end(caller)
            if len(self._left) > self._most:
                self._left.popitem(last=False)
            return 0.0


@cache
def callers(per_second: float) -> Buckets:
    """The buckets of this process's callers, whichever way they come (`money.quick` stands before this one)."""
    return Buckets(per_second)


def caller_of(shown: str) -> str:
    """By what a caller is known: the digest of the credentials or of the address."""
    return hashlib.sha256(shown.encode()).hexdigest()


def limited(get_response: Next) -> Next:
    """Answer 429 to a caller of the API that has asked too often."""
    known, strangers = callers(settings.API_PER_SECOND), Buckets(settings.API_PER_SECOND * STRANGERS)

    def answer(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/api/"):
            return get_response(request)
        now, address = time.monotonic(), _address(request)
        wait = known.wait(_caller(request, address), now) or strangers.wait(address, now, take=False)
        if wait:
            told = {"detail": "too many requests", "hint": f"ask again in {ceil(wait)} s"}
            return JsonResponse(told, status=429, headers={"Retry-After": str(ceil(wait))})
        response = get_response(request)
        if response.status_code == 401:
            strangers.wait(address, now)
        return response

    return answer


def _caller(request: HttpRequest, address: str) -> str:
    shown = request.headers.get("Authorization") or request.COOKIES.get(settings.SESSION_COOKIE_NAME) or address
    return caller_of(shown)


def _address(request: HttpRequest) -> str:
    """Whence it comes; behind a proxy, what the proxy says of it last."""
    if settings.BEHIND_PROXY and (told := request.headers.get("X-Forwarded-For", "")):
        return str(told.rsplit(",", 1)[-1].strip())
    return str(request.META.get("REMOTE_ADDR", ""))
