"""What every request passes: an id, one log line, its metrics, the content security policy, the user's language."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any
from uuid import uuid4

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from prometheus_client import Histogram

Next = Callable[[HttpRequest], HttpResponse]

log = structlog.get_logger("forbear.desk")
REQUESTS = Histogram(
    "forbear_request_seconds",
    "Time to answer a request.",
    ["route", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


def observed(get_response: Next) -> Next:
    """Give the request an id, then count, time and log its answer by its route (never by its address)."""

    def answer(request: HttpRequest) -> HttpResponse:
        structlog.contextvars.clear_contextvars()
        request_id = uuid4().hex
        structlog.contextvars.bind_contextvars(request_id=request_id)
        began = perf_counter()
        response = get_response(request)
        took = perf_counter() - began
        match = request.resolver_match
        route = match.route if match else "none"
        response["X-Request-Id"] = request_id
        user = getattr(request, "user", None)
        known = user.pk if user is not None and user.is_authenticated else None
        observe(route, request.method or "", response.status_code, took, known)
        return response

    return answer


def observe(route: str, method: str, status: int, took: float, user: Any, **more: Any) -> None:
    """Count, time and log one answer; the line carries the request's id where one is bound or given."""
    REQUESTS.labels(route, method, status).observe(took)
    told = {"method": method, "route": route, "status": status, "milliseconds": round(took * 1000, 1), "user": user}
    log.info("request", **told, **more)


def content_security_policy(get_response: Next) -> Next:
    """Everything from ourselves, nothing inline."""
    policy = "; ".join(f"{name} {sources}" for name, sources in settings.CONTENT_SECURITY_POLICY.items())

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Content-Security-Policy"] = policy
        response["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
        return response

    return answer


def language_of_user(get_response: Next) -> Next:
    """Speak the language that a signed-in user has chosen, on whatever machine she sits."""

    def answer(request: HttpRequest) -> HttpResponse:
        chosen = getattr(request.user, "language", "")
        if chosen:
            translation.activate(chosen)
            request.LANGUAGE_CODE = translation.get_language()
        return get_response(request)

    return answer
