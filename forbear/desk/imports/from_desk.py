"""The desk's own data as a book, closed by the night, its results back as worklists.

The night reads files and knows nothing of the desk: the ledger and the record are written into a folder as a canonical
book (docs/book.md), in minor units, and closed like any other; what the desk's gate knows of borrowers goes beside it
as a file of facts (docs/gate.md). What is written is what was in effect on the day and known at the instant, so last
month's close can be made again.
"""

from __future__ import annotations

import tempfile
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from forbear.basics.errors import WrongUse
from forbear.book.cells import literal, quoted
from forbear.desk.experiments.running import for_the_night as arms_for_the_night
from forbear.desk.imports.copying import copy_out
from forbear.desk.imports.worklist import Worklist, load_worklist
from forbear.desk.ledger.book import book_query
from forbear.desk.strategies.versions import for_the_night
from forbear.night import Closed, close

WITH_FEATURES = {"loans": "loan_id", "borrowers": "borrower_id"}
"""Tables whose rows carry features (x_*), and their keys."""
FACTS = "facts"


def close_from_desk(
    *,
    as_of: date,
    out: str | Path,
    actor: Any,
    at: datetime,
    known_at: datetime | None = None,
    currency: str | None = None,
    **options: Any,
) -> tuple[Closed, Worklist]:
    """Close the desk's own book as of a date and load the results as worklists.

    It decides by the strategy in force on the desk, unless another is named; by none where none is in force. While an
    experiment runs, its arms are decided for by their own.

    Args:
        as_of: the date; nothing after it counts.
        out: folder for the close's files.
        actor: user or name of a program, for the audit log.
        at: now, in UTC.
        known_at: only what was booked by that instant; None: all.
        currency: of the loans to close; needed when the desk has loans of several.
        options: the rest of what `forbear.night.close` takes.

    Raises:
        WrongUse: no loans, or loans of several currencies and none was named.
    """
    if options.get("strategy") is None:
        options["strategy"] = for_the_night()
        options["arms"] = arms_for_the_night(as_of, at)
    with tempfile.TemporaryDirectory(prefix="forbear-desk-book-") as folder:
        known = export_book(folder, as_of=as_of, known_at=known_at, currency=currency)
        if options["strategy"] is not None:
            options["facts"] = [known, *filter(None, [options.get("facts")])]
        closed = close(folder, as_of=as_of, out=out, **options)
    return closed, load_worklist(out, actor=actor, at=at)


def export_book(
    folder: str | Path, *, as_of: date, known_at: datetime | None = None, currency: str | None = None
) -> Path:
    """Write the desk's data into a folder as a canonical book of CSV files, all of one moment; the file of facts.

    Raises:
        WrongUse: no loans, or loans of several currencies and none was named.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        of = _currency(cursor, currency)
        (target / "book.toml").write_text(f'currency = "{of}"\nmoney = "minor"\n', encoding="utf-8")
        for table in ("loans", "installments", "payments", "events", "borrowers", "contacts", FACTS):
            query, values = _query(cursor, table, as_of, known_at, of)
            copy_out(cursor, query, target / f"{table}.csv", values)
    return target / f"{FACTS}.csv"


def _currency(cursor: Any, wanted: str | None) -> str:
    cursor.execute("SELECT DISTINCT currency FROM loans ORDER BY 1")
    found = [row[0] for row in cursor.fetchall()]
    if not found:
        raise WrongUse("the desk has no loans to close", "import a book first: forbear desk import BOOK")
    if wanted is None and len(found) > 1:
        raise WrongUse(
            f"the desk has loans in {', '.join(found)}", "a close is of one currency: name it with --currency"
        )
    if wanted is not None and wanted not in found:
        raise WrongUse(f"the desk has no loans in {wanted}", f"it has {', '.join(found)}")
    return wanted or str(found[0])


def _query(
    cursor: Any, table: str, as_of: date, known_at: datetime | None, currency: str
) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {"as_of": as_of, "known_at": known_at, "currency": currency}
    if table in ("borrowers", "contacts", FACTS):
        rows = _statement(table)
    else:
        own, more = book_query(table, as_of, known_at)
        values |= more
        rows = f"SELECT rows.* FROM ({own}) AS rows JOIN loans AS l USING (loan_id) WHERE l.currency = %(currency)s"
    if table in WITH_FEATURES:
        rows = _with_features(cursor, table, rows)
    return rows, values


def _with_features(cursor: Any, table: str, rows: str) -> str:
    cursor.execute(f"SELECT DISTINCT jsonb_object_keys(features) FROM {table} ORDER BY 1")
    names = [row[0] for row in cursor.fetchall()]
    columns = "".join(f", f.features ->> {_doubled(literal(name))} AS {_doubled(quoted(name))}" for name in names)
    return f"SELECT plain.*{columns} FROM ({rows}) AS plain JOIN {table} AS f USING ({WITH_FEATURES[table]})"


def _doubled(text: str) -> str:
    """With per cent signs doubled, for a statement that carries parameters."""
    return text.replace("%", "%%")


@cache
def _statement(name: str) -> str:
    return files(__package__).joinpath(f"exporting/{name}.sql").read_text("utf-8")
