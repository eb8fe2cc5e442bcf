"""The audit log by API, for compliance: its entries, the reveals of personal data, and its seal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from forbear.desk.audit import reading
from forbear.desk.people.rights import requires

router = Router(tags=["audit"])


class AuditEntry(Schema):
    """An entry of the audit log."""

    entry_id: int
    at: datetime
    actor: str
    action: str
    subject: str
    facts: dict[str, Any]


class WhichEntries(Schema):
    """Which entries; newest first."""

    before: int | None = Field(None, ge=1, le=2**63 - 1, description="smaller ids: the last of the page before")
    actor: str = ""
    subject: str = ""
    action: str = ""
    page: int = Field(100, ge=1, le=1000)


class WhichReveals(Schema):
    """Which reveals; newest first."""

    before: int | None = Field(None, ge=1, le=2**63 - 1)
    actor: str = ""
    borrower_id: str = ""
    page: int = Field(100, ge=1, le=1000)


@router.get("/entries", response=list[AuditEntry])
@requires("audit.see")
def entries(request: HttpRequest, which: Query[WhichEntries]) -> object:
    """Entries, newest first."""
    return reading.entries(**_clean(which))


@router.get("/reveals", response=list[AuditEntry])
@requires("audit.see")
def reveals(request: HttpRequest, which: Query[WhichReveals]) -> object:
    """Who saw which personal value of whom, when and why."""
    return reading.reveals(**_clean(which))


def _clean(which: Schema) -> dict[str, Any]:
    """PostgreSQL knows no NUL; nothing is named so."""
    given: dict[str, Any] = which.dict()
    return {name: "\N{REPLACEMENT CHARACTER}" if "\0" in str(value) else value for name, value in given.items()}
