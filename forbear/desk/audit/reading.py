"""Reading the audit log: a page at a time, newest first, by key; and the reveals of personal data among it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from forbear.desk.audit.models import Entry

PAGE = 100
REVEALS = ("borrower.reveal", "borrower.reveal_refused")


def entries(
    *, before: int | None = None, actor: str = "", subject: str = "", action: str = "", page: int = PAGE
) -> list[Entry]:
    """Entries, newest first.

    Args:
        before: only entries with a smaller id: the last id of the page before.
        actor: a username or a program's name.
        subject: such as `borrower:B1`.
        action: such as `payments.book`.
        page: how many at most.
    """
    given: dict[str, Any] = {"entry_id__lt": before, "actor": actor, "subject": subject, "action": action}
    return _page(Entry.objects.filter(**{name: value for name, value in given.items() if value}), page)


def reveals(*, before: int | None = None, actor: str = "", borrower_id: str = "", page: int = PAGE) -> list[Entry]:
    """Who saw which personal value of whom, when and why; refusals for too many too. Newest first."""
    found = Entry.objects.filter(action__in=REVEALS)
    if before:
        found = found.filter(entry_id__lt=before)
    if actor:
        found = found.filter(actor=actor)
    if borrower_id:
        found = found.filter(subject=f"borrower:{borrower_id}")
    return _page(found, page)


def _page(found: QuerySet[Entry], page: int) -> list[Entry]:
    return list(found.order_by("-entry_id")[: min(page, 1000)])
