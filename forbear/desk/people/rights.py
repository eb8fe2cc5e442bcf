"""Who may do what: actions and the roles that may, as data (`rights.toml`), asked by every view and API operation.

`@requires("payments.book")` on a view or an operation lets the roles of that action in; anyone else who is signed in
gets 403, anyone who is not is sent to sign in (a page) or told 401 (the API, by its own authentication). Which rows
someone sees is another question: `forbear.desk.record.visible`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, wraps
from importlib.resources import files
from inspect import signature
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from forbear.desk.people.roles import Role


@dataclass(frozen=True)
class Action:
    """Something that can be done at the desk, and the roles that may do it."""

    name: str
    about: str
    roles: frozenset[str]
    two_people: bool = False
    """It moves money or loosens a rule, so that whoever is given it is given it by two people."""


@cache
def actions() -> dict[str, Action]:
    """All actions by name.

    Raises:
        ValueError: `rights.toml` names a role that does not exist.
    """
    table = tomllib.loads(files(__package__).joinpath("rights.toml").read_text("utf-8"))
    made = {
        name: Action(name, row["about"], frozenset(row["roles"]), row.get("two_people", False))
        for name, row in table["actions"].items()
    }
    for action in made.values():
        if unknown := action.roles - set(Role.values):
            raise ValueError(f"rights.toml: {action.name} names unknown roles: {', '.join(sorted(unknown))}")
    return made


def allowed(user: Any, action: str) -> bool:
    """Whether the user's role may do the action; an action that does not exist is an error, not a no.

    A program may do only what the token it shows is for as well.

    Raises:
        KeyError: no such action.
    """
    roles = actions()[action].roles
    if not (user.is_authenticated and user.is_active and user.role in roles):
        return False
    return user.role != Role.SERVICE or action in getattr(user, "token_scopes", ())


def guarded(role: Any) -> frozenset[str]:
    """The actions of a role that are given by two people; a service has those of its tokens, which guard themselves."""
    if role == Role.SERVICE:
        return frozenset()
    return frozenset(action.name for action in actions().values() if action.two_people and role in action.roles)


def requires(action: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let only those in who may do the action; the name is kept on the view, for the test of all addresses.

    Raises:
        KeyError: no such action, when the view is defined.
    """
    actions()[action]

    def guard(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not allowed(request.user, action):
                raise PermissionDenied(action)
            return view(request, *args, **kwargs)

        guarded.action = action  # type: ignore[attr-defined]
        with suppress(NameError):  # the API reads the operation's types, which are names in the view's own module
            guarded.__signature__ = signature(view, eval_str=True)  # type: ignore[attr-defined]
        return guarded

    return guard
