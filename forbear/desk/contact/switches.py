"""Pause, drain, stop everything, resume: for all channels or one; what the dispatcher reads before anything leaves.

    pause      nothing new is taken up; what is reserved still goes
    drain      the same, and workers end once they hold nothing: before an update
    stop_all   nothing leaves any more, not even what is reserved
    resume     as if nothing had been

The dispatcher reads the switch in the very connection that holds its locks, right before each message or handful of
messages leaves, so a stop holds from the moment it is committed; nothing waits for a worker to notice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from forbear.basics.errors import WrongUse
from forbear.conduct.rules import CONTACTS
from forbear.desk.audit.log import record
from forbear.desk.contact.models import SWITCH_MODES, Switch

ORDER = {mode: place for place, mode in enumerate(SWITCH_MODES)}
"""The later is the stricter."""


@dataclass(frozen=True)
class Standing:
    """The switch that holds for a channel: the stricter of its own and of everything's."""

    mode: str = "running"

    @property
    def claims(self) -> bool:
        """Whether new contacts are taken up."""
        return self.mode == "running"

    @property
    def leaves(self) -> bool:
        """Whether what is reserved may still leave."""
        return self.mode != "stopped"


def standing(channel: str = "") -> Standing:
    """The switch that holds now for a channel, or for everything."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT mode FROM contact_switches WHERE scope IN ('', %s)", [channel])
        modes = [row[0] for row in cursor.fetchall()]
    return Standing(max(modes, key=ORDER.__getitem__, default="running"))


def pause(by: Any, at: datetime, *, channel: str = "", why: str = "") -> Switch:
    """Take up nothing new."""
    return _set("paused", by, at, channel, why)


def drain(by: Any, at: datetime, *, channel: str = "", why: str = "") -> Switch:
    """Take up nothing new, and let workers end."""
    return _set("draining", by, at, channel, why)


def stop_all(by: Any, at: datetime, *, channel: str = "", why: str = "") -> Switch:
    """Let nothing leave any more."""
    return _set("stopped", by, at, channel, why)


def resume(by: Any, at: datetime, *, channel: str = "", why: str = "") -> Switch:
    """Go on."""
    return _set("running", by, at, channel, why)


def _set(mode: str, by: Any, at: datetime, channel: str, why: str) -> Switch:
    if channel and channel not in CONTACTS:
        raise WrongUse(f"no channel {channel!r}", f"one of: {', '.join(CONTACTS)}, or none for everything")
    name = by if isinstance(by, str) else by.get_username()
    with transaction.atomic():
        row, _ = Switch.objects.update_or_create(
            scope=channel, defaults={"mode": mode, "by": name, "since": at, "why": why.strip()[:200]}
        )
        record(by, f"contact.{mode}", f"channel:{channel}" if channel else "contact", why=row.why)
    return row
