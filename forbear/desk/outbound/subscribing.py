"""Subscriptions: proposed by one administrator, made when another person approves, then handled by administrators.

The secret lies nowhere in the clear: taking one makes it, shows it once and keeps it sealed; taking another lets both
sign for a while, so that a receiver can change over without losing a message.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, FilteredRelation, Min, Q, QuerySet
from django.utils.translation import gettext as _

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.desk.audit.log import record
from forbear.desk.outbound.addresses import checked
from forbear.desk.outbound.delivering import PURPOSE
from forbear.desk.outbound.kinds import KINDS, TEST
from forbear.desk.outbound.models import Delivery, Event, Webhook
from forbear.desk.outbound.signing import new_secret
from forbear.desk.people.approvals import propose
from forbear.desk.people.models import Approval
from forbear.desk.privacy.keys import seal_secret

MAKE = "webhooks.make"
"""The kind of approval that makes a subscription."""
BOTH_SIGN = timedelta(hours=24)
MOST_NAME = 200
OPEN_STATES = ("waiting", "stuck")


def proposed(user: Any, name: str, url: str, kinds: list[str], at: datetime) -> Approval:
    """Propose a subscription.

    Raises:
        WrongUse: the URL may not be used, a kind does not exist, or it has no name.
        PermissionDenied: the user may not propose it.
    """
    wanted = {"name": name.strip(), "url": checked(url), "kinds": _known(kinds)}
    if not 0 < len(wanted["name"]) <= MOST_NAME or not str(wanted["name"]).isprintable():
        raise WrongUse(_("a subscription has a name"), _("say whose system it is"))
    return propose(user, MAKE, wanted, f"webhook:{wanted['name']}", at)


def made(by: Any, name: str, url: str, kinds: list[str], at: datetime) -> Webhook:
    """Make a subscription that was approved; it sends nothing until its secret is taken."""
    with transaction.atomic():
        hook = Webhook.objects.create(
            name=name, url=checked(url), kinds=_known(kinds), made_at=at, made_by=by.get_username()
        )
        record(by, "webhook.made", f"webhook:{hook.pk}", name=name, kinds=hook.kinds)
    return hook


def _known(kinds: list[str]) -> list[str]:
    if not kinds or (unknown := sorted(set(kinds) - KINDS.keys())):
        raise WrongUse(
            _("no such events: %(kinds)s") % {"kinds": ", ".join(unknown)} if kinds else _("no events are named"),
            _("some of: %(kinds)s") % {"kinds": ", ".join(KINDS)},
        )
    return sorted(set(kinds))


def secret(user: Any, webhook_id: UUID, at: datetime) -> str:
    """A new secret, shown once; the one before signs beside it for a day.

    Raises:
        WrongUse: there is no such subscription.
    """
    with transaction.atomic():
        hook = _held(webhook_id)
        fresh = new_secret()
        if hook.secret is not None:
            hook.secret_before, hook.secret_before_until = hook.secret, at + BOTH_SIGN
        hook.secret = seal_secret(fresh, PURPOSE)
        hook.save(update_fields=["secret", "secret_before", "secret_before_until"])
        record(user, "webhook.secret", f"webhook:{webhook_id}", again=hook.secret_before is not None)
    return fresh


def disable(user: Any, webhook_id: UUID) -> Webhook:
    """Tell a subscription nothing more; what waits for it is let go.

    Raises:
        WrongUse: there is no such subscription.
    """
    with transaction.atomic():
        hook = _held(webhook_id)
        gone = Delivery.objects.filter(webhook=hook, state__in=OPEN_STATES).update(
            state="skipped", leased_until=None
        )
        _turned(user, hook, "disabled", skipped=gone)
    return hook


def resume(user: Any, webhook_id: UUID, at: datetime) -> Webhook:
    """Go on with a subscription that was parked: all that waits for it is due now.

    Raises:
        WrongUse: there is no such subscription.
        AnswerIsNo: it was disabled; what happened meanwhile was not kept for it.
    """
    with transaction.atomic():
        hook = _held(webhook_id)
        if hook.state == "disabled":
            raise AnswerIsNo(_("this subscription is disabled"), _("propose another"))
        hook.failures, hook.failing_since, hook.quiet_until = 0, None, None
        hook.save(update_fields=["failures", "failing_since", "quiet_until"])
        again = {"state": "waiting", "due_at": at, "leased_until": None, "first_tried_at": None}
        Delivery.objects.filter(webhook=hook, state__in=OPEN_STATES).update(**again)
        _turned(user, hook, "active")
    return hook


def _turned(user: Any, hook: Webhook, state: str, **facts: Any) -> None:
    hook.state, hook.state_because = state, ""
    hook.save(update_fields=["state", "state_because"])
    record(user, f"webhook.{state}", f"webhook:{hook.pk}", **facts)


def redeliver(user: Any, webhook_id: UUID, message_id: str, at: datetime) -> Delivery:
    """Send a message again, under the same id: one that is stuck, or one that arrived and was lost there.

    Raises:
        WrongUse: there is no such message of this subscription.
        AnswerIsNo: the subscription is disabled.
    """
    with transaction.atomic():
        if _held(webhook_id).state == "disabled":
            raise AnswerIsNo(_("this subscription is disabled"), _("propose another"))
        row = _delivery(webhook_id, message_id)
        row.state, row.due_at, row.leased_until, row.first_tried_at = "waiting", at, None, None
        row.save(update_fields=["state", "due_at", "leased_until", "first_tried_at"])
        record(user, "webhook.redelivered", f"webhook:{webhook_id}", message=message_id)
    return row


def skip(user: Any, webhook_id: UUID, message_id: str) -> Delivery:
    """Let a message go that has not arrived; its lane goes on.

    Raises:
        WrongUse: there is no such message of this subscription.
        AnswerIsNo: it has arrived.
    """
    with transaction.atomic():
        row = _delivery(webhook_id, message_id)
        if row.state not in OPEN_STATES:
            raise AnswerIsNo(_("this message does not wait"), _("look at the list again"))
        row.state, row.leased_until = "skipped", None
        row.save(update_fields=["state", "leased_until"])
        record(user, "webhook.skipped", f"webhook:{webhook_id}", message=message_id)
    return row


def tried(user: Any, webhook_id: UUID, at: datetime) -> Event:
    """Send a message that says nothing, to see whether it arrives.

    Raises:
        WrongUse: there is no such subscription.
    """
    with transaction.atomic():
        hook = _held(webhook_id)
        lane = f"webhook:{webhook_id}"
        event = Event.objects.create(
            message_id=f"msg_test{at:%Y%m%d%H%M%S%f}_{hook.pk.hex}",
            kind=TEST,
            lane=lane,
            at=at,
            data={"webhook_id": str(hook.pk)},
        )
        Delivery.objects.create(webhook=hook, event=event, lane=lane, due_at=at)
        record(user, "webhook.tried", lane)
    return event


def webhooks() -> QuerySet[Webhook]:
    """All subscriptions, with how many messages wait, are stuck, and since when the oldest waits."""
    rows = Webhook.objects.alias(
        undelivered=FilteredRelation("deliveries", condition=Q(deliveries__state__in=OPEN_STATES))
    ).annotate(
        waiting=Count("undelivered__event", filter=Q(undelivered__state="waiting")),
        stuck=Count("undelivered__event", filter=Q(undelivered__state="stuck")),
        oldest=Min("undelivered__event__at"),
    )
    return rows.order_by("name", "webhook_id")


def deliveries(webhook_id: UUID, state: str = "", before: int | None = None, most: int = 100) -> list[Delivery]:
    """Messages of a subscription, newest first, a page at a time by the event's number."""
    rows = Delivery.objects.filter(webhook_id=webhook_id).select_related("event")
    if state:
        rows = rows.filter(state=state)
    if before:
        rows = rows.filter(event_id__lt=before)
    return list(rows.order_by("-event_id")[:most])


def _held(webhook_id: UUID) -> Webhook:
    hook = Webhook.objects.select_for_update().filter(pk=webhook_id).first()
    if hook is None:
        raise WrongUse(_("there is no such subscription"), _("look at the list"))
    return hook


def _delivery(webhook_id: UUID, message_id: str) -> Delivery:
    rows = Delivery.objects.select_for_update(of=("self",)).select_related("event")
    row = rows.filter(webhook_id=webhook_id, event__message_id=message_id).first()
    if row is None:
        raise WrongUse(_("there is no such message of this subscription"), _("look at the list"))
    return row
