"""Which rows someone sees: one answer, asked by every list and every lookup.

Staff see all borrowers; an agency sees those whose open case is placed with it; a borrower sees herself; a funder sees
the loans it funds and no borrower. Whoever looks a row up looks here first, so that a guessed identifier finds nothing.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from forbear.desk.people.roles import Role
from forbear.desk.record.models import Borrower, Case, Loan

STAFF = frozenset([Role.ADMINISTRATOR, Role.MANAGER, Role.AGENT, Role.COMPLIANCE, Role.RISK, Role.SERVICE])


def visible_cases(user: Any) -> QuerySet[Case]:
    """The open cases that the user may see."""
    cases = Case.objects.filter(closed_at__isnull=True)
    if user.role in STAFF:
        return cases
    if user.role == Role.AGENCY:
        return cases.filter(agency_id=user.agency_id)
    return cases.none()


def visible_borrowers(user: Any) -> QuerySet[Borrower]:
    """The borrowers whom the user may look at."""
    borrowers = Borrower.objects.all()
    if user.role in STAFF:
        return borrowers
    if user.role == Role.AGENCY:
        return borrowers.filter(borrower_id__in=visible_cases(user).values("borrower_id"))
    if user.role == Role.BORROWER:
        return borrowers.filter(borrower_id=user.borrower_id)
    return borrowers.none()


def visible_loans(user: Any) -> QuerySet[Loan]:
    """The loans that the user may look at."""
    if user.role == Role.FUNDER:
        return Loan.objects.filter(funder_id=user.funder_id)
    if user.role in STAFF:
        return Loan.objects.all()
    return Loan.objects.filter(borrower_id__in=visible_borrowers(user).values("borrower_id"))
