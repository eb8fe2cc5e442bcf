"""Doors of a sample desk: links to a few borrowers' own pages, with what the second check asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import cycle, islice
from urllib.parse import urlsplit

from forbear.desk.ledger.balances import balances
from forbear.desk.portal.checking import answers_of
from forbear.desk.portal.links import make
from forbear.desk.record.models import Case, Loan

DOORS = 5
LATE = (1, 180)
"""Days past due of those whose page is shown: late enough to have something to say, not given up."""


@dataclass(frozen=True)
class Door:
    """A link's path, and the answers to what is asked behind it."""

    path: str
    answers: dict[str, str]


def doors(at: datetime, count: int = DOORS) -> list[Door]:
    """So many links to the pages of borrowers who are late, the first of the worklist before others.

    Where there are fewer borrowers than links, some have several.
    """
    cases = Case.objects.filter(closed_at=None, dpd__range=LATE, agency=None)
    late = cases.order_by("-priority", "case_id").values_list("borrower_id", flat=True)
    owing = (one for one in late if answers_of(one) and _owes(one, at))
    several = islice(cycle(list(islice(owing, count))), count)
    return [Door(urlsplit(make(one)).path, answers_of(one)) for one in several]


def _owes(borrower_id: str, at: datetime) -> bool:
    loans = list(Loan.objects.filter(borrower_id=borrower_id).values_list("pk", flat=True))
    return any(balance.arrears_total for balance in balances(loans, at.date()).values())
