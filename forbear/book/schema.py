"""The tables of a book as data: what a row is, which columns it has, what they mean.

One place names every table and column of a loan book (the reader, the checks, the mappings and the sample all read
it here). It says nothing of files: those are `files` and `cells`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a column's values are; each kind has one SQL type in every book."""

    identity = "identity"
    money = "money"
    rate = "rate"
    date = "date"
    instant = "instant"
    count = "count"
    text = "text"


SQL_TYPE = {
    Kind.identity: "VARCHAR",  # BIGINT instead when every file of the book stores the id as an integer
    Kind.money: "BIGINT",  # minor units
    Kind.rate: "DECIMAL(12,8)",  # annual fraction: 0.24 is 24 %
    Kind.date: "DATE",
    Kind.instant: "TIMESTAMP",  # UTC
    Kind.count: "INTEGER",
    Kind.text: "VARCHAR",
}


@dataclass(frozen=True)
class Column:
    """One column: its kind, whether each row must carry it, and what stands in for a missing value.

    Attributes:
        default: an SQL literal for missing values; `{currency}` is the book's currency; None leaves them NULL.
        personal: masked when a fault shows the value.
    """

    name: str
    kind: Kind
    required: bool = False
    default: str | None = None
    personal: bool = False


@dataclass(frozen=True)
class Table:
    """One table: its columns in order, the columns that name a row, and whether `x_*` columns may follow."""

    name: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    extras: bool = False

    def column(self, name: str) -> Column | None:
        """The column called `name`, or None."""
        return next((c for c in self.columns if c.name == name), None)


def _columns(kind: Kind, names: str, **more: bool | str) -> list[Column]:
    """Columns of one kind; a name that ends in `!` is required."""
    return [Column(n.rstrip("!"), kind, required=n.endswith("!"), **more) for n in names.split()]  # type: ignore[arg-type]


def _table(name: str, row: str, key: str, *groups: list[Column], extras: bool = False) -> Table:
    return Table(name, row, tuple(c for group in groups for c in group), tuple(key.split()), extras)


_ID, _MONEY, _DATE, _TEXT, _COUNT = Kind.identity, Kind.money, Kind.date, Kind.text, Kind.count

_ALL = (
    _table(
        "loans",
        "a loan",
        "loan_id",
        _columns(_ID, "loan_id!"),
        _columns(_ID, "borrower_id!", personal=True),
        _columns(_DATE, "disbursed_on!"),
        _columns(_MONEY, "principal!"),
        _columns(Kind.rate, "annual_rate!"),
        _columns(_COUNT, "term!"),
        _columns(_TEXT, "currency", default="'{currency}'"),
        _columns(_TEXT, "product repayment_method"),
        _columns(_ID, "funder_id"),
        extras=True,
    ),
    _table(
        "installments",
        "one scheduled installment",
        "loan_id number",
        _columns(_ID, "loan_id!"),
        _columns(_COUNT, "number!"),
        _columns(_DATE, "due_on!"),
        _columns(_MONEY, "principal_due! interest_due!"),
        _columns(_MONEY, "fees_due", default="0"),
    ),
    _table(
        "payments",
        "money received",
        "payment_id",
        _columns(_ID, "payment_id! loan_id!"),
        _columns(_DATE, "paid_on!"),
        _columns(_MONEY, "amount!"),
        _columns(_COUNT, "installment_number"),
        _columns(_TEXT, "source"),
    ),
    _table(
        "borrowers",
        "a person",
        "borrower_id",
        _columns(_ID, "borrower_id!", personal=True),
        _columns(_TEXT, "time_zone language region"),
        _columns(_COUNT, "birth_year", personal=True),
        _columns(_TEXT, "first_loan"),
        extras=True,
    ),
    _table(
        "contacts",
        "an attempt at contact, in or out",
        "contact_id",
        _columns(_ID, "contact_id!"),
        _columns(_ID, "borrower_id!", personal=True),
        _columns(Kind.instant, "at!"),
        _columns(_TEXT, "channel! direction! result! party"),
        _columns(_TEXT, "sender", personal=True),
        _columns(_ID, "loan_id"),
    ),
    _table(
        "events",
        "a pause or a reversal",
        "event_id",
        _columns(_ID, "event_id! loan_id!"),
        _columns(_TEXT, "kind!"),
        _columns(_DATE, "effective_on!"),
        _columns(_DATE, "until_on"),
        _columns(_ID, "payment_id"),
        _columns(_DATE, "recorded_on"),
    ),
    _table(
        "statuses",
        "a loan's state on a date, for books that carry states instead of events",
        "loan_id on_date",
        _columns(_ID, "loan_id!"),
        _columns(_DATE, "on_date!"),
        _columns(_TEXT, "state!"),
        _columns(_COUNT, "dpd"),
        _columns(_MONEY, "balance"),
        _columns(_DATE, "opened_on"),
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in _ALL}
"""Every table a book may hold, by name, in the order in which people think of them."""

EVENT_BOOK = ("loans", "installments")
"""The tables a book of events must have; a book of `statuses` may go without them."""

EXTRA_PREFIX = "x_"
"""Columns of loans and borrowers that start so are features and pass through with their own type."""
