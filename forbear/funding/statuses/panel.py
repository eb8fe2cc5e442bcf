"""From statuses of any origin to one panel: a loan, a period, a state.

Makes the tables `statuses.panel`, `statuses.states` and `statuses.moves` in the connection, which `rolls` and
`vintages` read. States are the book's own words where they are understood; where they are not and days past due are
told, states are ranges of days.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from forbear.aging.states import Buckets, Kind, State, meaning, ordered
from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.book import Book

PERIODS = {
    "month": "year(on_date) * 12 + month(on_date)",
    "date": "dense_rank() OVER (ORDER BY on_date)",
}
"""How dates become numbered periods: by calendar month, or each date on which anything was told."""
STATES_BY = ("auto", "dpd", "state")


@dataclass(frozen=True)
class Panel:
    """Statuses made ready.

    Attributes:
        connection: holds the tables of schema `statuses`.
        states: in order from good to bad.
        minor_digits: digits of the balances' minor unit.
        loans, rows: how many.
        first_on, last_on: the first and last date told of.
        repeated: rows passed over because the same period tells a later one of the same loan.
        weighted_by: `opening` or `closing` balances, or empty when the statuses carry none.
    """

    connection: duckdb.DuckDBPyConnection
    states: tuple[State, ...]
    minor_digits: int
    loans: int
    rows: int
    first_on: date
    last_on: date
    repeated: int
    weighted_by: str

    @property
    def unknown(self) -> tuple[str, ...]:
        """States whose meaning is not known; they take part in rolls but not in vintages."""
        return tuple(s.name for s in self.states if s.kind is Kind.unknown)


def panel_of_book(
    book: Book, *, by: str = "auto", every: str = "month", buckets: Buckets | None = None, skip: str | None = None
) -> Panel:
    """The panel of an opened book's `statuses`.

    Args:
        book: opened, with a table `statuses`.
        by: states from days past due (`dpd`), from the book's words (`state`), or `auto`.
        every: `month` or `date`, see PERIODS.
        buckets: ranges of days past due, where states come from them.
        skip: a table of loan_ids to leave out, such as a check's quarantine.

    Raises:
        AnswerIsNo, WrongUse: the book has no statuses, or `by` is `dpd` and rows lack it.
    """
    if "statuses" not in book:
        raise WrongUse(
            f"{book.path} has no statuses",
            "roll rates of a book of events stand in the report of `forbear close`; this reads the table statuses",
        )
    kept = f"WHERE loan_id NOT IN (SELECT loan_id FROM {skip})" if skip else ""
    select = f"SELECT loan_id, on_date, state, dpd, balance, opened_on FROM book.statuses {kept}"
    return _panel(book.connection, select, book.minor_digits, by, every, buckets or Buckets())


def panel_of_accounts(
    files: Sequence[Path], connection: duckdb.DuckDBPyConnection, *, minor_digits: int = 2, every: str = "month"
) -> Panel:
    """The panel of accounts tables that closes of several dates left behind (`accounts.parquet`, or its folder).

    The date comes from a column `as_of`, else from `manifest.json` beside the file. The state is the column
    `bucket`, or `closed` where the column `status` says so; the balance is `principal_outstanding`. Loans not yet
    disbursed at a date are not there.

    Raises:
        UnreadableFile: a file is missing, is no accounts table, or nothing tells its date.
        WrongUse: two files are of the same date.
    """
    selects = [_accounts_select(path, connection, minor_digits) for path in files]
    dates = [when for when, _ in selects]
    if len(set(dates)) < len(dates):
        twice = next(d for d in dates if dates.count(d) > 1)
        raise WrongUse(f"two of the files are closes as of {twice}", "give each close once")
    together = " UNION ALL BY NAME ".join(select for _, select in selects)
    return _panel(connection, together, minor_digits, "state", every, Buckets())


def _accounts_select(path: Path, connection: duckdb.DuckDBPyConnection, digits: int) -> tuple[date, str]:
    file = path / "accounts.parquet" if path.is_dir() else path
    source = "read_parquet('" + str(file).replace("'", "''") + "')"
    try:
        columns = {r[0]: r[1] for r in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
    except duckdb.Error as bad:
        raise UnreadableFile(
            f"{file} cannot be read", "give the accounts.parquet of a close, or its folder"
        ) from bad
    missing = {"loan_id", "dpd", "bucket", "status"} - columns.keys()
    if missing:
        raise UnreadableFile(
            f"{file} has no column {', '.join(sorted(missing))}", "give the accounts.parquet of a close"
        )
    when = _as_of(file, set(columns), connection, source)
    balance = _in_minor(columns.get("principal_outstanding"), digits)
    opened = "disbursed_on" if "disbursed_on" in columns else "NULL"
    select = (
        f"SELECT loan_id, DATE '{when}' AS on_date, "
        f"CASE WHEN lower(status) IN ('closed', 'prepaid', 'overpaid') THEN 'closed' ELSE bucket END AS state, "
        f"dpd, {balance} AS balance, CAST({opened} AS DATE) AS opened_on FROM {source} "
        "WHERE status IS DISTINCT FROM 'not_disbursed'"
    )
    return when, select


def _in_minor(stored: str | None, digits: int) -> str:
    """The column `principal_outstanding` in minor units: decimals are of the major unit, integers minor."""
    if stored is None:
        return "CAST(NULL AS BIGINT)"
    scale = 10**digits if stored.startswith("DECIMAL") else 1
    return f"CAST(principal_outstanding * {scale} AS BIGINT)"


def _as_of(file: Path, columns: set[str], connection: duckdb.DuckDBPyConnection, source: str) -> date:
    if "as_of" in columns:
        row = connection.execute(f"SELECT min(as_of)::DATE, max(as_of)::DATE FROM {source}").fetchone()
        if row and row[0] is not None and row[0] == row[1]:
            return date.fromisoformat(str(row[0]))
    manifest = file.with_name("manifest.json")
    try:
        return date.fromisoformat(str(json.loads(manifest.read_text(encoding="utf-8"))["as_of"]))
    except (OSError, ValueError, KeyError, TypeError) as bad:
        raise UnreadableFile(
            f"nothing tells the date of {file}", "keep manifest.json beside it, as `forbear close` wrote it"
        ) from bad


def _panel(
    connection: duckdb.DuckDBPyConnection, select: str, digits: int, by: str, every: str, buckets: Buckets
) -> Panel:
    for value, known in ((by, STATES_BY), (every, PERIODS)):
        if value not in known:
            raise WrongUse(f"{value!r} is not one of {', '.join(known)}")
    connection.execute("CREATE SCHEMA IF NOT EXISTS statuses")
    connection.execute(f"CREATE OR REPLACE TABLE statuses.told AS {select}")
    _check_told(connection)
    if _by_days(connection, by):
        connection.execute(_sql("by_days").format(bucket=buckets.sql("dpd")))
    connection.execute(_sql("panel").format(period=PERIODS[every]))
    states = _order_states(connection)
    connection.execute(_sql("moves"))
    told, kept, loans, first_on, last_on = _one(
        connection,
        "SELECT (SELECT count(*) FROM statuses.told), count(*), count(DISTINCT loan_id), min(on_date), max(on_date)"
        " FROM statuses.panel",
    )
    return Panel(connection, states, digits, loans, kept, first_on, last_on, told - kept, _weights(connection))


def _check_told(connection: duckdb.DuckDBPyConnection) -> None:
    """The same loan told of twice on a day would count twice."""
    rows, distinct = _one(
        connection,
        "SELECT (SELECT count(*) FROM statuses.told), count(*)"
        " FROM (SELECT DISTINCT loan_id, on_date FROM statuses.told)",
    )
    if not rows:
        raise WrongUse("the statuses are empty", "there is nothing to roll")
    if rows > distinct:
        raise WrongUse(
            f"{rows - distinct} statuses are of a loan and date told before", "see `forbear check` for the rows"
        )


def _by_days(connection: duckdb.DuckDBPyConnection, by: str) -> bool:
    """Whether states come from days past due: when asked, or when the book's own words are not understood."""
    rows = connection.execute("SELECT state, count(*) - count(dpd) FROM statuses.told GROUP BY state").fetchall()
    kinds = {name: meaning(name).kind for name, _ in rows}
    lacking = sorted(n for n, without in rows if without and kinds[n] not in {Kind.closed, Kind.absent})
    if by == "dpd" and lacking:
        raise WrongUse(f"statuses {', '.join(lacking)} carry no days past due", "leave the choice to --states auto")
    return by == "dpd" or (by == "auto" and not lacking and Kind.unknown in kinds.values())


def _order_states(connection: duckdb.DuckDBPyConnection) -> tuple[State, ...]:
    names = [r[0] for r in connection.execute("SELECT DISTINCT state FROM statuses.panel").fetchall()]
    states = ordered(names)
    connection.execute(
        "CREATE OR REPLACE TABLE statuses.states (state VARCHAR, rank INTEGER, kind VARCHAR, dpd_from INTEGER)"
    )
    connection.executemany(
        "INSERT INTO statuses.states VALUES (?, ?, ?, ?)",
        [(s.name, rank, s.kind.value, s.dpd_from) for rank, s in enumerate(states)],
    )
    return states


def _weights(connection: duckdb.DuckDBPyConnection) -> str:
    """Which balances weigh the moves: those at the start of the period if they are told, else those at its end."""
    opening, closing = _one(
        connection,
        "SELECT count(opening_balance), count(closing_balance) FROM statuses.moves WHERE from_state IS NOT NULL",
    )
    return ("opening" if opening >= closing else "closing") if opening or closing else ""


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple:  # type: ignore[type-arg]
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


def _sql(name: str) -> str:
    return Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")
