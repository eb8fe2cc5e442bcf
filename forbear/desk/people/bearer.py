"""The API's way in for programs: `Authorization: Bearer fb_...`. People come by their session."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from forbear.desk.people.models import User
from forbear.desk.people.tokens import user_of


class BearerToken(HttpBearer):
    """A service's token; the request is the service's from then on."""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        """The service, or None."""
        user = user_of(token, timezone.now())
        if user is not None:
            request.user = user
        return user
