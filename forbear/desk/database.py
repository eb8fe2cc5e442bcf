"""A DATABASE_URL as Django's database settings; everything libpq understands is passed on."""

from __future__ import annotations

from typing import Any

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from forbear.basics.errors import WrongUse

_NAMES = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def database(url: str, pool: int) -> dict[str, Any]:
    """Django's settings for one database.

    Args:
        url: `postgresql://user:password@host/name?sslmode=verify-full`, or a libpq string.
        pool: connections that a process may hold open; 0: one for each request.

    Raises:
        WrongUse: libpq cannot read it, or it is no PostgreSQL's.
    """
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError as error:
        raise WrongUse(
            f"DATABASE_URL cannot be read: {error}", "write postgresql://user:password@host/name"
        ) from None
    named = {ours: str(parts.pop(theirs)) for theirs, ours in _NAMES.items() if parts.get(theirs)}
    options: dict[str, Any] = dict(parts)
    # What is prepared or stands in a function is asked for ever again: planned once, not for each set of values.
    options["options"] = f"{options.get('options', '')} -c plan_cache_mode=force_generic_plan".strip()
    if pool:
        options["pool"] = {"min_size": 1, "max_size": pool, "timeout": 10}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **named,
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }
