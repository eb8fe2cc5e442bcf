"""How often contacts are complained of: by channel, template, agent and agency, over a period; one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

from django.db import connection

from forbear.desk.people.models import User

PER = 1_000
"""Rates are per so many contacts."""


@dataclass(frozen=True)
class Rate:
    """Contacts and complaints about them of one channel, template, agent or agency."""

    kind: str
    name: str
    contacts: int
    complaints: int

    @property
    def rate(self) -> float | None:
        """Complaints per `PER` contacts; None without contacts."""
        return PER * self.complaints / self.contacts if self.contacts else None


def rates(since: datetime, until: datetime) -> list[Rate]:
    """The rates over [since, until): of each kind the most complained of first."""
    with connection.cursor() as cursor:
        cursor.execute(_statement(), {"since": since, "until": until})
        found = [Rate(kind, name, int(contacts), int(told)) for kind, name, contacts, told in cursor.fetchall()]
    agents = [int(one.name) for one in found if one.kind == "agent"]
    names = {str(user.pk): str(user) for user in User.objects.filter(pk__in=agents)}
    return [
        Rate(one.kind, names.get(one.name, one.name), one.contacts, one.complaints) if one.kind == "agent" else one
        for one in found
    ]


@cache
def _statement() -> str:
    return files(__package__).joinpath("rates.sql").read_text("utf-8")
