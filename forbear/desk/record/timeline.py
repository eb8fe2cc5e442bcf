"""Everything that happened with a borrower, newest first: contacts, promises, notes, complaints, consents."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from forbear.desk.record.models import Complaint, Consent, Contact, Note, Promise

MOST = 200
"""Of each kind the latest so many are shown; the rest are in the exports."""


@dataclass(frozen=True)
class Happening:
    """One thing that happened: when, of which kind, by whom, and the row that tells of it."""

    at: datetime
    kind: str
    by: str
    row: Any


def timeline(borrower_id: str) -> list[Happening]:
    """What happened with a borrower, newest first."""
    kinds: list[tuple[str, Any, str, str, Callable[[Any], str]]] = [
        ("contact", Contact, "at", "by", lambda row: str(row.by or row.sender or "")),
        ("promise", Promise, "made_at", "made_by", lambda row: str(row.made_by or "")),
        ("note", Note, "at", "by", lambda row: str(row.by or "")),
        ("complaint", Complaint, "received_at", "answered_by", lambda _row: ""),
        ("consent", Consent, "at", "by", lambda row: str(row.by or "")),
    ]
    found = [one for kind in kinds for one in _of(borrower_id, *kind)]
    return sorted(found, key=lambda one: (one.at, one.kind, str(one.row.pk)), reverse=True)


def _of(
    borrower_id: str, kind: str, model: Any, at: str, person: str, by: Callable[[Any], str]
) -> Iterable[Happening]:
    rows = model.objects.filter(borrower_id=borrower_id).select_related(person).order_by(f"-{at}")[:MOST]
    return [Happening(getattr(row, at), kind, by(row), row) for row in rows]
