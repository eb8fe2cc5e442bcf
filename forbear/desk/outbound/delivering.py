"""Delivering: what is due is claimed under a lease, sent, and what became of it is written down.

Any number of processes may do this at once; a killed one loses nothing, its leases run out. A message may arrive twice
(its id is the same), and never before an earlier one of its lane has arrived. Each subscription is served by a thread
of its own, so that a slow or dead address holds nobody else up; one that fails again and again is left in peace for a
while, and parked when nothing has arrived for days.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, connections, transaction
from django.utils import timezone

from forbear.desk.audit.log import record
from forbear.desk.outbound.models import Delivery, Event, Webhook
from forbear.desk.outbound.retrying import plan
from forbear.desk.outbound.sending import Answer, send
from forbear.desk.outbound.signing import headers
from forbear.desk.privacy.keys import open_sealed
from forbear.desk.statements import statement

AT_ONCE = 4
"""Messages of one subscription that are under way at once, each of another lane."""
PROGRAM = "forbear desk"
GONE = 410
BUSY = frozenset([429, 503])
"""Statuses whose Retry-After is heeded."""
PURPOSE = "webhook secret"

Send = Callable[[str, dict[str, str], bytes], Answer]
Clock = Callable[[], datetime]
log = structlog.get_logger("forbear.desk")


@dataclass(frozen=True)
class Claimed:
    """A message that is ours to send until its lease runs out."""

    event_id: int
    attempt: int
    first_tried_at: datetime
    message_id: str
    body: bytes


_workers: dict[UUID, threading.Thread] = {}


def deliver_now() -> None:
    """See to it that every subscription with something due is being served; for the background."""
    for webhook_id in due(timezone.now()):
        if webhook_id not in _workers or not _workers[webhook_id].is_alive():
            thread = threading.Thread(target=_serve, args=(webhook_id,), name=f"webhook {webhook_id}", daemon=True)
            _workers[webhook_id] = thread
            thread.start()


def _serve(webhook_id: UUID) -> None:
    try:
        while deliver_some(webhook_id):
            pass
    except Exception:
        log.exception("webhook's worker failed", webhook_id=str(webhook_id))
    finally:
        connections.close_all()


def due(at: datetime) -> list[UUID]:
    """The subscriptions that have something to be sent at an instant."""
    with connection.cursor() as cursor:
        cursor.execute(_named("due"), {"at": at})
        return [row[0] for row in cursor.fetchall()]


def deliver_some(webhook_id: UUID, *, clock: Clock = timezone.now, send: Send = send) -> int:
    """Send a few of a subscription's messages that are due; how many.

    Args:
        webhook_id: the subscription.
        clock: tells the time.
        send: sends one message.
    """
    hook = Webhook.objects.filter(pk=webhook_id, state="active", secret__isnull=False).first()
    at = clock()
    if hook is None or (hook.quiet_until and hook.quiet_until > at):
        return 0
    taken = claim(webhook_id, at, 1 if hook.failures >= plan().quiet_after else AT_ONCE)
    secrets = secrets_of(hook, at)

    def sent(one: Claimed) -> Answer:
        return send(hook.url, headers(secrets, one.message_id, int(at.timestamp()), one.body), one.body)

    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        for one, answer in zip(taken, pool.map(sent, taken), strict=True):
            settle(webhook_id, one, answer, clock(), luck=random.random())  # noqa: S311 - spreads retries
    return len(taken)


def claim(webhook_id: UUID, at: datetime, most: int) -> list[Claimed]:
    """Take messages that are due, each the first of its lane that has not arrived."""
    asked = {"webhook": webhook_id, "at": at, "lease": at + timedelta(seconds=plan().lease), "most": most}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_named("claim"), asked)
        rows = cursor.fetchall()
    return [Claimed(row[0], row[1], row[2], row[3], _body(*row[4:])) for row in sorted(rows)]


def _body(kind: str, at: datetime, data: Any) -> bytes:
    """The message, byte for byte the same at every attempt."""
    told = data if isinstance(data, dict) else json.loads(data)
    body = {"type": kind, "timestamp": at.isoformat().replace("+00:00", "Z"), "data": told}
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def secrets_of(hook: Webhook, at: datetime) -> list[str]:
    """The secrets that sign now, the newest first."""
    before = hook.secret_before if hook.secret_before_until and hook.secret_before_until > at else None
    return [open_sealed(bytes(one), PURPOSE) for one in (hook.secret, before) if one]


def settle(webhook_id: UUID, one: Claimed, answer: Answer, at: datetime, *, luck: float) -> None:
    """Write down what became of an attempt; one whose lease another has taken since changes nothing."""
    with transaction.atomic():
        mine = Delivery.objects.filter(
            webhook_id=webhook_id, event_id=one.event_id, attempts=one.attempt, state="waiting"
        )
        common = {"leased_until": None, "status": answer.status, "said": answer.said}
        if answer.ok:
            if mine.update(**common, state="delivered", delivered_at=at):
                _arrived(webhook_id)
            return
        tired = at - one.first_tried_at >= timedelta(days=plan().give_up_days)
        wait = plan().wait(one.attempt, luck)
        if answer.status in BUSY and answer.retry_after is not None:
            wait = max(wait, min(timedelta(seconds=answer.retry_after), timedelta(seconds=plan().most)))
        if mine.update(**common, state="stuck" if tired else "waiting", due_at=at + wait):
            if tired:
                facts = {"message": one.message_id, "status": answer.status}
                record(PROGRAM, "webhook.stuck", f"webhook:{webhook_id}", **facts)
            _failed(webhook_id, answer, at, luck)


def _arrived(webhook_id: UUID) -> None:
    failing = Webhook.objects.filter(pk=webhook_id).exclude(failures=0, failing_since=None, quiet_until=None)
    failing.update(failures=0, failing_since=None, quiet_until=None)


def _failed(webhook_id: UUID, answer: Answer, at: datetime, luck: float) -> None:
    hook = Webhook.objects.select_for_update().get(pk=webhook_id)
    hook.failures += 1
    hook.failing_since = hook.failing_since or at
    over = hook.failures - plan().quiet_after
    hook.quiet_until = at + plan().wait(over + 1, luck) if over >= 0 else None
    gone, dead = answer.status == GONE, at - hook.failing_since >= timedelta(days=plan().park_days)
    if hook.state == "active" and (gone or dead):
        hook.state, hook.state_because = "parked", "gone" if gone else "dead"
        record(PROGRAM, "webhook.parked", f"webhook:{webhook_id}", because=hook.state_because)
        log.warning("webhook parked", webhook_id=str(webhook_id), kind=hook.state_because)
    hook.save(update_fields=["failures", "failing_since", "quiet_until", "state", "state_because"])


def forget_now() -> int:
    """Forget what was delivered (or let go) long ago, some thousands at a time; for the background."""
    before = timezone.now() - timedelta(days=plan().keep_days)
    old = Event.objects.filter(at__lt=before).exclude(deliveries__state__in=["waiting", "stuck"])
    count, _ = Event.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:5_000])).delete()
    return int(count)


def _named(name: str) -> str:
    return statement(__package__, name)
