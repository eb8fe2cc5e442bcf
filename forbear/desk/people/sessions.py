"""What a session must meet with every request: its age, its rest, and the second factor that some roles must have."""

from __future__ import annotations

from collections.abc import Callable
from time import time
from typing import Any

from allauth.mfa.adapter import get_adapter
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse

Next = Callable[[HttpRequest], HttpResponse]
SEEN_EVERY = 60
"""Seconds between two notes of when a session was last used: a write for each request would be too many."""
OPEN = ("/accounts/", "/language", "/static/")
"""What someone without her second factor may still reach: the pages on which she adds it."""


def begun(sender: Any, request: HttpRequest, user: Any, **rest: Any) -> None:
    """Note in a new session when it began; it is being written anyway."""
    request.session["began"] = request.session["seen"] = int(time())


def limited(get_response: Next) -> Next:
    """End sessions that are too old (`SESSION_COOKIE_AGE` after signing in) or rested too long."""

    def answer(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and request.user.pk and "_auth_user_id" in request.session:
            now = int(time())
            began, seen = request.session.get("began", 0), request.session.get("seen", 0)
            if now - began > settings.SESSION_COOKIE_AGE or now - seen > settings.SESSION_IDLE_SECONDS:
                logout(request)
            elif now - seen >= SEEN_EVERY:
                request.session["seen"] = now
        return get_response(request)

    return answer


def second_factor(get_response: Next) -> Next:
    """Let people of roles that need a second factor do nothing until they have one; allauth asks for it at sign-in."""

    def answer(request: HttpRequest) -> HttpResponse:
        user = request.user
        needed = user.is_authenticated and user.role in settings.SECOND_FACTOR_ROLES
        if not needed or request.path_info.startswith(OPEN) or get_adapter().is_mfa_enabled(user):
            return get_response(request)
        if request.path_info.startswith("/api/"):
            told = {"detail": "your role needs a second factor", "hint": f"add one at {reverse('mfa_index')}"}
            return JsonResponse(told, status=403)
        return HttpResponseRedirect(reverse("mfa_index"))

    return answer
