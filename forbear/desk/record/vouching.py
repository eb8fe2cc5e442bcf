"""What compliance vouches for on a channel: calls are recorded, messages name the sender.

The gate's rules ask for facts of each act (docs/gate-facts.md). Some are the same for every act on a channel, because
the lender's own machinery makes them so; until somebody answers for that machinery the gate takes them for unknown and
keeps the channel shut. To vouch opens what was shut, so one person proposes it and another approves; to end it shuts,
and takes one. Nothing here is changed afterwards: what is no longer so is ended; all is told to the audit log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from forbear.basics.errors import WrongUse
from forbear.conduct import Pack, Verdict
from forbear.conduct import rules as r
from forbear.conduct.asked import DENIED, asked_by, where_given
from forbear.desk.audit.log import record
from forbear.desk.people.approvals import propose
from forbear.desk.people.models import Approval, User
from forbear.desk.record.gate import CHANNELS, packs
from forbear.desk.record.models import Vouched

VOUCH = "rules.vouch"
"""The kind of approval that vouches."""


@dataclass(frozen=True)
class Wanted:
    """A fact of each act on a channel that the rules want to know.

    Attributes:
        value: what the rules want it to be.
        rules: ids of the rules that ask for it.
    """

    channel: str
    fact: str
    value: str
    rules: tuple[str, ...]


@cache
def wanted(channel: str) -> tuple[Wanted, ...]:
    """What may be vouched for on a channel: facts of the act that the rules on the borrower's own contacts ask for."""
    found: dict[str, list[tuple[str, str]]] = {}
    for pack, rule in packs().rules:
        if channel in rule.acts and (not rule.parties or "borrower" in rule.parties):
            for fact, value in _of_rule(pack, rule):
                found.setdefault(fact, []).append((value, rule.id))
    return tuple(
        Wanted(channel, fact, asked[-1][0], tuple(dict.fromkeys(rule_id for _value, rule_id in asked)))
        for fact, asked in sorted(found.items())
    )


def held(at: datetime) -> QuerySet[Vouched]:
    """What is vouched for at an instant."""
    return Vouched.objects.filter(Q(until__isnull=True) | Q(until__gt=at), since__lte=at)


def only_vouching_lacks(verdict: Verdict) -> bool:
    """Whether nothing stands against an act but facts of its channel for which compliance has not vouched."""
    asking = {rule_id for one in wanted(verdict.act.channel) for rule_id in one.rules}
    return bool(verdict.against) and all(answer.rule_id in asking for answer in verdict.against)


def propose_vouching(
    user: User, channel: str, fact: str, grounds: str, at: datetime, until: datetime | None = None
) -> Approval:
    """Propose to vouch for a fact of every act on a channel; it counts when another approves (`people.approvals`).

    Raises:
        WrongUse: as `vouch`, or it is proposed already.
        PermissionDenied: the user may not vouch.
    """
    _refuse_unfit(channel, fact, grounds, at, until)
    payload = {"channel": channel, "fact": fact, "grounds": grounds.strip(), "until": until and until.isoformat()}
    if any((one.payload["channel"], one.payload["fact"]) == (channel, fact) for one in proposed(at)):
        raise WrongUse(_("this is proposed already"), _("another person approves it"))
    return propose(user, VOUCH, payload, f"channel:{channel}", at)


def proposed(at: datetime) -> QuerySet[Approval]:
    """What waits for a second person at an instant."""
    return Approval.objects.filter(kind=VOUCH, state="proposed", expires_at__gt=at)


def vouch(user: Any, channel: str, fact: str, grounds: str, at: datetime, until: datetime | None = None) -> Vouched:
    """Vouch for a fact of every act on a channel from now on, perhaps until an instant: what an approval does.

    Raises:
        WrongUse: no rule asks for the fact on this channel, no grounds are given, it ends before it begins, or it is
            vouched for already.
    """
    value = _refuse_unfit(channel, fact, grounds, at, until)
    try:
        with transaction.atomic():
            made = Vouched.objects.create(
                channel=channel, fact=fact, value=value, grounds=grounds.strip(), since=at, until=until, by=user
            )
            record(user, "gate.vouched", f"channel:{channel}", fact=fact, value=value, vouched=made.pk)
    except IntegrityError:  # somebody else was faster
        raise WrongUse(_("this is vouched for already"), _("end the old one first")) from None
    return made


def _refuse_unfit(channel: str, fact: str, grounds: str, at: datetime, until: datetime | None) -> str:
    """The value that the rules want the fact to be, where it can be vouched for."""
    value = {one.fact: one.value for one in wanted(channel)}.get(fact) if channel in CHANNELS else None
    if value is None:
        raise WrongUse(_("no rule asks for %(fact)s on this channel") % {"fact": fact}, _("choose one of the list"))
    if not grounds.strip():
        raise WrongUse(_("say how the lender makes sure of it"), _("such as: the dialer records every call"))
    if until is not None and until <= at:
        raise WrongUse(_("it would end before it begins"), _("choose a later day, or none"))
    if held(at).filter(channel=channel, fact=fact).exists():
        raise WrongUse(_("this is vouched for already"), _("end the old one first"))
    return value


def end(user: Any, vouched_id: int, at: datetime) -> None:
    """End what was vouched for; its row stays.

    Raises:
        WrongUse: it is not in force.
    """
    with transaction.atomic():
        row = held(at).select_for_update().filter(pk=vouched_id).first()
        if row is None:
            raise WrongUse(_("this is not vouched for now"), _("look at the list again"))
        row.until = at
        row.save(update_fields=["until"])
        record(user, "gate.vouched_end", f"channel:{row.channel}", fact=row.fact, vouched=row.pk)


def _of_rule(pack: Pack, rule: r.Rule) -> Iterator[tuple[str, str]]:
    """Facts that a rule needs of the act itself, each with the value it wants."""
    of_act = {
        one.fact
        for one in asked_by(rule, pack.head.zone)
        if one.missing == DENIED and "act" in where_given(pack, one)
    }
    for entry in rule.parameters:
        yield from ((fact, value) for fact, value in _values(entry) if fact in of_act)


def _values(entry: Any) -> Iterator[tuple[str, str]]:
    match entry:
        case r.Need():
            yield from ((fact, "true") for fact in entry.facts)
            yield from ((fact, f"{bound:g}") for fact, bound in (*entry.at_least.items(), *entry.at_most.items()))
            yield from ((fact, choices[0]) for fact, choices in entry.one_of.items())
        case r.Forbid():
            yield from ((fact, "false") for fact in entry.facts)
