"""Sessions in the database, as Django keeps them, but a database that fails is not taken for a session that is gone.

Django answers 400, "the session was deleted", whenever a session cannot be written at the end of a request. When it was
the database that failed, the request itself may have been done, and a program that is told 400 does not ask again.
"""

from __future__ import annotations

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import InterfaceError, OperationalError


class SessionStore(DatabaseStore):
    """Django's own store, with that one difference."""

    def save(self, must_create: bool = False) -> None:
        """Write the session.

        Raises:
            UpdateError: it is gone.
            OperationalError, InterfaceError: the database failed.
        """
        try:
            super().save(must_create)
        except UpdateError as gone:
            if isinstance(gone.__context__, OperationalError | InterfaceError):
                raise gone.__context__ from None
            raise
