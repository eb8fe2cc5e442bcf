"""The users of the desk: listed, made, switched off, given a new password, which is shown once and kept nowhere."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from forbear.basics.errors import ForbearError
from forbear.desk.audit.log import record
from forbear.desk.people.making import OWN, make_user, set_password
from forbear.desk.people.models import User
from forbear.desk.people.rights import requires
from forbear.desk.people.roles import Role

ROWS = 100


@require_safe
@requires("users.manage")
def users(request: HttpRequest) -> HttpResponse:
    """A page of the users by name, after the one that the address names."""
    return _list(request)


@never_cache
@require_POST
@requires("users.manage")
def add(request: HttpRequest) -> HttpResponse:
    """Make a user; the password is made here and shown once."""
    given = {name: request.POST.get(name, "").strip() for name in ("username", "role", "name", "own", "language")}
    password = secrets.token_urlsafe(15)
    own = OWN.get(given["role"])
    belongs = {own: given["own"]} if own else {}
    try:
        with transaction.atomic():
            user = make_user(
                given["username"],
                given["role"],
                password,
                name=given["name"],
                language=given["language"],
                **belongs,
            )
            record(request.user, "user.made", f"user:{user.pk}", role=user.role)
    except ForbearError as error:
        messages.error(request, f"{error.message} {error.hint or ''}".strip())
        return _list(request, given=given)
    return _list(request, shown=user, password=password)


@never_cache
@require_POST
@requires("users.manage")
def password(request: HttpRequest, user_id: int) -> HttpResponse:
    """Give a user a new password, which ends their sessions."""
    user = _of(user_id)
    made = secrets.token_urlsafe(15)
    with transaction.atomic():
        set_password(user.username, made)
        record(request.user, "user.password", f"user:{user.pk}")
    return _list(request, shown=user, password=made)


@require_POST
@requires("users.manage")
def switch(request: HttpRequest, user_id: int) -> HttpResponse:
    """Switch a user off, or on again; nobody switches themselves off."""
    user = _of(user_id)
    if user.pk == request.user.pk:
        messages.error(request, _("You cannot switch yourself off; another administrator can."))
        return redirect("pages:users")
    with transaction.atomic():
        user.is_active = not user.is_active
        user.save(update_fields=["is_active"])
        record(request.user, "user.on" if user.is_active else "user.off", f"user:{user.pk}")
    return redirect("pages:users")


def _of(user_id: int) -> User:
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise Http404
    return user


def _list(request: HttpRequest, **more: Any) -> HttpResponse:
    rows = list(User.objects.filter(username__gt=request.GET.get("after", "")).order_by("username")[: ROWS + 1])
    told = {
        "users": rows[:ROWS],
        "after": rows[ROWS - 1].username if len(rows) > ROWS else "",
        "roles": Role.choices,
        **more,
    }
    return render(request, "pages/users.html", told)
