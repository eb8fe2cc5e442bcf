"""What a close tells of the whole book: which tables it needs, and `portfolio.json` from their few rows."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import pyarrow as pa

from forbear.aging import ladder
from forbear.aging.words import THRESHOLDS, raw_days
from forbear.book import Book, CheckResult, LeftOut
from forbear.funding import cohorts, moves, standing
from forbear.funding.figures import Money, Row, added_up
from forbear.funding.months import MonthEnd, month_ends
from forbear.funding.segments import Traits, borrower_segments_sql, loan_segments_sql, segments, traits
from forbear.night.settings import NightSettings
from forbear.night.tables import NightTable, night_table

FORMAT = "forbear-portfolio-1"
SUMS = (
    "standing",
    "debt_count",
    "span",
    "month_disbursed",
    "month_closed",
    "month_repaid",
    "month_due",
    "month_unpaid",
    "month_received",
    "move_sums",
    "vintage_sums",
    "loan_segments",
)
"""Small tables of the night that the portfolio is told from."""
OPTIONAL = ("payments", "borrowers", "contacts", "events")
Tables = Mapping[str, list[Row]]


@dataclass(frozen=True)
class NightPlan:
    """What is to be made for one close.

    Attributes:
        as_of: the date.
        settings: all settings in force.
        traits: what the book is divided by.
        ends: month ends that roll rates run between.
        sources: small tables that the night's tables read beside the book's.
        own: tables made from the book's own columns.
        wanted: tables to make.
    """

    as_of: date
    settings: NightSettings
    traits: Traits
    ends: tuple[MonthEnd, ...]
    sources: dict[str, pa.Table]
    own: tuple[NightTable, ...]
    wanted: frozenset[str]


def plan_night(book: Book, settings: NightSettings, as_of: date) -> NightPlan:
    """Everything a close of this book needs, decided before the work begins."""
    chosen = traits(
        book.connection, settings.report.segment_values, settings.report.amount_bands, book.minor_digits
    )
    ends = month_ends(as_of, settings.report.months)
    own = [night_table("funding", "loan_segments", loan_segments_sql(chosen))]
    wanted = {"accounts", *SUMS}
    if chosen.borrowers:
        text = "-- Over: the whole book\n" + borrower_segments_sql(chosen)
        own.append(night_table("funding", "borrower_segments", text))
        wanted.add("borrower_segments")
    if chosen.first_loan:
        wanted.add("first_loan_segments")
    return NightPlan(as_of, settings, chosen, ends, _sources(settings, ends), tuple(own), frozenset(wanted))


def _sources(settings: NightSettings, ends: tuple[MonthEnd, ...]) -> dict[str, pa.Table]:
    rungs = pa.Table.from_pylist([vars(rung) for rung in ladder(settings.aging)])
    dated = pa.schema([("ends_on", pa.date32()), ("begins_on", pa.date32()), ("month_number", pa.int32())])
    reached = [{"dpd": days, "raw_days": raw_days(days, settings.aging)} for days in THRESHOLDS]
    days = pa.schema([("dpd", pa.int32()), ("raw_days", pa.int32())])
    return {
        "ladder": rungs,
        "month_ends": pa.Table.from_pylist([vars(end) for end in ends], schema=dated),
        "thresholds": pa.Table.from_pylist(reached, schema=days),
    }


def portfolio(
    book: Book, checked: CheckResult, left_out: LeftOut, plan: NightPlan, table: Callable[[str], pa.Table]
) -> dict[str, Any]:
    """The content of `portfolio.json` (docs/close.md).

    Args:
        book: the book, bad loans left out.
        checked: what the check said.
        left_out: what was left out.
        plan: as `plan_night` made it.
        table: gives a table of the night by name.
    """
    read = {name: table(name).to_pylist() for name in sorted(plan.wanted - {"accounts"})}
    read |= {name: added_up(rows, "month_number") for name, rows in read.items() if name.startswith("month_")}
    aging, looks, money = plan.settings.aging, plan.settings.report, Money(book.minor_digits)
    names = [b.bucket for b in aging.bucket_set()]
    now = standing.by_bucket(read["standing"], aging)
    seen = moves.periods(read, plan.ends, names)
    parts = [
        row for name in ("loan_segments", "borrower_segments", "first_loan_segments") for row in read.get(name, ())
    ]
    owed = sum(mass.principal for mass in now.values())
    limits = looks.segments, looks.segment_loans, looks.segment_values
    return {
        "format": FORMAT,
        "as_of": plan.as_of.isoformat(),
        "currency": book.currency,
        "minor_digits": book.minor_digits,
        "book": _book(book, checked, left_out, read["span"]),
        "settings": plan.settings.plain(),
        "totals": standing.totals(read["standing"], read["debt_count"][0]["borrowers"], money),
        "buckets": standing.buckets(read["standing"], aging, money),
        "rates": standing.rates(read["standing"], money),
        "classification": standing.classification(read["standing"], aging, money),
        "rolls": moves.rolls(seen, names, money),
        "history": moves.history(seen, now, plan.as_of, money),
        "vintages": cohorts.vintages(read, plan.as_of, looks.vintages, money),
        "collections": cohorts.collections(read, plan.as_of, looks.collections, money),
        "cures": moves.cures(seen, names, money),
        "first_payment_default": cohorts.first_payment_default(
            read, looks.vintages, aging.first_payment_days, money
        ),
        "segments": segments(parts, plan.traits, owed, limits, money),
        "quarantine": _quarantine(checked, left_out, money),
        "definitions": definitions(),
    }


def _book(book: Book, checked: CheckResult, left_out: LeftOut, span: list[Row]) -> Row:
    kept = {t: checked.rows.get(t, 0) - (left_out.rows or {}).get(t, 0) for t in ("loans", "installments")}
    days = {name: day.isoformat() if day else None for name, day in span[0].items()} if span else {}
    return {
        "mapping": book.mapping,
        **kept,
        **{t: checked.rows.get(t, 0) - (left_out.rows or {}).get(t, 0) for t in ("payments", "events")},
        **days,
        "missing_tables": [t for t in OPTIONAL if t not in book.tables],
        "notes": list(checked.notes),
    }


def _quarantine(checked: CheckResult, left_out: LeftOut, money: Money) -> Row:
    return {
        "loans": left_out.loans,
        "principal": money(left_out.principal),
        "scheduled_principal": money(left_out.scheduled_principal),
        "paid": money(left_out.paid),
        "lost_loans": left_out.lost_loans,
        "broken_lines": left_out.broken_lines,
        "rows": dict(left_out.rows or {}),
        "orphan_rows": dict(left_out.orphan_rows or {}),
        "faults": dict(sorted(checked.counts.items())),
        "waived": [{"rule": w.rule, "why": w.why} for w in checked.waived],
    }


@cache
def definitions() -> dict[str, dict[str, str]]:
    """The meaning of every figure, in English and Chinese."""
    text = files("forbear.funding").joinpath("definitions.toml").read_text(encoding="utf-8")
    return {key: {"en": d["en"], "zh": d["zh"]} for key, d in tomllib.loads(text).items()}


def plain_decimals(value: object) -> object:
    """For JSON: decimals as strings; anything else is a mistake of ours."""
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{value!r} cannot be written")
