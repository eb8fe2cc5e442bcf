"""Placing cases and taking them back.

A batch is worked out by the engine, proposed by one person and placed when another approves; the gate is asked for each
case then (`placement`, with the agency as sender). While it is placed, the case carries the agency; nothing else shows
it to the agency.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.conduct import Cleared, ask, sending
from forbear.conduct.situation import proposal
from forbear.desk.audit.log import record
from forbear.desk.contact.judging import rules_of
from forbear.desk.people.approvals import propose
from forbear.desk.people.models import Approval
from forbear.desk.placements.models import OPEN, Batch, Placement, Terms
from forbear.desk.placements.results import proofs
from forbear.desk.record.gate import packs, vouched_at
from forbear.desk.record.models import Case, Contact, Fact
from forbear.recovery.placement import Agency, Candidate, allocate, due_back, segment_of, settings

PLACE = "placements.place"
CHANNEL = "placement"
MOST = 5_000
"""Cases in one proposal."""
STOPS = ("hardship", "dispute_open", "complaint_open", "cease_request", "deceased", "bankrupt", "vulnerable")
"""Facts of a borrower that bring her case back."""


def propose_batches(user: Any, at: datetime, most: int = MOST) -> list[Approval]:
    """Work out who is to be placed where, and propose a batch for each agency.

    Raises:
        AnswerIsNo: nothing is worth placing, or batches wait already.
    """
    if Approval.objects.filter(kind=PLACE, state="proposed", expires_at__gt=at).exists():
        raise AnswerIsNo(_("batches wait to be placed already"), _("decide on them first"))
    made = allocate(_candidates()[:most], _with_room(), proofs(at.date()), f"{at.date()}")
    chosen: dict[str, list[dict[str, Any]]] = {}
    for one in made:
        row = {"case_id": one.case_id, "randomised": one.randomised}
        chosen.setdefault(one.agency_id, []).append(row)
    if not chosen:
        raise AnswerIsNo(
            _("no case is worth placing now"), _("see what the agencies may still take and have proved")
        )
    return [
        propose(user, PLACE, {"agency_id": agency, "cases": rows}, f"agency:{agency}", at)
        for agency, rows in sorted(chosen.items())
    ]


def place(
    agency_id: str, rows: Sequence[tuple[str, bool]], proposed_by: Any, approved_by: Any, at: datetime
) -> Batch:
    """Place cases with an agency, each that the gate allows now.

    Args:
        agency_id: with whom.
        rows: case_id and whether it was drawn by lot.
        proposed_by: who proposed it.
        approved_by: who approved it.
        at: now.

    Raises:
        AnswerIsNo: the agency is suspended or has no terms, or no case may be placed.
    """
    terms = Terms.objects.select_for_update().filter(agency_id=agency_id, state="active").first()
    if terms is None:
        raise AnswerIsNo(_("this agency has no terms in force"), _("agree terms, or lift its suspension"))
    batch = Batch.objects.create(
        agency_id=agency_id, made_at=at, proposed_by=proposed_by, approved_by=approved_by, count=0
    )
    room = terms.capacity - Placement.objects.filter(OPEN, agency_id=agency_id).count()
    refused = 0
    for case_id, randomised in rows:
        if room <= 0:
            break
        if _place_one(terms, batch, case_id, randomised, at):
            room -= 1
            batch.count += 1
        else:
            refused += 1
    if not batch.count:
        raise AnswerIsNo(_("the gate lets none of these cases be placed"), _("see the rules on placement"))
    batch.save(update_fields=["count"])
    record(
        approved_by, "placements.placed", f"agency:{agency_id}", batch=batch.pk, count=batch.count, refused=refused
    )
    return batch


def end(placements: Iterable[Placement], because: str, by: Any, at: datetime) -> int:
    """End open placements and take their cases back from the agency; how many."""
    count = 0
    with transaction.atomic():
        for one in placements:
            sending.lock_borrower(connection, one.borrower_id)
            changed = Placement.objects.filter(OPEN, pk=one.pk).update(
                ended_at=at, ended_because=because, ended_by=by if hasattr(by, "pk") else None
            )
            if not changed:
                continue
            Case.objects.filter(pk=one.case_id, agency_id=one.agency_id).update(
                agency=None, claimed_by=None, claimed_until=None
            )
            record(by, "placements.ended", f"borrower:{one.borrower_id}", placement=one.pk, because=because)
            count += 1
    return count


def give_back(user: Any, placement_id: int, at: datetime) -> None:
    """An agency returns a case of its own, or the lender recalls one.

    Raises:
        WrongUse: there is no such open placement, or it is not the agency's.
    """
    mine = Placement.objects.filter(OPEN, pk=placement_id)
    if user.agency_id:
        mine = mine.filter(agency_id=user.agency_id)
    if not end(mine, "returned" if user.agency_id else "recalled", user, at):
        raise WrongUse(_("there is no such open placement"), _("look at the list"))


def sweep(at: datetime) -> int:
    """Take back what has come to its end: paid, stopped by a fact, idle, over its term. For the background."""
    count = 0
    for one in Placement.objects.filter(OPEN).select_related("case").order_by("pk"):
        last = (
            Contact.objects.filter(borrower_id=one.borrower_id, sender=one.agency_id, at__gte=one.placed_at)
            .order_by("-at")
            .values_list("at", flat=True)
            .first()
        )
        stopped = Fact.objects.filter(borrower_id=one.borrower_id, fact__in=STOPS, until=None).exclude(
            value="false"
        )
        why = due_back(
            one.placed_at.date(),
            last.date() if last else None,
            at.date(),
            owed=0 if one.case.closed_at else one.case.outstanding,
            stopped=stopped.exists(),
        )
        count += end([one], why, "forbear desk", at) if why else 0
    return count


def sweep_now() -> int:
    """`sweep` by the clock, for the background."""
    return sweep(timezone.now())


def _place_one(terms: Terms, batch: Batch, case_id: str, randomised: bool, at: datetime) -> bool:
    case = Case.objects.select_for_update(of=("self",)).filter(pk=case_id, closed_at=None, agency=None).first()
    if case is None or Placement.objects.filter(OPEN, borrower_id=case.borrower_id).exists():
        return False
    sending.lock_borrower(connection, case.borrower_id)
    act = {
        **vouched_at(at).get(CHANNEL, {}),
        **terms.standing,
        "borrower_id": case.borrower_id,
        "channel": CHANNEL,
        "at": at,
        "sender": terms.agency_id,
        "actor": "lender",
    }
    past, facts = sending.known_of(connection, case.borrower_id)
    said = ask(proposal(act, 1, None, "act"), facts, past, packs())
    if not isinstance(said, Cleared):
        return False
    Placement.objects.create(
        batch=batch,
        agency_id=terms.agency_id,
        borrower_id=case.borrower_id,
        case=case,
        placed_at=at,
        until_on=_until(at.date()),
        randomised=randomised,
        segment=segment_of(case.dpd)["name"],
        dpd=case.dpd,
        owed=case.outstanding,
        overdue=case.arrears,
        currency=case.currency,
        schedule=terms.schedule,
        rules=rules_of(said.verdict),
    )
    Case.objects.filter(pk=case.pk).update(agency_id=terms.agency_id, claimed_by=None, claimed_until=None)
    return True


def _until(day: date) -> date:
    return day + timedelta(days=settings()["place"]["term_days"])


def _candidates() -> list[Candidate]:
    free = Case.objects.filter(closed_at=None, agency=None).exclude(
        borrower_id__in=Fact.objects.filter(fact__in=STOPS, until=None).exclude(value="false").values("borrower_id")
    )
    rows = free.order_by("-outstanding", "case_id").values_list("case_id", "outstanding", "dpd")
    return [Candidate(*row) for row in rows]


def _with_room() -> list[Agency]:
    return [
        Agency(
            one.agency_id,
            one.capacity - Placement.objects.filter(OPEN, agency_id=one.agency_id).count(),
            one.schedule,
        )
        for one in Terms.objects.filter(state="active").exclude(public_key="").order_by("agency_id")
    ]
