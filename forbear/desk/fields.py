"""Field kinds that the desk's tables share: identities, money, currencies."""

from __future__ import annotations

from typing import Any

from django.db import models


class Id(models.TextField):
    """An identity given by the lender's systems: any text, compared byte by byte.

    In capitals PostgreSQL takes TEXT for text, and Django does not add its second index for LIKE to every key.
    """

    def db_type(self, connection: Any) -> str:
        """PostgreSQL's type."""
        return "TEXT"


class Minor(models.BigIntegerField):
    """An amount of money in integers of the currency's minor unit (fen, cents)."""


def currency() -> models.TextField:
    """The currency of the amounts beside it (ISO 4217)."""
    return models.TextField(default="CNY", db_default="CNY")


def one_of(field: str, values: list[str], name: str) -> models.CheckConstraint:
    """The database takes no other value for the field."""
    return models.CheckConstraint(condition=models.Q(**{f"{field}__in": values}), name=name)
