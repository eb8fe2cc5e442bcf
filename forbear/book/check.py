"""Checking a book: every rule counted over every row, the broken ones located, the loans they touch collected.

A clean book costs a few passes that only count. What breaks a rule is written to the table `book_check.found` in
the book's connection, uncapped; the listing in `CheckResult.faults` is capped for each rule, the counts never are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from zoneinfo import available_timezones

import duckdb

from forbear.book.asks import Ask, cell_asks, duplicate_ask, loan_asks, required_asks, row_asks
from forbear.book.book import Book, Waived
from forbear.book.cells import literal
from forbear.book.control import control_faults
from forbear.book.faults import Fault, cut, fault, masked, rules
from forbear.book.lines import LINE_LOAN, place_lines
from forbear.book.raw import RawFile, first_line, read_through
from forbear.book.schema import EVENT_BOOK, TABLES
from forbear.book.statistics import statistics_faults
from forbear.book.unique import has_duplicates
from forbear.book.views import SCHEMA, WHOLE_SCHEMA

CHECK_SCHEMA = "book_check"
BAD_LOANS = f"{CHECK_SCHEMA}.bad_loans"
FOUND = f"{CHECK_SCHEMA}.found"
MOST_BITS = 126
"""The highest installment number that a bit of checks/schedules.sql stands for."""
MOST_FILES_AT_ONCE = 8
"""Files whose row groups are held in memory at once, however many threads there are."""
LISTED_A_RULE = 100
"""Faults listed for each rule; all of them are counted and written aside."""


@dataclass(frozen=True)
class CheckResult:
    """What a check found.

    Attributes:
        ok: no fault (warnings do not count).
        faults: faults and warnings in order of rule, file and row, at most `LISTED_A_RULE` for each rule.
        counts: how many times each rule is broken, warnings too.
        rows: rows of each table.
        bad_loans: name of the DuckDB table of loan_ids to leave out (one column loan_id, the type of the book's).
        bad_loan_count: rows of it.
        quarantinable: every fault belongs to known loans or rows, so that the rest of the book is whole.
        waived: rules that were not asked, and why.
    """

    ok: bool
    faults: tuple[Fault, ...]
    counts: dict[str, int]
    rows: dict[str, int]
    bad_loans: str
    bad_loan_count: int
    quarantinable: bool
    waived: tuple[Waived, ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def fault_counts(self) -> dict[str, int]:
        """How many times each rule of grade fault is broken; `counts` without its warnings."""
        return {rule: n for rule, n in self.counts.items() if rules()[rule].grade == "fault"}


def check_book(book: Book, as_of: date | None = None) -> CheckResult:
    """Check a book against every rule.

    Args:
        book: an opened book; its views are read, not changed.
        as_of: the last day on which something can have happened; None asks nothing about the future. To close a
            book as of a past day, pass the day of the run, since later payments are then no fault.
    """
    connection = book.connection
    _prepare(connection)
    direct = [*book.faults, *control_faults(book)]
    rows: dict[str, int] = {}
    try:
        rows = _row_counts(book)
        _ask_all(book, as_of)
        named = {f.file for f in direct if f.rule == "unread_rows"}
        direct += _untrue_statistics(book, [raw for raw in book.raws if raw.file.name not in named])
        direct += _empty_tables(book, rows)
        direct += place_lines(book, FOUND)
        return _result(book, direct, rows, _collect_bad_loans(connection))
    except duckdb.Error as broken:
        return _unread(book, [*direct, *unreadable(book, broken)], rows)


def _untrue_statistics(book: Book, raws: Sequence[RawFile]) -> list[Fault]:
    """Faults of every file, as many files read at once as the engine has threads."""
    threads = _number(book.connection, "SELECT current_setting('threads')")
    with ThreadPoolExecutor(min(max(threads, 1), MOST_FILES_AT_ONCE)) as pool:
        return [f for found in pool.map(statistics_faults, raws) for f in found]


def _unread(book: Book, direct: Sequence[Fault], rows: dict[str, int]) -> CheckResult:
    """The answer for a book some of whose rows cannot be read: no loan of it is known to be whole."""
    try:
        book.connection.execute(f"CREATE OR REPLACE TABLE {BAD_LOANS} (loan_id VARCHAR)")
        return _result(book, direct, rows, 0)
    except duckdb.Error:  # damage so deep that the engine has given the connection up
        counts = {name: sum(f.rule == name for f in direct) for name in rules()}
        counts = {name: count for name, count in counts.items() if count}
        listed = tuple(f for name in counts for f in direct if f.rule == name)
        return CheckResult(False, listed, counts, rows, BAD_LOANS, 0, False, book.waived, book.notes)


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        f"""CREATE SCHEMA IF NOT EXISTS {CHECK_SCHEMA};
        CREATE OR REPLACE TABLE {FOUND} (rule VARCHAR, table_name VARCHAR, file VARCHAR, row BIGINT,
            column_name VARCHAR, value VARCHAR, expected VARCHAR, personal BOOLEAN,
            loan_id VARCHAR, borrower_id VARCHAR);
        CREATE OR REPLACE TABLE {CHECK_SCHEMA}.time_zones AS SELECT unnest(?) AS name""",
        [sorted(available_timezones())],
    )


def _row_counts(book: Book) -> dict[str, int]:
    return {t: _number(book.connection, f"SELECT count(*) FROM {SCHEMA}.{t}") for t in book.tables}


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _asks(book: Book, as_of: date | None) -> Iterator[Ask]:
    for cells in book.cells:
        yield from cell_asks(cells)
    for part in book.parts:
        if part.cells is None:
            yield from required_asks(part.table)
    yield from row_asks(book.tables, as_of, book.currency, book.minor_digits)
    yield from loan_asks(book.tables, book.minor_digits)


def _ask_all(book: Book, as_of: date | None) -> None:
    waived = {w.rule for w in book.waived}
    asks = [a for a in _asks(book, as_of) if a.rule.name not in waived]
    if "installments" in book.tables and not _bits_tell(book):
        asks = [a for a in asks if (a.table, a.rule.name) != ("installments", "duplicate_key")]
    for source, group in groupby(sorted(asks, key=lambda a: a.source), key=lambda a: a.source):
        for ask in _broken(book.connection, source, list(group)):
            _locate_surely(book.connection, ask)
    if "duplicate_key" not in waived:
        _ask_keys(book)


def _broken(connection: duckdb.DuckDBPyConnection, source: str, asks: Sequence[Ask]) -> list[Ask]:
    """The asks of one source that some row breaks, all counted in one pass."""
    tests = ", ".join(f"count(*) FILTER (WHERE {ask.when})" for ask in asks)
    counts = connection.execute(f"SELECT {tests} FROM {source}").fetchone() or ()
    return [ask for ask, count in zip(asks, counts, strict=True) if count]


def _locate_surely(connection: duckdb.DuckDBPyConnection, ask: Ask) -> None:
    """Locate the rows of a broken ask, with no row group skipped when the first look finds none of them."""
    if _locate(connection, ask):
        return
    connection.execute("SET disabled_optimizers = 'filter_pushdown,statistics_propagation,join_filter_pushdown'")
    try:
        _locate(connection, ask)
    finally:
        connection.execute("SET disabled_optimizers = ''")


def _locate(connection: duckdb.DuckDBPyConnection, ask: Ask) -> int:
    owners = [f"CAST({ask.owner}{c} AS VARCHAR)" if _owned(ask, c) else "NULL" for c in ("loan_id", "borrower_id")]
    texts = ", ".join(literal(t) for t in (ask.rule.name, ask.table))
    inserted = connection.execute(
        f"""INSERT INTO {FOUND} SELECT DISTINCT {texts}, _file, _row, {literal(ask.column)}, {ask.value},
        {literal(ask.expected)}, {ask.personal}, {", ".join(owners)} FROM ({ask.located})"""
    ).fetchone()
    return int(inserted[0]) if inserted else 0


def _owned(ask: Ask, column: str) -> bool:
    return bool(ask.owner) or TABLES[ask.table].column(column) is not None


def _bits_tell(book: Book) -> bool:
    """Whether the schedules' own pass can tell repeated installment numbers (see checks/schedules.sql)."""
    most = _number(book.connection, f"SELECT max(number) FROM {SCHEMA}.installments")
    return "loans" in book.tables and most <= MOST_BITS


def _ask_keys(book: Book) -> None:
    for name in book.tables:
        if not (name == "installments" and _bits_tell(book)) and has_duplicates(book.connection, name, book.raws):
            _locate(book.connection, duplicate_ask(name, book.minor_digits))


def _empty_tables(book: Book, rows: dict[str, int]) -> list[Fault]:
    readable = {p.table.name for p in book.parts}
    needed = [t for t in EVENT_BOOK if t in readable and not rows.get(t)]
    unpaid = "payments" in readable and not rows.get("payments") and "loans" in readable
    return [
        *(fault("empty_table", table=t) for t in needed),
        *([fault("no_payments_warning", table="payments")] if unpaid else []),
    ]


def unreadable(book: Book, broken: duckdb.Error) -> list[Fault]:
    """Name the file whose rows cannot be read to the end, by reading each alone."""
    found = []
    for raw in book.raws:
        try:
            if raw.store is not None:
                read_through(raw)
        except duckdb.Error as own:
            found.append(fault("unread_rows", raw.file.name, value=first_line(own), table=raw.file.table))
    return found or [fault("unread_rows", value=first_line(broken))]


def grave_rules() -> str:
    """Names of the rules whose breach takes a loan out, as an SQL list."""
    return ", ".join(literal(n) for n in (LINE_LOAN, *(r.name for r in rules().values() if r.grade == "fault")))


def _collect_bad_loans(connection: duckdb.DuckDBPyConnection) -> int:
    """Loans of every row that breaks a rule of grade fault: by its loan_id, else by its borrower's loans."""
    connection.execute(
        f"""CREATE OR REPLACE TABLE {BAD_LOANS} AS
        WITH bad AS (SELECT loan_id, borrower_id FROM {FOUND} WHERE rule IN ({grave_rules()})),
        known AS (SELECT loan_id, borrower_id FROM {WHOLE_SCHEMA}.loans
                  UNION ALL SELECT DISTINCT loan_id, NULL FROM {SCHEMA}.statuses),
        bad_loans AS (SELECT DISTINCT loan_id FROM bad WHERE loan_id IS NOT NULL),
        bad_people AS (SELECT DISTINCT borrower_id FROM bad WHERE loan_id IS NULL AND borrower_id IS NOT NULL)
        SELECT DISTINCT loan_id FROM known WHERE CAST(loan_id AS VARCHAR) IN (SELECT loan_id FROM bad_loans)
        OR CAST(borrower_id AS VARCHAR) IN (SELECT borrower_id FROM bad_people)"""
    )
    return _number(connection, f"SELECT count(*) FROM {BAD_LOANS}")


def _result(book: Book, direct: Sequence[Fault], rows: dict[str, int], bad_loans: int) -> CheckResult:
    waived = {w.rule for w in book.waived}
    kept = [f for f in direct if f.rule not in waived]
    counts = _counted(book.connection, kept)
    grave = {name for name in counts if rules()[name].grade == "fault"}
    whole = not any(f.grade == "fault" and f.reach == "file" for f in kept)
    return CheckResult(
        ok=not grave,
        faults=tuple(_listing(book, kept, counts)),
        counts=counts,
        rows=rows,
        bad_loans=BAD_LOANS,
        bad_loan_count=bad_loans,
        quarantinable=whole,
        waived=book.waived,
        notes=book.notes,
    )


def _counted(connection: duckdb.DuckDBPyConnection, direct: Iterable[Fault]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for told in direct:
        counts[told.rule] = counts.get(told.rule, 0) + 1
    for rule, count in connection.execute(f"SELECT rule, count(*) FROM {FOUND} GROUP BY 1").fetchall():
        counts[rule] = counts.get(rule, 0) + count
    return {name: counts[name] for name in rules() if name in counts}


def _listing(book: Book, direct: Sequence[Fault], counts: Iterable[str]) -> list[Fault]:
    listed = []
    for name in counts:
        own = [f for f in direct if f.rule == name]
        own += _located_faults(book, name, max(0, LISTED_A_RULE - len(own)))
        listed += sorted(own, key=lambda f: (f.file, f.row or 0, f.column))[:LISTED_A_RULE]
    return listed


def _located_faults(book: Book, rule: str, limit: int) -> list[Fault]:
    rows = book.connection.execute(
        f"""SELECT table_name, file, row, column_name, value, expected, personal FROM {FOUND} WHERE rule = ?
        ORDER BY table_name, file, row, column_name LIMIT ?""",
        [rule, limit],
    ).fetchall()
    return [_fault_of(rule, *row) for row in rows]


def _fault_of(
    rule: str, table: str, file: str, row: int, column: str, value: str | None, expected: str, personal: bool
) -> Fault:
    broken = rules()[rule]
    described = TABLES[table].column(column) if table in TABLES else None
    hidden = personal or bool(described and described.personal)
    shown = masked(value or "") if hidden else cut(value or "")
    return Fault(rule, file, row, column, shown, expected, table, broken.grade, broken.reach)
