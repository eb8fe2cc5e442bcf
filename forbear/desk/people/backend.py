"""Who may have a session: people. A program shows a token, and cannot sign in even if it were given a password."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from forbear.desk.people.roles import Role


class PeopleOnly(AuthenticationBackend):
    """Passwords of active people; asked again with every request of a session."""

    def user_can_authenticate(self, user: Any) -> bool:
        """Active, and a person."""
        return bool(super().user_can_authenticate(user) and user.role != Role.SERVICE)
