"""Invented placements for a sample desk: an agency's terms, one batch of the cases that carry it, some contacts."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from pyrage import x25519

from forbear.desk.people.models import Agency, User
from forbear.desk.placements.agreeing import STANDING
from forbear.desk.placements.models import Batch, Placement, Terms
from forbear.desk.record.models import Case, Contact
from forbear.recovery.placement import segment_of, settings

PLACED = timedelta(days=20)
RESULTS = ("conversation", "no_answer", "no_answer", "promise", "busy")


def furnish_placements(manager: User, compliance: User, at: datetime, chance: random.Random) -> None:
    """Furnish a desk whose cases were placed with agencies."""
    names = Case.objects.filter(closed_at=None, agency__isnull=False).values_list("agency_id", flat=True).distinct()
    for agency in Agency.objects.filter(pk__in=list(names)):
        standing = dict.fromkeys(STANDING, "true") | {
            "mandate_renewal": "false",
            "agency_evaluated": f"{at - PLACED:%Y-%m-%d}",
            "agency_inspected": f"{at - PLACED:%Y-%m-%d}",
        }
        Terms.objects.create(
            agency=agency,
            schedule="standard",
            capacity=100,
            public_key=str(x25519.Identity.generate().to_public()),
            standing=standing,
            changed_at=at - PLACED,
        )
        _batch(agency, manager, compliance, at - PLACED, chance)


def _batch(agency: Agency, manager: User, compliance: User, placed_at: datetime, chance: random.Random) -> None:
    cases = list(Case.objects.filter(closed_at=None, agency=agency).order_by("case_id"))
    batch = Batch.objects.create(
        agency=agency,
        made_at=placed_at,
        proposed_by=manager,
        approved_by=compliance,
        count=len(cases),
        taken_at=placed_at,
    )
    until = placed_at.date() + timedelta(days=settings()["place"]["term_days"])
    Placement.objects.bulk_create(
        Placement(
            batch=batch,
            agency=agency,
            borrower_id=case.borrower_id,
            case=case,
            placed_at=placed_at,
            until_on=until,
            randomised=chance.random() < settings()["place"]["explore"],
            segment=segment_of(case.dpd)["name"],
            dpd=case.dpd,
            owed=case.outstanding,
            overdue=case.arrears,
            currency=case.currency,
            schedule="standard",
        )
        for case in cases
    )
    Contact.objects.bulk_create(
        Contact(
            contact_id=f"agency-sample-{number}",
            borrower_id=case.borrower_id,
            at=(placed_at + timedelta(days=1 + number % 15)).replace(hour=2 + number % 8, minute=15),
            channel="call",
            result=chance.choice(RESULTS),
            party="borrower",
            sender=agency.pk,
        )
        for number, case in enumerate(cases[::2])
    )
