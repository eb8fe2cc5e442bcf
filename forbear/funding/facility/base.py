"""The borrowing base: the principal of loans that count, less what is too much of one kind, times the advance rate.

A loan is ineligible by the first criterion, in the order of the file, that it does not meet; a missing value
meets none.
Excesses under several concentration limits are added up, so that a loan in two too large groups is taken off twice: the
strict reading, and the one that does not hang on the order of the limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from forbear.basics.errors import WrongUse
from forbear.basics.money import to_minor
from forbear.book import Book
from forbear.funding.facility.agreement import Criterion, Facility, Limit

RELATION = """
    SELECT l.*, a.* EXCLUDE (loan_id, borrower_id, disbursed_on, principal)
    FROM funding.accounts AS a JOIN book.loans AS l ON l.loan_id = a.loan_id
    WHERE a.status IN ('not_due', 'current', 'overdue')
"""
TESTS = {
    "at_most": "{column} <= {value}",
    "at_least": "{column} >= {value}",
    "is": "{column} = {value}",
    "is_not": "{column} <> {value}",
    "one_of": "{column} IN ({value})",
    "not_one_of": "{column} NOT IN ({value})",
}
MONEY = frozenset(["principal", "principal_outstanding", "arrears_total", "arrears_principal", "paid_total"])
PLAIN = frozenset(["one_of", "not_one_of"])


@dataclass(frozen=True)
class Step:
    """A criterion or limit and what it takes off; money in minor units. `group` names the largest group of a limit."""

    id: str
    title: dict[str, str]
    loans: int
    principal: int
    group: str = ""


@dataclass(frozen=True)
class Base:
    """A borrowing base; money in minor units.

    Attributes:
        loans, principal: open loans of the pool.
        ineligible: by criterion, each loan once.
        eligible_loans, eligible: what is left.
        excess: by concentration limit.
        net: eligible less excesses, not below zero.
        advance_rate, base: net times the rate, rounded down.
        limit, drawn: of the facility.
        available: what may still be drawn: the lesser of base and limit, less what is drawn; negative: a shortfall.
    """

    loans: int
    principal: int
    ineligible: tuple[Step, ...]
    eligible_loans: int
    eligible: int
    excess: tuple[Step, ...]
    net: int
    advance_rate: Decimal
    base: int
    limit: int
    drawn: int
    available: int


def borrowing_base(book: Book, facility: Facility) -> Base:
    """The borrowing base of a facility's pool.

    Args:
        book: its connection holds `funding.accounts`, money in minor units.
        facility: with `[base]`.

    Raises:
        WrongUse: the facility has no base, or names a column that neither loans nor accounts have.
    """
    if facility.base is None:
        raise WrongUse("the facility file has no [base]", "docs/funding.md shows one")
    terms = facility.base
    connection = book.connection
    connection.execute(f"CREATE OR REPLACE TABLE funding.pool AS {RELATION}")
    columns = {r[0]: r[1] for r in connection.execute("DESCRIBE funding.pool").fetchall()}
    first = _first_failed(book, terms.eligibility, columns)
    connection.execute(f"CREATE OR REPLACE TABLE funding.tested AS SELECT *, {first} AS failed FROM funding.pool")
    failed = {
        place: (int(loans), int(principal))
        for place, loans, principal in connection.execute(
            "SELECT failed, count(*), sum(principal_outstanding) FROM funding.tested GROUP BY failed"
        ).fetchall()
    }
    eligible_loans, eligible = failed.get(0, (0, 0))
    ineligible = tuple(
        Step(c.id, c.title, *failed.get(place, (0, 0))) for place, c in enumerate(terms.eligibility, start=1)
    )
    excess = tuple(_excess(book, limit, eligible, columns) for limit in terms.concentration)
    net = max(0, eligible - sum(e.principal for e in excess))
    base = int((net * terms.advance_rate).to_integral_value(ROUND_FLOOR))
    most, drawn = (to_minor(v, book.currency) for v in (facility.facility.limit, facility.facility.drawn))
    return Base(
        sum(n for n, _ in failed.values()),
        sum(p for _, p in failed.values()),
        ineligible,
        eligible_loans,
        eligible,
        excess,
        net,
        terms.advance_rate,
        base,
        most,
        drawn,
        min(base, most) - drawn,
    )


def _first_failed(book: Book, criteria: tuple[Criterion, ...], columns: dict[str, str]) -> str:
    """An SQL expression: the place of the first criterion that a loan does not meet, 0 when it meets all."""
    cases = " ".join(
        f"WHEN NOT coalesce({_condition(book, c, columns)}, false) THEN {place}"
        for place, c in enumerate(criteria, start=1)
    )
    return f"CASE {cases} ELSE 0 END" if cases else "0"


def _condition(book: Book, criterion: Criterion, columns: dict[str, str]) -> str:
    column = _column(criterion.column, criterion.id, columns)
    many = isinstance(criterion.value, list)
    if many != (criterion.test in PLAIN):
        raise WrongUse(
            f"eligibility {criterion.id}: {criterion.test} takes {'a list' if not many else 'one value'}",
            f"it has {criterion.value!r}",
        )
    values = criterion.value if isinstance(criterion.value, list) else [criterion.value]
    told = ", ".join(_literal(book, criterion, v, columns[criterion.column]) for v in values)
    return TESTS[criterion.test].format(column=column, value=told)


def _literal(book: Book, criterion: Criterion, value: Any, stored: str) -> str:
    """A value of the file as SQL of the column's type; money in minor units."""
    text = str(to_minor(Decimal(str(value)), book.currency)) if criterion.column in MONEY else str(value)
    safe = text.replace("'", "''")
    try:
        book.connection.execute(f"SELECT CAST('{safe}' AS {stored})")
    except Exception as bad:
        raise WrongUse(
            f"eligibility {criterion.id}: {value!r} is no value of {criterion.column} ({stored})",
            "see docs/funding.md",
        ) from bad
    return f"CAST('{safe}' AS {stored})"


def _column(name: str, where: str, columns: dict[str, str]) -> str:
    if name not in columns:
        raise WrongUse(f"{where}: loans have no column {name!r}", f"they have {', '.join(sorted(columns))}")
    return '"' + name.replace('"', '""') + '"'


def _excess(book: Book, limit: Limit, eligible: int, columns: dict[str, str]) -> Step:
    column = _column(limit.by, limit.id, columns)
    cap = int((eligible * limit.share).to_integral_value(ROUND_FLOOR))
    rows = book.connection.execute(
        f"SELECT CAST({column} AS VARCHAR), count(*), CAST(sum(principal_outstanding) AS BIGINT) AS owed"
        f" FROM funding.tested WHERE failed = 0 GROUP BY 1 HAVING owed > {cap} ORDER BY owed DESC, 1"
    ).fetchall()
    largest = str(rows[0][0]) if rows and limit.by != "borrower_id" else ""
    return Step(limit.id, limit.title, sum(r[1] for r in rows), sum(int(r[2]) - cap for r in rows), largest)
