"""The outbox as people see it: each channel's state, switch, queue and providers; and what was put off, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count

from forbear.conduct.rules import CONTACTS
from forbear.desk.contact import opening, planning
from forbear.desk.contact.channels import registry
from forbear.desk.contact.models import Attempt, ChannelState, Planned, Switch
from forbear.desk.contact.switches import ORDER


@dataclass(frozen=True)
class ChannelView:
    """A channel as it stands; `queue` counts planned contacts by state, `due` those whose time has come.

    `switch` is the stricter of its own (`own_switch`) and of everything's.
    """

    channel: str
    mode: str
    allowed: list[str]
    switch: str
    providers: list[str]
    queue: dict[str, int] = field(default_factory=dict)
    due: int = 0
    state: ChannelState | None = None
    own_switch: str = "running"


def overview(at: datetime) -> list[ChannelView]:
    """Every channel, in the order of the rules."""
    states, held = opening.states(), {row.scope: row.mode for row in Switch.objects.all()}
    counts: dict[str, dict[str, int]] = {}
    for row in Planned.objects.values("channel", "state").annotate(count=Count("pk")):
        counts.setdefault(row["channel"], {})[row["state"]] = row["count"]
    due = dict(
        Planned.objects.filter(state="waiting", next_at__lte=at)
        .values_list("channel")
        .annotate(count=Count("pk"))
        .values_list("channel", "count")
    )
    everyone = held.get("", "running")
    return [
        ChannelView(
            channel,
            states[channel].mode,
            list(states[channel].allowed),
            max((everyone, held.get(channel, "running")), key=ORDER.__getitem__),
            [name for name, one in registry.providers().items() if one.account.channel == channel],
            counts.get(channel, {}),
            due.get(channel, 0),
            states[channel] if states[channel].mode != "closed" else None,
            held.get(channel, "running"),
        )
        for channel in CONTACTS
    ]


def switch_of_all() -> Switch | None:
    """The switch of everything, if anybody ever used it."""
    return Switch.objects.filter(scope="").first()


def unknown() -> int:
    """Attempts whose outcome nobody knows; they count in every cap."""
    return int(Attempt.objects.filter(state="unknown").count())


def deferred(
    limit: int, *, channel: str = "", after_at: datetime | None = None, after_id: int = 0
) -> list[Planned]:
    """What the gate put off, the next to come back first."""
    return planning.deferred(limit, channel=channel, after=(after_at, after_id) if after_at else None)


def why_counts(limit: int = 20) -> list[dict[str, Any]]:
    """Which rules stand against what waits, the most frequent first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rule, count(*) FROM planned_contacts, unnest(rules) AS rule "
            "WHERE state = 'waiting' AND deferrals > 0 GROUP BY rule ORDER BY count(*) DESC, rule LIMIT %s",
            [limit],
        )
        return [{"rule": rule, "count": count} for rule, count in cursor.fetchall()]
