"""Bringing a book into the desk: checked as the night checks it, staged by COPY, merged in one transaction.

All of it or nothing of it: until the merge commits nobody sees a row of it. An import that was killed goes on at the
piece where it stopped; one that was done is done (a book is known by the fingerprint of its files). A book brought in
again with more rows adds these rows; where it contradicts what the desk has of the same key, all of it is refused and
the differences are named, for a loan's terms do not change by import.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
from django.db import connection, transaction

from forbear.basics.errors import AnswerIsNo
from forbear.book import Book, LeftOut, check_book, leave_out, open_book
from forbear.desk.audit.log import record
from forbear.desk.imports import staging
from forbear.desk.imports.models import Import
from forbear.desk.ledger.opening import load_events, load_payments, open_loans

MERGED = (
    "borrowers",
    "old_time_zones",
    "time_zones",
    "loans",
    "schedules",
    "installments",
    "contacts",
)
"""The statements of a merge, in order; each is a file under `merging/`. The ledger books what has money in it."""
CONFLICTS = ("loans", "installments", "payments", "events", "contacts")
MOST_CONFLICTS = 100
SHOWN_CONFLICTS = 5
ONE_AT_A_TIME = 0x696D706F
"""Key of the lock that lets one merge run at a time (the letters impo)."""

Watch = Callable[[str], AbstractContextManager[staging.Progress]]


@dataclass(frozen=True)
class Imported:
    """What an import did.

    Attributes:
        import_id: its number.
        again: the very same book had been imported before; nothing was done.
        staged: rows of the book by table.
        new: rows that the desk did not have, by statement of the merge.
        left_out: what a quarantine left out.
    """

    import_id: int
    again: bool
    staged: Mapping[str, int]
    new: Mapping[str, int]
    left_out: LeftOut


def import_book(
    path: str | Path,
    *,
    actor: Any,
    at: datetime,
    mapping: str | None = None,
    as_of: date | None = None,
    quarantine: bool = False,
    watch: Watch | None = None,
) -> Imported:
    """Bring the book in a folder into the desk.

    Args:
        path: folder of the book.
        actor: user or name of a program, for the audit log.
        at: now, in UTC.
        mapping: name or file of a mapping for other people's files.
        as_of: last day on which anything can have happened; the day of `at` when None.
        quarantine: leave loans with faults out instead of refusing the book.
        watch: told of each step, for progress.

    Raises:
        AnswerIsNo: the book has faults, or contradicts what the desk has; nothing was changed.
        UnreadableFile, WrongUse: it cannot be read.
    """
    watching = watch or (lambda _step: nullcontext(lambda _done, _all: None))
    with duckdb.connect() as engine:
        with watching("reading the book"):
            book = open_book(path, engine, mapping=mapping)
        with watching("checking the book"):
            left_out = _sound(book, as_of or at.date(), quarantine)
        of = _known(book, actor, left_out)
        if of.state == "done":
            return Imported(of.pk, True, of.rows["staged"], dict.fromkeys(of.rows["new"], 0), left_out)
        with connection.cursor() as cursor:
            staging.prepare(cursor, of, book)
        with watching("staging") as progress:
            staged = staging.stage(connection, of, book, progress)
    with watching("merging"):
        new = _merge(of, staged, actor, at)
    return Imported(of.pk, False, staged, new, left_out)


def _sound(book: Book, day: date, quarantine: bool) -> LeftOut:
    checked = check_book(book, day)
    if checked.ok:
        return LeftOut()
    if quarantine:
        return leave_out(book, checked)
    kinds = ", ".join(f"{n:,} {rule}" for rule, n in sorted(checked.fault_counts.items()))
    raise AnswerIsNo(
        f"{book.path}: the book has faults: {kinds}",
        "`forbear check` names file, row, column and value of each; --quarantine leaves those loans out",
    )


def _known(book: Book, actor: Any, left_out: LeftOut) -> Import:
    """The import of this very book, from an earlier try or new."""
    marks = sorted(f"{file.name}\0{file.sha256}" for file in book.files)
    marks += [f"mapping\0{book.mapping}", f"left out\0{left_out.loans}"]
    mark = hashlib.sha256("\n".join(marks).encode()).hexdigest()
    name = actor if isinstance(actor, str) else actor.get_username()
    given = {"book": str(book.path), "mapping": book.mapping or "", "actor": name}
    return Import.objects.get_or_create(fingerprint=mark, defaults=given)[0]


def _merge(of: Import, staged: dict[str, int], actor: Any, at: datetime) -> dict[str, int]:
    names = {table: staging.staging_table(of, table) for table in staging.STAGED}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
        for table in staging.STAGED:
            cursor.execute(f"ANALYZE {names[table]}")
        _refuse_conflicts(cursor, names)
        new = {}
        for name in MERGED:
            cursor.execute(_statement(name).format(**names), {"at": at})
            new[name] = cursor.rowcount
        new["accounts"] = open_loans(actor=of.actor, at=at)
        new["payments"] = load_payments(names["payments"], actor=of.actor, at=at)
        new["events"] = load_events(names["events"], actor=of.actor, at=at)
        of.state, of.finished_at, of.rows = "done", at, {"staged": staged, "new": new}
        of.save()
        record(actor, "book.import", f"import:{of.pk}", book=of.fingerprint, new=new)
        staging.clear_away(cursor, of)
    return new


def _refuse_conflicts(cursor: Any, names: dict[str, str]) -> None:
    found: list[tuple[str, str, str, str, str]] = []
    for name in CONFLICTS:
        cursor.execute(_statement(f"conflicts_{name}").format(**names), {"most": MOST_CONFLICTS})
        found += cursor.fetchall()
    if not found:
        return
    told = "; ".join(
        f"{t} {key}: {column} is {here} here, {there} in the book"
        for t, key, column, here, there in found[:SHOWN_CONFLICTS]
    )
    more = f" (and at least {len(found) - SHOWN_CONFLICTS} more)" if len(found) > SHOWN_CONFLICTS else ""
    raise AnswerIsNo(
        f"the book contradicts what the desk has: {told}{more}",
        "nothing was imported; terms change at the desk by re-amortization or reversal, not by import",
    )


@cache
def _statement(name: str) -> str:
    return files(__package__).joinpath(f"merging/{name}.sql").read_text("utf-8")
