"""Errors as the API tells them: what was wrong and what to do, as JSON, and the status that goes with it.

| raised | status |
| --- | --- |
| WrongUse | 422 |
| AnswerIsNo | 409 |
| PermissionDenied | 403 |
| NotThere | 404 |
| OperationalError (the database does not answer) | 503 |
| what no column can hold (NUL, a lone surrogate, a number too large) | 422 |
"""

from __future__ import annotations

import structlog
from django.core.exceptions import PermissionDenied
from django.db import DataError, OperationalError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from forbear.basics.errors import AnswerIsNo, ForbearError
from forbear.desk.people.wire import NotThere

log = structlog.get_logger("forbear.desk")


def tell_errors(api: NinjaAPI) -> None:
    """Let the API answer in words where the desk says no."""

    @api.exception_handler(ForbearError)
    def refused(request: HttpRequest, error: ForbearError) -> HttpResponse:
        status = 409 if isinstance(error, AnswerIsNo) else 422
        return api.create_response(request, {"detail": error.message, "hint": error.hint}, status=status)

    @api.exception_handler(DataError)
    @api.exception_handler(UnicodeEncodeError)
    def unfit(request: HttpRequest, error: Exception) -> HttpResponse:
        told = {
            "detail": "a value cannot be stored",
            "hint": "text without NUL and lone surrogates; numbers in range",
        }
        return api.create_response(request, told, status=422)

    @api.exception_handler(OperationalError)
    def away(request: HttpRequest, error: OperationalError) -> HttpResponse:
        log.exception("database away", exc_info=error)
        told = {"detail": "the database does not answer", "hint": "send the same request again, with the same key"}
        return api.create_response(request, told, status=503)

    @api.exception_handler(NotThere)
    def not_there(request: HttpRequest, error: NotThere) -> HttpResponse:
        return api.create_response(request, {"detail": error.detail, "hint": error.hint}, status=404)

    @api.exception_handler(PermissionDenied)
    def denied(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
        return api.create_response(request, {"detail": "not allowed", "hint": ""}, status=403)
