"""Which rows someone sees: one answer, asked by every list and every lookup.

Staff see all borrowers; an agent to whom queues were given sees the borrowers whose open case is in one of them or
claimed by her (none given: every queue is hers); an agency sees those whose open case is placed with it; a borrower
sees herself; a funder sees the loans it funds and no borrower. Whoever looks a row up looks here first, so that a
guessed identifier finds nothing.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from forbear.desk.people.roles import Role
from forbear.desk.record.models import Borrower, Case, Loan

STAFF = frozenset([Role.ADMINISTRATOR, Role.MANAGER, Role.COMPLIANCE, Role.RISK, Role.SERVICE])


def sees_all(user: Any) -> bool:
    """Whether no row is kept from the user, save by her role (a funder's loans)."""
    return user.role in STAFF or (user.role == Role.AGENT and user.queues is None)


def visible_cases(user: Any) -> QuerySet[Case]:
    """The open cases that the user may see."""
    cases = Case.objects.filter(closed_at__isnull=True)
    if sees_all(user):
        return cases
    if user.role == Role.AGENT:
        return cases.filter(Q(queue__in=user.queues) | Q(claimed_by=user))
    if user.role == Role.AGENCY:
        return cases.filter(agency_id=user.agency_id)
    return cases.none()


def visible_borrowers(user: Any) -> QuerySet[Borrower]:
    """The borrowers whom the user may look at."""
    borrowers = Borrower.objects.all()
    if sees_all(user):
        return borrowers
    if user.role in {Role.AGENT, Role.AGENCY}:
        return borrowers.filter(borrower_id__in=visible_cases(user).values("borrower_id"))
    if user.role == Role.BORROWER:
        return borrowers.filter(borrower_id=user.borrower_id)
    return borrowers.none()


def visible_loans(user: Any) -> QuerySet[Loan]:
    """The loans that the user may look at."""
    if user.role == Role.FUNDER:
        return Loan.objects.filter(funder_id=user.funder_id)
    if sees_all(user):
        return Loan.objects.all()
    return Loan.objects.filter(borrower_id__in=visible_borrowers(user).values("borrower_id"))
