"""Writing down what became of contacts: those that were put off, and those that were handed over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection

from forbear.desk.contact import receipts
from forbear.desk.contact.channels.base import NOT_SENT, REFUSED, SENT, UNKNOWN, Outcome, Provider
from forbear.desk.contact.channels.registry import of_channel
from forbear.desk.contact.named import named
from forbear.desk.contact.rows import Held, PutOff, Row, columns

MOST_TRIES = 8
"""Rounds over all providers of a channel after which a contact has failed."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
"""How long a round waits after one in which nobody took it: doubled each time."""
SPOKEN = frozenset(("voice",))
"""Channels on which a handover says nothing of what happened: the result stays open until the dialer tells it."""


def write_put_off(rows: Sequence[PutOff], at: datetime) -> None:
    """Write down what was not reserved."""
    if not rows:
        return
    given = [
        (one.row.planned_id, one.state, one.next_at, one.why, "|".join(one.rules), int(one.deferred))
        for one in rows
    ]
    names = ("planned", "states", "next_at", "whys", "rules", "deferrals")
    with connection.cursor() as cursor:
        cursor.execute(named("put_off"), {**columns(given, names), "at": at})


def settle(provider: Provider, held: Sequence[Held], outcomes: Sequence[Outcome], at: datetime) -> None:
    """Write down what a provider said of reserved contacts, in the caller's transaction."""
    rows = {one.key: one.row for one in held}
    settle_rows(provider.account.name, provider.account.channel, rows, outcomes, at)


def settle_rows(
    provider: str, channel: str, rows: dict[str, Row], outcomes: Sequence[Outcome], at: datetime
) -> None:
    """Write outcomes down for attempts of a provider, `rows` being their planned contacts by attempt."""
    everyone = [one.account.name for one in of_channel(channel)]
    told = [
        _told(one, rows[one.key], provider, everyone, channel, at)
        for one in sorted(outcomes, key=lambda told: told.key)
    ]
    names = ("attempts", "states", "refs", "whys", "results", "planned_states", "next_at", "tries", "tried")
    with connection.cursor() as cursor:
        cursor.execute(named("settle"), {**columns(told, names), "at": at})
    receipts.match_early(provider, [one.ref for one in outcomes if one.ref], at)


def _told(
    one: Outcome, row: Row, provider: str, everyone: Sequence[str], channel: str, at: datetime
) -> tuple[object, ...]:
    result = {SENT: "" if channel in SPOKEN else "sent", UNKNOWN: ""}.get(one.state, "failed")
    state, next_at, tries, tried = _afterwards(one, row, provider, everyone, at)
    return (one.key, one.state, one.ref, one.why, result, state, next_at, tries, "|".join(tried))


def _afterwards(
    one: Outcome, row: Row, provider: str, everyone: Sequence[str], at: datetime
) -> tuple[str, datetime | None, int, list[str]]:
    """The planned contact's state, when it is looked at next, its rounds so far, and who refused it in this one."""
    if one.state in (SENT, UNKNOWN):
        return one.state, None, row.tries, row.tried
    if one.state == NOT_SENT:
        return "waiting", at, row.tries, row.tried
    assert one.state == REFUSED
    if one.permanent:
        return "unsendable", None, row.tries, row.tried
    tried = sorted({*row.tried, provider})
    if set(everyone) - set(tried):
        return "waiting", at, row.tries, tried  # another provider of the channel: this one certainly did not send
    if row.tries + 1 >= MOST_TRIES:
        return "failed", None, row.tries + 1, tried
    wait = min(FIRST_WAIT * 2**row.tries, LONGEST_WAIT)
    return "waiting", at + wait, row.tries + 1, []
