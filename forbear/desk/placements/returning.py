"""Contacts of agencies that flow back: written down as they were, judged as of their own instant, a breach suspends.

The contact has happened, so it is written down whatever the gate says; it counts in every cap from then on. What the
gate would not have allowed, on what was known at that instant, is a breach: recorded with the rules, and the agency
suspended, its cases taken back at once. A row about a placement that is not the agency's, or outside its days, is
refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from forbear.basics.errors import UnreadableFile
from forbear.conduct import Verdict, judge_one, sending
from forbear.conduct.asked import KEPT, lines
from forbear.conduct.rules import PARTIES
from forbear.conduct.situation import proposal
from forbear.desk.audit.log import record
from forbear.desk.placements.models import OPEN, Breach, Placement, Terms
from forbear.desk.placements.placing import end
from forbear.desk.record.gate import packs, vouched_at
from forbear.desk.record.models import Contact
from forbear.recovery.placement_files import Reported, reported


@dataclass(frozen=True)
class Taken:
    """What came of a file: contacts written down, known before, breaches found, whether it suspended the agency."""

    contacts: int
    known: int
    breaches: int
    suspended: bool


def take(agency_id: str, raw: bytes, by: Any, at: datetime) -> Taken:
    """Take a file of contacts in, whole or not at all.

    Args:
        agency_id: whose contacts they are; only its own placements may be named.
        raw: the file, see docs/agencies.md.
        by: the user.
        at: now.

    Raises:
        UnreadableFile: a row is no contact, lies ahead, or is not about a placement of this agency at that time.
    """
    return take_rows(agency_id, list(reported(raw)), by, at)


def take_rows(agency_id: str, told: Sequence[Reported], by: Any, at: datetime) -> Taken:
    """`take` of contacts that are rows already."""
    with transaction.atomic():
        rows = sorted(told, key=lambda one: (one.at, one.row))
        placements = {str(one.pk): one for one in Placement.objects.filter(agency_id=agency_id)}
        for one in rows:
            _belongs(one, placements.get(one.placement_id), at)
        added = [found for one in rows if (found := _write(one, placements[one.placement_id], by, at)) is not None]
        breaches = [one for one in added if one]
        if breaches:
            suspend(agency_id, ", ".join(sorted({rule for one in breaches for rule in one})), by, at)
        taken = Taken(len(added), len(rows) - len(added), len(breaches), bool(breaches))
        record(by, "placements.contacts", f"agency:{agency_id}", contacts=taken.contacts, breaches=taken.breaches)
    return taken


def suspend(agency_id: str, because: str, by: Any, at: datetime) -> None:
    """Suspend an agency: nothing more is placed, and every open case is taken back at once."""
    with transaction.atomic():
        Terms.objects.filter(agency_id=agency_id).update(
            state="suspended", suspended_at=at, suspended_because=because[:500], changed_at=at
        )
        count = end(Placement.objects.filter(OPEN, agency_id=agency_id).order_by("pk"), "suspended", by, at)
        record(by, "placements.suspended", f"agency:{agency_id}", because=because[:500], taken_back=count)


def may_say() -> frozenset[str]:
    """The facts that an agency may tell of a contact of its own.

    Those that belong to the act alone and without which a rule forbids, such as that it was recorded. What is known of
    the borrower is the lender's record, and what would lift a rule is not the word of whom the rule binds.
    """
    return _may_say(tuple(pack.name for pack in packs().packs))


@cache
def _may_say(_names: tuple[str, ...]) -> frozenset[str]:
    told: dict[str, set[bool]] = {}
    for pack in packs().packs:
        for line in lines(pack):
            told.setdefault(line.fact, set()).add(line.kinds == ("act",) and KEPT not in line.missing)
    return frozenset(name for name, fits in told.items() if fits == {True})


def _belongs(one: Reported, placement: Placement | None, at: datetime) -> None:
    if placement is None:
        raise UnreadableFile(
            _("row %(row)s: placement %(what)r is none of this agency")
            % {"row": one.row, "what": one.placement_id},
            _("name a placement of your own file"),
        )
    if one.party not in PARTIES:
        raise UnreadableFile(
            _("row %(row)s: party %(what)r") % {"row": one.row, "what": one.party}, ", ".join(PARTIES)
        )
    if unsaid := sorted(set(one.facts) - may_say()):
        raise UnreadableFile(
            _("row %(row)s: %(what)s is not for an agency to say") % {"row": one.row, "what": ", ".join(unsaid)},
            ", ".join(sorted(may_say())),
        )
    ended = placement.ended_at or at
    if not placement.placed_at <= one.at <= min(ended, at):
        raise UnreadableFile(
            _("row %(row)s: %(at)s is not within the placement, or lies ahead") % {"row": one.row, "at": one.at},
            _("a contact is made after the case was placed and before it was taken back"),
        )


def _write(one: Reported, placement: Placement, by: Any, at: datetime) -> list[str] | None:
    """Write a contact down; the rules it broke, empty: none; None: it was known before."""
    borrower, contact_id = placement.borrower_id, _contact_id(one, placement)
    sending.lock_borrower(connection, borrower)
    if Contact.objects.filter(pk=contact_id).exists():
        return None
    verdict = _judged(one, placement)
    Contact.objects.create(
        contact_id=contact_id,
        borrower_id=borrower,
        at=one.at,
        channel=one.channel,
        result=one.result,
        party=one.party,
        sender=placement.agency_id,
        by=by,
    )
    if verdict.allowed:
        return []
    rules = [answer.rule_id for answer in verdict.against]
    Breach.objects.create(
        agency_id=placement.agency_id,
        contact_id=contact_id,
        found_at=at,
        rules=", ".join(rules),
        why="; ".join(answer.reason for answer in verdict.against)[:1000],
    )
    return rules


def _judged(one: Reported, placement: Placement) -> Verdict:
    """What the gate says of the contact at its own instant, on what was known of her then."""
    past, facts = sending.known_of(connection, placement.borrower_id)
    then = [held for held in past if held.at < one.at]
    vouched = vouched_at(one.at).get(one.channel, {}) if not one.facts else {}
    own = {
        "borrower_id": placement.borrower_id,
        "channel": one.channel,
        "at": one.at,
        "sender": placement.agency_id,
        "actor": "agency",
        "party": one.party,
        "act_id": str(one.row),
        "loan_id": "",
        "number": "",
    }
    return judge_one(proposal({**vouched, **one.facts, **own}, one.row, None, "contact"), facts, then, packs())


def _contact_id(one: Reported, placement: Placement) -> str:
    """The same for the same contact, however often a file is sent."""
    return f"agency-{placement.pk}-{one.at.timestamp():.0f}-{one.channel}"
