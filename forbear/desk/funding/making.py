"""Making a pack from the desk's own data: the ledger as a book, the pool cut out of it, everything told, held, kept."""

from __future__ import annotations

import json
import tempfile
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from django.db import connection, transaction

from forbear.basics.errors import WrongUse
from forbear.book import check_book, open_book
from forbear.desk.audit.log import record
from forbear.desk.funding.models import Pack
from forbear.desk.funding.reconciling import beside, from_postings
from forbear.desk.imports.from_desk import export_book
from forbear.desk.record.models import Loan
from forbear.funding.facility.agreement import facility_of
from forbear.funding.pack.conduct import PER
from forbear.funding.pack.pdf import pdf
from forbear.funding.pack.sheet import sheet
from forbear.night.funding import asked, funding

AT_ONCE = 20_000
"""Loans up to which a page makes a pack while its reader waits; more are for the command."""


def make_pack(
    as_of: date, funder: str | None, facility: str, actor: Any, at: datetime, currency: str | None = None
) -> Pack:
    """Make and keep the pack of a pool as of a day, as the ledger is known at the instant.

    Args:
        as_of: the day; nothing after it counts.
        funder: whose loans; None: what the facility says, else all.
        facility: text of a facility file; empty: none.
        actor: user or name of a program, for the audit log.
        at: now, in UTC.
        currency: of the loans; needed when the desk has loans of several.

    Raises:
        WrongUse: no such loans, or the facility file cannot be.
    """
    if as_of > at.date():
        raise WrongUse(f"{as_of} is still to come", "a pack is as of a day that is over")
    agreed = facility_of(facility, "the facility file") if facility.strip() else None
    question = asked(as_of, facility=agreed, funder=funder)
    with tempfile.TemporaryDirectory(prefix="forbear-desk-funding-") as folder:
        export_book(folder, as_of=as_of, known_at=at, currency=currency)
        told = _told(folder, question)
    told["conduct"] = _with_complaints(told, question.pool)
    told = beside(told, from_postings(as_of, told["currency"], question.pool, at))
    drawn = {
        f"{kind}_{lang}": make(told, lang)
        for kind, make in (("pdf", pdf), ("xlsx", sheet))
        for lang in ("zh", "en")
    }
    with transaction.atomic():
        made = Pack.objects.create(
            as_of=as_of,
            funder_id=question.pool,
            currency=told["currency"],
            made_at=at,
            made_by=actor if isinstance(actor, str) else actor.get_username(),
            reconciled=told["reconciled"],
            facility=facility,
            told=json.dumps(told, ensure_ascii=False),
            **drawn,
        )
        differ = sum(not f["holds"] for f in told["figures"])
        record(
            actor, "funding.make", f"pack:{made.pk}", as_of=str(as_of), funder=question.pool or "", differ=differ
        )
    return made


def _told(folder: str, question: Any) -> dict[str, Any]:
    import duckdb

    with duckdb.connect() as aside:
        opened = open_book(folder, aside)
        return funding(opened, question, checked=check_book(opened))


def _with_complaints(told: dict[str, Any], funder: str | None) -> list[dict[str, Any]]:
    """The conduct of each month with the complaints of the desk's own register."""
    with connection.cursor() as cursor:
        cursor.execute(_statement(), {"as_of": told["as_of"], "currency": told["currency"], "funder": funder})
        found = dict(cursor.fetchall())
    rows = []
    for row in told["conduct"]:
        number = int(found.get(row["month"], 0))
        rate = str(round(Decimal(PER * number) / row["contacts"], 2)) if row["contacts"] else None
        rows.append({**row, "complaints": number, "complaints_per_1000": rate})
    return rows


def small_enough(funder: str | None) -> bool:
    """Whether a page may make the pack while its reader waits."""
    loans = Loan.objects.filter(funder_id=funder) if funder else Loan.objects.all()
    return len(loans.values_list("pk")[: AT_ONCE + 1]) <= AT_ONCE


@cache
def _statement() -> str:
    return files(__package__).joinpath("complaints.sql").read_text("utf-8")
