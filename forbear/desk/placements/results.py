"""What agencies achieved and how they behaved, side by side; commission statements. Money from the ledger alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count

from forbear.desk.people.models import Agency
from forbear.desk.placements.models import OPEN, Breach, Placement, Terms
from forbear.desk.record.models import Complaint, Contact
from forbear.desk.statements import statement
from forbear.recovery.placement import Result, commission, proven

EVER = date(2000, 1, 1)


class Money(NamedTuple):
    """What came in on one placement."""

    placement_id: int
    agency_id: str
    segment: str
    randomised: bool
    dpd: int
    owed: int
    schedule: str
    currency: str
    recovered: int

    @property
    def commission(self) -> int:
        """The agency's share of it."""
        return commission(self.schedule, self.recovered, self.dpd)


@dataclass(frozen=True)
class Beside:
    """One agency in the side-by-side view."""

    agency: Agency
    terms: Terms | None
    open: int
    placed: int
    randomised: int
    owed: int
    recovered: int
    commission: int
    contacts: int
    complaints: int
    breaches: int
    rate: float | None
    """Recovered of what was owed, in the randomised share alone."""

    @property
    def per_thousand(self) -> float | None:
        """Complaints per thousand contacts."""
        return 1000 * self.complaints / self.contacts if self.contacts else None


def money(agencies: Iterable[str] | None, since: date, until: date) -> list[Money]:
    """What came in by placement within [since, until); agencies None: all."""
    with connection.cursor() as cursor:
        cursor.execute(
            statement(__package__, "money"),
            {"agencies": None if agencies is None else list(agencies), "since": since, "until": until},
        )
        return [Money(*row) for row in cursor.fetchall()]


def proofs(today: date) -> list[Result]:
    """The results of the randomised share, by agency and segment, for the engine."""
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for one in money(None, EVER, today + timedelta(days=1)):
        if one.randomised:
            row = found[one.agency_id, one.segment]
            row[0], row[1], row[2] = row[0] + 1, row[1] + one.owed, row[2] + one.recovered
    return [Result(agency, segment, *row) for (agency, segment), row in sorted(found.items())]


def shrunk(today: date) -> dict[tuple[str, str], float]:
    """Each agency's proven rate by segment, as the engine uses it."""
    return proven(proofs(today))


def side_by_side(today: date, only: str = "") -> list[Beside]:
    """All agencies, or one; the most placed first."""
    rows: dict[str, list[Money]] = defaultdict(list)
    for one in money([only] if only else None, EVER, today + timedelta(days=1)):
        rows[one.agency_id].append(one)
    agencies = Agency.objects.filter(pk=only) if only else Agency.objects.all()
    terms = {one.agency_id: one for one in Terms.objects.all()}
    open_now = _count(Placement.objects.filter(OPEN), "agency_id")
    contacts = _count(Contact.objects.filter(sender__in=[one.pk for one in agencies], direction="out"), "sender")
    complaints = _count(Complaint.objects.exclude(about_sender=""), "about_sender")
    breaches = _count(Breach.objects.all(), "agency_id")
    made = [
        _beside(one, terms.get(one.pk), rows[one.pk], open_now, contacts, complaints, breaches) for one in agencies
    ]
    return sorted(made, key=lambda one: (-one.placed, one.agency.pk))


def statement_of(agency_id: str, month: date) -> tuple[list[Money], Counter[str], Counter[str]]:
    """(placements on which money came in in a month, sums that came in, commission) of an agency; sums by currency."""
    first = month.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    rows = [one for one in money([agency_id], first, after) if one.recovered]
    came, due = Counter[str](), Counter[str]()
    for one in rows:
        came[one.currency] += one.recovered
        due[one.currency] += one.commission
    return rows, came, due


def _beside(agency: Agency, terms: Terms | None, rows: list[Money], *counts: dict[str, int]) -> Beside:
    lots = [one for one in rows if one.randomised]
    owed = sum(one.owed for one in lots)
    open_now, contacts, complaints, breaches = (count.get(agency.pk, 0) for count in counts)
    return Beside(
        agency=agency,
        terms=terms,
        open=open_now,
        placed=len(rows),
        randomised=len(lots),
        owed=sum(one.owed for one in rows),
        recovered=sum(one.recovered for one in rows),
        commission=sum(one.commission for one in rows),
        contacts=contacts,
        complaints=complaints,
        breaches=breaches,
        rate=sum(one.recovered for one in lots) / owed if owed else None,
    )


def _count(rows: Any, by: str) -> dict[str, int]:
    return {row[by]: row["n"] for row in rows.values(by).annotate(n=Count("pk"))}
