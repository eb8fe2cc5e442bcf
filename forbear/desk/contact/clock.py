"""The dispatcher's one clock: the database's, so that no worker's own clock matters, nor a jump of it.

Every instant the dispatcher judges or compares comes from the function that `settings.CONTACT_CLOCK` names; a test in
compressed time names another. Leases are real time and always the database's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string


def database() -> datetime:
    """The database's clock at this instant, within a transaction too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        at: datetime = cursor.fetchone()[0]
        return at


def now() -> datetime:
    """The instant by the clock that the settings name."""
    read: Callable[[], datetime] = import_string(settings.CONTACT_CLOCK)
    return read()
