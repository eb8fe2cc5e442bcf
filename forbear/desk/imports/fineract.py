"""A Fineract server's loans into the desk: read into a mirror, imported as a book, its later acts booked.

A book carries loans as they were first seen, payments and reversals; the importer adds what is new. What a book cannot
carry is an act of the ledger here: a schedule that has changed since is a re-amortization, a write-off is a write-off.
Each is booked once, under a key made of Fineract's own numbers, and what the ledger refuses is named.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from forbear.basics.errors import ForbearError
from forbear.book.fineract import Client, Fetched, Mirror, fetch, write_books
from forbear.book.fineract.fetching import Progress
from forbear.desk.audit.log import record
from forbear.desk.imports.importing import Imported, import_book
from forbear.desk.ledger.booking import book
from forbear.desk.ledger.refusals import Refused
from forbear.desk.record.models import Installment, Loan


@dataclass
class Brought:
    """What bringing a server's loans in did.

    Attributes:
        fetched: what was read.
        imported: by currency, what the importer did.
        acts: write-offs and re-amortizations that were booked now.
        refused: acts that the ledger refused, each with its reason: the loan at the desk differs from the server's.
    """

    fetched: Fetched
    imported: dict[str, Imported] = field(default_factory=dict)
    acts: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


def bring_in(
    client: Client,
    mirror_file: Path,
    *,
    actor: Any,
    at: datetime,
    full: bool = False,
    quarantine: bool = False,
    progress: Progress = lambda _done, _all: None,
) -> Brought:
    """Read what changed at a Fineract server and bring it into the desk; run again, it goes on where it stopped.

    Args:
        client: the server.
        mirror_file: where the mirror is kept between runs.
        actor: user or name of a program, for the audit log.
        at: now, in UTC.
        full: read every loan again.
        quarantine: leave loans with faults out instead of refusing their book.
        progress: told loans seen and loans in all.

    Raises:
        AnswerIsNo: a book has faults or contradicts the desk; or there is no loan at all.
        ForbearError: the server does not answer as it should.
    """
    with Mirror(mirror_file) as mirror:
        done = Brought(fetch(client, mirror, at=at, full=full, progress=progress))
        with tempfile.TemporaryDirectory(prefix="forbear-fineract-") as folder:
            for currency, path in write_books(mirror, folder, schedule="first").items():
                done.imported[currency] = import_book(path, actor=actor, at=at, quarantine=quarantine)
        for first, now in mirror.loans():
            _acts(done, first, now, actor, at)
    record(actor, "book.import", "fineract", read=done.fetched.read, acts=done.acts, refused=len(done.refused))
    return done


def mirror_of(folder: Path, client: Client) -> Path:
    """The mirror's file below the desk's data folder: one for each server and tenant."""
    mark = hashlib.sha256(f"{client.url}\0{client.tenant}".encode()).hexdigest()[:16]
    return folder / "fineract" / f"{mark}.sqlite3"


def _acts(done: Brought, first: dict[str, Any], now: dict[str, Any], actor: Any, at: datetime) -> None:
    loan_id = now["loan"]["loan_id"]
    if not Loan.objects.filter(loan_id=loan_id).exists():
        return  # quarantined: told by the importer
    changed = {
        name: f"{first['loan'][name]} to {now['loan'][name]}"
        for name in ("principal", "disbursed_on", "currency", "borrower_id")
        if first["loan"][name] != now["loan"][name]
    }
    if changed:
        done.refused.append(f"loan {loan_id}: its terms changed at the server: {changed}")
        return
    for key, on in now["write_offs"].items():
        _book(done, "write-off", loan_id, date.fromisoformat(on), key, actor, at)
    rows = now["installments"]
    if rows != first["installments"] and rows != _in_force(loan_id):
        _book(done, "re-amortize", loan_id, at.date(), _mark(rows), actor, at, rows)


def _in_force(loan_id: str) -> list[list[Any]]:
    version = Loan.objects.values_list("schedule_version", flat=True).get(loan_id=loan_id)
    rows = Installment.objects.filter(loan_id=loan_id, version=version).order_by("number")
    return [[row.number, row.due_on.isoformat(), row.principal_due, row.interest_due, row.fees_due] for row in rows]


def _mark(installments: list[list[Any]]) -> str:
    return hashlib.sha256(json.dumps(installments).encode()).hexdigest()[:16]


def _book(
    done: Brought,
    kind: str,
    loan_id: str,
    on: date,
    key: str,
    actor: Any,
    at: datetime,
    installments: list[list[Any]] | None = None,
) -> None:
    """Book one act, once; a refusal is told."""
    name = actor if isinstance(actor, str) else actor.get_username()
    facts = {} if installments is None else {"installments": _rows(installments)}
    full_key = f"fineract:{loan_id}:{kind}:{key}" + (f":{on}" if installments else "")
    try:
        with transaction.atomic():
            receipt = book(kind, loan_id, on, None, f"fineract {key}", full_key, actor=name, at=at, **facts)
    except Refused as no:
        done.refused.append(f"loan {loan_id}: {kind}: {no.message}")
    except ForbearError as wrong:
        done.refused.append(f"loan {loan_id}: {kind}: {wrong.message}")
    else:
        done.acts[kind] = done.acts.get(kind, 0) + (not receipt.again)


def _rows(installments: list[list[Any]]) -> list[list[Any]]:
    return [[row[0], date.fromisoformat(row[1]), *row[2:]] for row in installments]
