"""Terms with an agency, agreed by two people; a suspension lifted by two; the file that a batch of placements makes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from forbear.basics.errors import AnswerIsNo, WrongUse
from forbear.basics.money import to_major
from forbear.desk.audit.log import record
from forbear.desk.bureau.telling import persons
from forbear.desk.people.approvals import Decision, propose
from forbear.desk.people.models import Agency, Approval
from forbear.desk.placements.models import OPEN, Batch, Terms
from forbear.recovery.placement import rate_of
from forbear.recovery.placement_files import placement_file, recipient

AGREE = "placements.terms"
LIFT = "placements.lift"
STANDING = (
    *("agency_published", "secrecy_agreed", "complaints_agreed", "agency_evaluated", "agency_inspected"),
    *("contract_purpose", "contract_term", "contract_method", "contract_data_kinds", "contract_safeguards"),
    *("mandate_renewal", "evaluated_before_expiry", "impact_assessed", "iibf_certified", "background_checked"),
)
"""What the gate may ask of an agency before a case is placed with it (docs/gate-facts.md)."""


def propose_terms(user: Any, payload: dict[str, Any], at: datetime) -> Approval:
    """Propose terms.

    Args:
        user: who proposes.
        payload: agency_id, name, schedule, capacity, public_key, standing (facts by name).
        at: now.

    Raises:
        WrongUse: no such schedule, a capacity below zero, a key that is none, a fact that the gate does not ask for.
    """
    rate_of(payload["schedule"], 0)
    if payload["capacity"] < 0:
        raise WrongUse(_("capacity is no number of cases"), _("0 or more"))
    if payload["public_key"]:
        recipient(payload["public_key"])
    if unknown := sorted(set(payload["standing"]) - set(STANDING)):
        raise WrongUse(_("the gate asks for no %(what)s") % {"what": ", ".join(unknown)}, ", ".join(STANDING))
    return propose(user, AGREE, payload, f"agency:{payload['agency_id']}", at)


def agree(payload: dict[str, Any], decision: Decision) -> Terms:
    """Put terms in force; a suspension stays."""
    agency, _made = Agency.objects.get_or_create(
        agency_id=payload["agency_id"], defaults={"name": payload["name"] or payload["agency_id"]}
    )
    terms, _made = Terms.objects.update_or_create(
        agency=agency,
        defaults={name: payload[name] for name in ("schedule", "capacity", "public_key", "standing")}
        | {"changed_at": decision.at},
    )
    record(decision.approved_by, "placements.agreed", f"agency:{agency.pk}", schedule=terms.schedule)
    return terms


def lift(agency_id: str, decision: Decision) -> None:
    """Lift a suspension.

    Raises:
        AnswerIsNo: it is not suspended.
    """
    changed = Terms.objects.filter(agency_id=agency_id, state="suspended").update(
        state="active", suspended_at=None, suspended_because="", changed_at=decision.at
    )
    if not changed:
        raise AnswerIsNo(_("this agency is not suspended"), _("look at its page"))
    record(decision.approved_by, "placements.lifted", f"agency:{agency_id}")


def file_of(batch: Batch, user: Any, at: datetime) -> bytes:
    """The encrypted file of a batch's placements that are still open; taking it is written down.

    Raises:
        AnswerIsNo: the agency has given no key.
    """
    terms = Terms.objects.get(agency_id=batch.agency_id)
    if not terms.public_key:
        raise AnswerIsNo(_("this agency has given no public key"), _("agree terms with one"))
    rows = list(batch.placements.filter(OPEN).select_related("borrower", "case").order_by("pk"))
    who = persons(one.borrower_id for one in rows)
    made = placement_file(
        (
            {
                "placement_id": one.pk,
                "name": who.get(one.borrower_id, {}).get("name", ""),
                "phone": who.get(one.borrower_id, {}).get("phone", ""),
                "language": one.borrower.language,
                "time_zone": one.borrower.time_zone,
                "currency": one.currency,
                "owed": to_major(one.case.outstanding, one.currency),
                "overdue": to_major(one.case.arrears, one.currency),
                "days_past_due": one.case.dpd,
                "placed_until": one.until_on,
            }
            for one in rows
        ),
        terms.public_key,
    )
    if batch.taken_at is None:
        batch.taken_at = at
        batch.save(update_fields=["taken_at"])
    record(user, "placements.file", f"agency:{batch.agency_id}", batch=batch.pk, rows=len(rows))
    return made
