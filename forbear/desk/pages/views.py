"""The home page of each role, and the switch of language."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views.decorators.http import require_POST, require_safe

from forbear.desk.pages.firsts import firsts
from forbear.desk.pages.homes import home_of


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The first page after signing in: what this role comes for."""
    return render(
        request,
        "pages/home.html",
        {"doors": home_of(request.user.role), "firsts": firsts(request.user, timezone.now())},
    )


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Switch the language: kept with the user, and in a cookie for the pages before sign-in."""
    chosen = request.POST.get("language", "")
    response = HttpResponseRedirect(_back(request))
    if check_for_language(chosen) and chosen in dict(settings.LANGUAGES):
        if request.user.is_authenticated:
            request.user.language = chosen
            request.user.save(update_fields=["language"])
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen,
            max_age=365 * 24 * 3600,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response


def _back(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return resolve_url("pages:home")
