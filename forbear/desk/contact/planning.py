"""Planning contacts and taking them out again.

    plan("B1", "sms", purpose="overdue", key="strategy:7:B1:2026-07-01", cause="strategy:7", at=now,
         body="您有 {arrears} 元逾期…", wanted_until=now + timedelta(days=3))
    cancel("B1", "stop", at=now)

Planning asks nothing of the gate: it is asked at the moment of sending. The key makes planning twice the same as once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from forbear.basics.errors import WrongUse
from forbear.conduct import sending
from forbear.conduct.rules import CONTACTS
from forbear.desk.audit.log import record
from forbear.desk.contact.models import Planned
from forbear.desk.contact.named import named
from forbear.desk.contact.preferences import HER_HOURS
from forbear.desk.contact.purposes import purpose as purpose_of
from forbear.desk.contact.words import refuse_bad_body
from forbear.desk.record.models import Borrower

WANTED_FOR = timedelta(days=3)
"""How long a contact is wanted after its time has come, unless whoever plans it says otherwise."""
LONGEST = 200


@dataclass(frozen=True)
class Wish:
    """A contact that is wanted; see `plan`."""

    borrower_id: str
    channel: str
    purpose: str
    key: str
    cause: str
    body: str = ""
    template_version: int | None = None
    loan_id: str = ""
    not_before: datetime | None = None
    wanted_until: datetime | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


def plan(borrower_id: str, channel: str, *, at: datetime, by: Any = None, **wish: Any) -> Planned:
    """Put one contact into the outbox.

    Args:
        borrower_id: whom to reach.
        channel: one of `forbear.conduct.rules.CONTACTS`.
        at: now.
        by: the user who plans it, or None: a program.
        **wish: purpose (one of purposes.toml), key, cause, and either body (a plain text, see `words`) or
            template_version; perhaps loan_id (A|B; empty: all), not_before (now), wanted_until (`WANTED_FOR` after
            it), facts (of the act, for the gate).

    Returns:
        The planned contact; one that was planned before under the same key, as it stands.

    Raises:
        WrongUse: something is missing or unknown, or the key was used for another borrower or channel.
    """
    with transaction.atomic():
        plan_many([Wish(borrower_id, channel, **wish)], at=at, by=by)
        made = Planned.objects.get(key=wish["key"])
        if (made.borrower_id, made.channel) != (borrower_id, channel):
            raise WrongUse(f"the key {wish['key']!r} names another contact", "use a key of its own")
    return made


def plan_many(wishes: Iterable[Wish], *, at: datetime, by: Any = None) -> int:
    """Put many contacts into the outbox in one statement; those whose key is there already change nothing.

    Returns:
        How many are new.

    Raises:
        WrongUse: one cannot be planned; none of them is then.
    """
    rows = [_row(wish, at) for wish in wishes]
    if not rows:
        return 0
    _refuse_unknown({row[1] for row in rows})
    with transaction.atomic(), connection.cursor() as cursor:
        values = {name: list(column) for name, column in zip(COLUMNS, zip(*rows, strict=True), strict=True)}
        cursor.execute(named("plan"), {**values, "by": getattr(by, "pk", None)})
        made = cursor.rowcount
        facts = {"count": made, "causes": sorted({wish[-1] for wish in rows})[:10]}
        record(
            by or "forbear desk", "contact.planned", f"borrower:{rows[0][1]}" if made == 1 else "outbox", **facts
        )
    return made


COLUMNS = (
    *("keys", "borrowers", "channels", "purposes", "loans", "templates", "bodies", "facts"),
    *("not_before", "wanted_until", "causes"),
)


def _row(wish: Wish, at: datetime) -> tuple[Any, ...]:
    begins = wish.not_before or at
    ends = wish.wanted_until or begins + WANTED_FOR
    _refuse(wish, begins, ends)
    facts = json.dumps({**purpose_of(wish.purpose).facts, **wish.facts})
    return (
        *(wish.key, wish.borrower_id, wish.channel, wish.purpose, wish.loan_id, wish.template_version),
        *(wish.body, facts, begins, ends, wish.cause),
    )


def _refuse_unknown(borrowers: set[str]) -> None:
    known = set(Borrower.objects.filter(pk__in=borrowers).values_list("pk", flat=True))
    if unknown := borrowers - known:
        raise WrongUse(f"no borrower {min(unknown)!r}", "import the book first")


def _refuse(wish: Wish, begins: datetime, ends: datetime) -> None:
    if wish.channel not in CONTACTS:
        raise WrongUse(f"no channel {wish.channel!r}", f"one of: {', '.join(CONTACTS)}")
    for name in ("key", "cause"):
        value = getattr(wish, name)
        if not value or len(value) > LONGEST or not value.isprintable():
            raise WrongUse(f"the {name} is {value[:40]!r}", f"give 1 to {LONGEST} printable characters")
    if ends <= begins:
        raise WrongUse("it would no longer be wanted before it may begin", "let wanted_until lie after not_before")
    if wish.template_version is None and wish.channel not in ("call", "visit"):
        refuse_bad_body(wish.body)


def cancel(
    borrower_id: str, cause: str, channels: Sequence[str] | None = None, *, at: datetime, by: Any = None
) -> int:
    """Take what is planned for a borrower out of the outbox, in the caller's transaction or one of its own.

    It waits for the borrower's lock: when it returns nothing more leaves, and what was on its way has left before.

    Args:
        borrower_id: whose.
        cause: why, for the record: stop, paid, dispute, wrong_person, …
        channels: only these; None: all.
        at: now.
        by: the user, or None: a program.

    Returns:
        How many were taken out.
    """
    with transaction.atomic():
        sending.lock_borrower(connection, borrower_id)
        waiting = Planned.objects.filter(borrower_id=borrower_id, state="waiting")
        if channels is not None:
            waiting = waiting.filter(channel__in=channels)
        count = waiting.update(state="cancelled", why=cause, ended_at=at)
        if count:
            record(by or "forbear desk", "contact.cancelled", f"borrower:{borrower_id}", count=count, cause=cause)
    return int(count)


def deferred(limit: int = 100, *, channel: str = "", after: tuple[datetime, int] | None = None) -> list[Planned]:
    """Contacts the gate put off, the next to come back first; `after` is (next_at, planned_id) of the page before.

    Those that wait for something else since (their turn, a provider that was busy) are not among them.
    """
    found = Planned.objects.filter(state="waiting", deferrals__gt=0).filter(~Q(rules=[]) | Q(why=HER_HOURS))
    if channel:
        found = found.filter(channel=channel)
    if after:
        found = found.extra(where=["(next_at, planned_id) > (%s, %s)"], params=list(after))
    return list(found.order_by("next_at", "planned_id")[:limit])
