"""Which rows of a list someone sees, and the filters that are more than a lookup.

`visible` decides; here its answers are put on lists of other tables. Without a user (a command on the desk's own
machine) everything is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from forbear.desk.people.roles import Role
from forbear.desk.record import work
from forbear.desk.record.visible import sees_all, visible_borrowers, visible_cases, visible_loans

Rows = Any
"""A Django query over a list's model."""


def _open_cases(rows: Rows, user: Any) -> Rows:
    return rows.filter(case_id__in=visible_cases(user).values("case_id"))


def _borrowers(rows: Rows, user: Any) -> Rows:
    return rows.filter(borrower_id__in=visible_borrowers(user).values("borrower_id"))


def _loans(rows: Rows, user: Any) -> Rows:
    return rows.filter(loan_id__in=visible_loans(user).values("loan_id"))


def _postings(rows: Rows, user: Any) -> Rows:
    return rows.filter(entry__loan_id__in=visible_loans(user).values("loan_id"))


SCOPES: dict[str, Callable[[Rows, Any], Rows]] = {
    "open_cases": _open_cases,
    "cases": _open_cases,  # whoever does not see all sees those that are open and hers
    "borrowers": _borrowers,
    "loans": _loans,
    "postings": _postings,
    "everything": lambda rows, user: rows,
}


def scoped(rows: Rows, scope: str, user: Any) -> Rows:
    """The rows that a user may see; None: a command of the machine itself."""
    if user is None or (sees_all(user) and user.role != Role.FUNDER):
        return rows
    return SCOPES[scope](rows, user)


def _held(rows: Rows, value: str, user: Any, at: datetime) -> Rows:
    if value == "mine" and user is not None:
        return rows.filter(claimed_by=user, claimed_until__gt=at)
    return rows.filter(work.free(at)) if value == "free" else rows


def _shown(rows: Rows, value: str, user: Any, at: datetime) -> Rows:
    waiting = Q(state="proposed", expires_at__gt=at)
    return rows.filter(waiting) if value == "waiting" else rows.exclude(waiting)


def _yes_no(condition: Q) -> Callable[[Rows, str, Any, datetime], Rows]:
    def narrowed(rows: Rows, value: str, user: Any, at: datetime) -> Rows:
        return rows.filter(condition) if value == "true" else rows.exclude(condition)

    return narrowed


SPECIAL: dict[str, tuple[tuple[str, ...], Callable[[Rows, str, Any, datetime], Rows]]] = {
    "held": (("mine", "free"), _held),
    "open": (("true", "false"), _yes_no(Q(closed_at__isnull=True))),
    "in_force": (("true", "false"), _yes_no(Q(version=F("loan__schedule_version")))),
    "unanswered": (("true", "false"), _yes_no(Q(answered_at__isnull=True))),
    "show": (("waiting", "decided"), _shown),
    "active": (("true", "false"), _yes_no(Q(is_active=True))),
}
"""Filters by name: the values they take, and what they do."""
