"""Errors as the API tells them: what was wrong and what to do, as JSON, and the status that goes with it.

| raised | status |
| --- | --- |
| WrongUse | 422 |
| AnswerIsNo | 409 |
| PermissionDenied | 403 |
"""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from forbear.basics.errors import AnswerIsNo, ForbearError


def tell_errors(api: NinjaAPI) -> None:
    """Let the API answer in words where the desk says no."""

    @api.exception_handler(ForbearError)
    def refused(request: HttpRequest, error: ForbearError) -> HttpResponse:
        status = 409 if isinstance(error, AnswerIsNo) else 422
        return api.create_response(request, {"detail": error.message, "hint": error.hint}, status=status)

    @api.exception_handler(PermissionDenied)
    def denied(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
        return api.create_response(request, {"detail": "not allowed", "hint": ""}, status=403)
