"""Which applications someone sees: staff all, an agent without queues all, an agent with queues those she took."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from forbear.desk.applications.models import Application
from forbear.desk.people.roles import Role
from forbear.desk.record.visible import STAFF


def visible_applications(user: Any) -> QuerySet[Application]:
    """The applications that the user may see."""
    found = Application.objects.select_related("borrower", "taken_by")
    if user.role in STAFF or (user.role == Role.AGENT and user.queues is None):
        return found
    if user.role == Role.AGENT:
        return found.filter(taken_by=user)
    return found.none()
