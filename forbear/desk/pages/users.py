"""The users of the desk: listed, made, switched off and on; a first password is shown once and kept nowhere.

What raises rights takes two people (`people.users`): the page then says that it is proposed, and who has to approve it.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from forbear.basics.errors import ForbearError
from forbear.desk.pages.trying import tried
from forbear.desk.people import users as people
from forbear.desk.people.making import OWN
from forbear.desk.people.models import Approval, User
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
    """Make a user with a first password, shown once; or propose one whose role two people give."""
    given = {name: request.POST.get(name, "").strip() for name in ("username", "role", "name", "own", "language")}
    own = OWN.get(given["role"])
    wanted = {name: given[name] for name in ("username", "role", "name", "language")}
    try:
        made = people.make(request.user, timezone.now(), **wanted, **({own: given["own"]} if own else {}))
        if isinstance(made, Approval):
            messages.info(request, _("Proposed: another administrator or compliance approves it."))
            return _list(request)
        if made.role == Role.SERVICE:
            return _list(request)
        return _list(request, shown=made, password=people.first_password(request.user, made.username))
    except ForbearError as error:
        messages.error(request, f"{error.message} {error.hint or ''}".strip())
        return _list(request, given=given)


@never_cache
@require_POST
@requires("users.manage")
def password(request: HttpRequest, user_id: int) -> HttpResponse:
    """Hand out the first password of an account that has none."""
    user = _of(user_id)
    try:
        return _list(request, shown=user, password=people.first_password(request.user, user.username))
    except ForbearError as error:
        messages.error(request, f"{error.message} {error.hint or ''}".strip())
    except PermissionDenied:
        messages.error(request, _("Whoever approved this account hands out its password."))
    return _list(request)


@require_POST
@requires("users.manage")
def switch(request: HttpRequest, user_id: int) -> HttpResponse:
    """Switch a user off, or on again; nobody switches themselves off."""
    user, at = _of(user_id), timezone.now()
    if user.pk == request.user.pk:
        messages.error(request, _("You cannot switch yourself off; another administrator can."))
        return redirect("pages:users")

    def change() -> None:
        done = (people.lock if user.is_active else people.unlock)(request.user, user.username, at)
        if isinstance(done, Approval):
            messages.info(request, _("Proposed: another administrator or compliance approves it."))

    tried(request, change)
    return redirect("pages:users")


def _of(user_id: int) -> User:
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise Http404
    return user


def _list(request: HttpRequest, **more: Any) -> HttpResponse:
    rows = people.users(after=request.GET.get("after", ""), page=ROWS + 1)
    after = rows[ROWS - 1].username if len(rows) > ROWS else ""
    told = {"users": rows[:ROWS], "after": after, "roles": Role.choices, **more}
    return render(request, "pages/users.html", told)
