"""One step of the dispatcher: claim a batch, judge it on the borrowers' locks, write it down, send it, settle it.

    1  a transaction claims planned contacts (SKIP LOCKED), takes the borrowers' locks (for the session, without
       waiting), reads the clock, judges, and writes what is cleared down as contacts and attempts. It commits:
       whatever happens now, they count.
    2  a second one holds the loans' accounts still, hands the messages to the provider, and settles their outcomes.
       Right before each handover the switch, the clock and the locks' own connection are looked at once more.
    3  the locks are let go.

The locks are the session's, held over both transactions: nothing that is told of a borrower (a stop, a dispute, a
payment) comes between the gate's leave and the message. A worker that dies takes its session and its locks with it; its
attempts stay reserved until `resolving` finds what became of them. The connection must be one to the server itself, not
to a pooler that shares sessions.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db import DatabaseError, connection, transaction

from forbear.conduct import sending
from forbear.desk.audit.log import record
from forbear.desk.contact import clock, handing, limits, owing, settling
from forbear.desk.contact.channels.base import NOT_SENT, UNKNOWN, Message, Outcome, Provider
from forbear.desk.contact.judging import GRACE, fingerprint, judged
from forbear.desk.contact.models import ChannelState, Planned
from forbear.desk.contact.named import named
from forbear.desk.contact.rows import Held, PutOff, Row, columns, rows_of
from forbear.desk.contact.switches import standing

BATCH = 100
"""Contacts a step claims at most; they share their commits."""
LEASE_SECONDS = 60
"""Real seconds after which a worker that did not settle an attempt is taken for dead."""
TASK = "task"
"""The kind of provider that is a person: nothing is sent, a task is opened."""
BUSY = timedelta(seconds=2)
"""When a contact is looked at again whose borrower somebody else is just dealing with."""

log = structlog.get_logger("forbear.desk")


@dataclass
class Done:
    """What a step did."""

    claimed: int = 0
    sent: int = 0
    put_off: int = 0

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        return self.claimed == 0


def step(provider: Provider, most: int = BATCH) -> Done:
    """Do one batch for a provider; nothing while its channel is closed, switched off, or the provider rests."""
    channel = provider.account.channel
    state = ChannelState.objects.filter(channel=channel).exclude(mode="closed").first()
    if state is None or not standing(channel).claims or not _any_due(channel):
        return Done()
    given = limits.taken(provider.account, most)
    if not given:
        return Done()
    done = Done()
    held: list[Held] = []
    try:
        with transaction.atomic():
            held = _reserved(provider, state, given, done)
        if held:
            outcomes = deliver(provider, held)
            done.sent = sum(one.state == "sent" for one in outcomes)
    finally:
        _let_go()
        limits.give_back(provider.account, given - len(held))
    return done


def _any_due(channel: str) -> bool:
    """Whether anything waits on a channel whose time has come: a look that writes nothing, for the many idle rounds.

    The first that waits is compared, for asked whether any is due the database would rather read the whole table.
    """
    waiting = Planned.objects.filter(channel=channel, state="waiting").order_by("next_at")
    first = waiting.values_list("next_at", flat=True).first()
    return first is not None and first <= clock.now()


def _reserved(provider: Provider, state: ChannelState, most: int, done: Done) -> list[Held]:
    """Claim, lock, judge and write down, in the caller's transaction."""
    rows = _claimed(provider, state, most)
    done.claimed = len(rows)
    first = {row.borrower_id: row for row in reversed(rows)}  # one contact a borrower: the next sees the first
    locked = _locked(sorted(first))
    at = clock.now()
    mine = [row for row in rows if first[row.borrower_id] is row and row.borrower_id in locked]
    if provider.account.kind == TASK:
        done.sent = handing.hand(mine, at)
        return []
    told = judged(mine, provider, at)
    others = [PutOff(row, "waiting", "", at + BUSY) for row in rows if row.borrower_id not in locked]
    put_off = [*others, *(one for one in told if isinstance(one, PutOff))]
    held = [one for one in told if isinstance(one, Held)]
    done.put_off = len(put_off)
    settling.write_put_off(put_off, at)
    _write_down(provider, held)
    return held


def _claimed(provider: Provider, state: ChannelState, most: int) -> list[Row]:
    allowed = list(state.allowed) if state.mode == "allow_list" else None
    asked = {"channel": provider.account.channel, "now": clock.now(), "provider": provider.account.name}
    with connection.cursor() as cursor:
        cursor.execute(named("claim"), {**asked, "allowed": allowed, "most": most})
        return rows_of(cursor.fetchall())


def _locked(borrowers: Sequence[str]) -> set[str]:
    """Take the borrowers' locks for this session, those that are free."""
    if not borrowers:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT b FROM unnest(%s::text[]) AS b WHERE pg_try_advisory_lock(%s, hashtext(b))",
            [list(borrowers), sending.LOCK_SPACE],
        )
        return {row[0] for row in cursor.fetchall()}


def _let_go() -> None:
    """Let this session's locks go; with the connection they are gone anyway."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_all()")
    except DatabaseError:
        connection.close()


def _write_down(provider: Provider, held: Sequence[Held]) -> None:
    """Write cleared contacts down, in the caller's transaction: from its commit on they count."""
    if not held:
        return
    sending.write_down(connection, [(one.message.cleared, one.key) for one in held])
    sets = {one.rules: fingerprint(one.rules) for one in held}
    _know_rules(sets)
    rows = [
        (one.key, one.row.planned_id, sets[one.rules], one.message.words.language, one.parts, one.cost)
        for one in held
    ]
    names = ("attempts", "planned", "rules", "languages", "parts", "costs")
    given = {"provider": provider.account.name, "at": held[0].at, "lease": LEASE_SECONDS}
    with connection.cursor() as cursor:
        cursor.execute(named("reserve"), {**columns(rows, names), **given})
    record(
        "dispatcher", "contact.reserved", f"provider:{provider.account.name}", contacts=[one.key for one in held]
    )


def _know_rules(sets: dict[str, str]) -> None:
    """Keep each set of rules once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO contact_rule_sets (fingerprint, rules) "
            "SELECT * FROM unnest(%s::text[], %s::jsonb[]) ON CONFLICT DO NOTHING",
            [list(sets.values()), [json.dumps(rules.split("|")) for rules in sets]],
        )


def deliver(provider: Provider, held: Sequence[Held]) -> list[Outcome]:
    """Hand reserved contacts to the provider and settle what became of them, in one transaction."""
    with transaction.atomic():
        still = owing.moved(held)
        outcomes = [Outcome(key, NOT_SENT, why="the debt moved") for key in sorted(still)]
        messages = [one.message for one in held if one.key not in still]
        if messages:
            outcomes += _handed_over(provider, messages, held)
        settling.settle(provider, held, outcomes, clock.now())
    limits.note(provider.account, [one for one in outcomes if one.state != NOT_SENT])
    return outcomes


def _handed_over(provider: Provider, messages: list[Message], held: Sequence[Held]) -> list[Outcome]:
    channel, earliest = provider.account.channel, held[0].at

    def go() -> bool:
        """Whether a message may leave now: asked of the connection that holds the locks, so that they hold."""
        return standing(channel).leaves and earliest <= clock.now() <= earliest + GRACE

    try:
        told = provider.send(messages, go)
    except DatabaseError:
        raise  # the locks are gone; what left before is found out later
    except Exception:
        log.exception("a provider failed in its own code", provider=provider.account.name)
        told = []
    named_by = {one.key: one for one in told}
    return [named_by.get(one.key) or Outcome(one.key, UNKNOWN, why="not_told") for one in messages]
