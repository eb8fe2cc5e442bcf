"""Doors of a sample desk: links to a few borrowers' own pages, with what the second check asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import cycle, islice
from urllib.parse import urlsplit

from forbear.desk.ledger.balances import balances
from forbear.desk.portal.links import make
from forbear.desk.privacy.reaching import addresses_of
from forbear.desk.record.models import Borrower, Case, Loan

DOORS = 5
LATE = (1, 180)
"""Days past due of those whose page is shown: late enough to have something to say, not given up."""


@dataclass(frozen=True)
class Door:
    """A link's path and what is asked behind it."""

    path: str
    phone: str
    born: int


def doors(at: datetime, count: int = DOORS) -> list[Door]:
    """So many links to the pages of borrowers who are late, the first of the worklist before others.

    Where there are fewer borrowers than links, some have several.
    """
    cases = Case.objects.filter(closed_at=None, dpd__range=LATE, borrower__birth_year__isnull=False, agency=None)
    found = [
        one
        for one in cases.order_by("-priority", "case_id").values_list("borrower_id", flat=True)
        if any(balance.arrears_total for balance in balances(_loans(one), at.date()).values())
    ][:count]
    phones = addresses_of(found, "phone")
    born = dict(Borrower.objects.filter(pk__in=found).values_list("pk", "birth_year"))
    having = [one for one in found if one in phones]
    several = islice(cycle(having), count)
    return [Door(urlsplit(make(one)).path, phones[one].value[-4:], born[one]) for one in several]


def _loans(borrower_id: str) -> list[str]:
    return list(Loan.objects.filter(borrower_id=borrower_id).values_list("pk", flat=True))
