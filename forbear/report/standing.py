"""Sections on how the book stands at the date: buckets, delinquency rates, segments, classification."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from forbear.report.figures import count, exact, percentage, plain, rate, shade
from forbear.report.model import Cell, Chart, Column, Row, Rows, Section, Series, Term, table_of
from forbear.report.telling import Telling


def days_text(first: object, last: object) -> str:
    """A range of days past due: `1–30`, `181+`, `0`."""
    if last is None:
        return f"{first}+"
    return str(first) if first == last else f"{first}–{last}"


def buckets(tell: Telling) -> Section | None:
    """Loans and money by bucket; the chart leaves out the first, current, which would dwarf the others."""
    rows = tell.rows("buckets")
    if not rows:
        return None
    names = tuple(tell.say.word("bucket", r.get("bucket")) for r in rows)
    late = tuple(plain(r.get("principal")) for r in rows)[1:]
    chart = Chart(tell("buckets.chart"), "bar", names[1:], (Series(tell("principal"), late),), "money")
    columns = (
        Column(tell("bucket"), lambda r: tell.say.word("bucket", r.get("bucket"))),
        Column(tell("buckets.days"), lambda r: days_text(r.get("dpd_from"), r.get("dpd_to"))),
        *tell.standing(),
        tell.moneys(tell("arrears"), "arrears"),
    )
    table = table_of(tell("buckets.table"), rows, columns, is_open=True)
    return Section(
        "buckets",
        tell("buckets.title"),
        tell("buckets.lead"),
        tell.terms("open", "bucket", "dpd", "principal_outstanding", "arrears"),
        (chart,) if late else (),
        (table,),
    )


def rates(tell: Telling) -> Section | None:
    """Delinquency rates by loans and by money."""
    rows = tell.rows("rates")
    if not rows:
        return None
    series = tuple(
        Series(tell(name), tuple(percentage(r.get(key)) for r in rows))
        for name, key in (("by_money", "rate_principal"), ("by_count", "rate_loans"))
    )
    short = tuple(tell.say.word("rate_short", r.get("name")) for r in rows)
    columns = (
        Column(tell("rates.late"), lambda r: tell.say.word("rate", r.get("name"))),
        tell.counts(tell("loans"), "loans"),
        tell.rates(tell("share_of_loans"), "rate_loans"),
        tell.moneys(tell("principal"), "principal"),
        tell.rates(tell("share_of_money"), "rate_principal"),
    )
    return Section(
        "rates",
        tell("rates.title"),
        tell("rates.lead"),
        tell.terms("rate_any", "rate_30", "rate_60", "rate_90", "overdue", "dpd"),
        (Chart(tell("rates.chart"), "bar", short, series, "percent"),),
        (table_of(tell("rates.table"), rows, columns, is_open=True),),
    )


SEGMENT_RATES = ("rate_any_loans", "rate_any_principal", "rate_30_loans", "rate_30_principal", "rate_90_principal")


def segments(tell: Telling) -> Section | None:
    """The worst segments, in the order the night gave them."""
    rows = tell.rows("segments")
    if not rows:
        return None
    columns = (
        Column(tell("segments.dimension"), lambda r: _dimension(tell, r)),
        Column(tell("segments.value"), lambda r: _value(tell, r), is_words=True),
        tell.counts(tell("loans"), "loans"),
        tell.moneys(tell("principal"), "principal"),
        tell.rates(tell("share_of_money"), "share_principal"),
        *(Column(tell(f"segments.{key}"), _shaded(rows, key)) for key in SEGMENT_RATES),
    )
    table = table_of(tell("segments.table"), rows, columns, is_open=True)
    terms = tell.terms("segments", "rate_any", "rate_30", "rate_90")
    return Section("segments", tell("segments.title"), tell("segments.lead"), terms, (), (table,))


def _dimension(tell: Telling, row: Row) -> str:
    """The trait's name; a feature of the lender's own loses the `x_` that marks it."""
    name = str(row.get("dimension"))
    return tell.say.word("dimension", name).removeprefix("x_").replace("_", " ")


def _value(tell: Telling, row: Row) -> str:
    if row.get("dimension") in ("repayment_method", "first_loan"):
        return tell.say.word("value", str(row.get("value")))
    return str(row.get("value"))


def _shaded(rows: Rows, key: str) -> Any:
    most = max((exact(r.get(key)) or Decimal(0) for r in rows), default=Decimal(0))
    return lambda row: Cell(rate(row.get(key)), tone("worse", row.get(key), most))


def tone(kind: str, value: object, most: Decimal) -> str:
    """The CSS class that shades a rate in proportion to the largest one; none for nothing."""
    step = shade(value, most=most)
    return f"{kind}-{step}" if step else ""


def classification(tell: Telling) -> Section | None:
    """Loans and money by risk class, with the rules followed; the chart leaves out the first category."""
    told = tell.part("classification")
    rows: Rows = told.get("categories") or ()
    if not rows:
        return None
    names = tuple(tell.own(r.get("title")) for r in rows)
    worse = tuple(plain(r.get("principal")) for r in rows)[1:]
    chart = Chart(tell("classification.chart"), "bar", names[1:], (Series(tell("principal"), worse),), "money")
    columns = (
        Column(tell("classification.class"), lambda r: tell.own(r.get("title"))),
        Column(tell("classification.days"), lambda r: _over(r.get("dpd_over"))),
        *tell.standing(),
        tell.counts(tell("classification.by_contagion"), "by_contagion"),
    )
    default = tell(
        "classification.default",
        days=told.get("default_days"),
        loans=count(told.get("default_loans")),
        principal=tell.amount(told.get("default_principal")),
    )
    return Section(
        "classification",
        tell("classification.title"),
        tell("classification.lead", scheme=tell.own(told.get("title"))),
        tell.terms("classification", "contagion", "default"),
        (chart,) if len(worse) > 1 else (),
        (table_of(tell("classification.table"), rows, columns, is_open=True),),
        (default,),
        tuple(_source(tell, c) for c in told.get("citations") or ()),
    )


def _over(days: object) -> str:
    return "" if days is None else f"> {days}"


def _source(tell: Telling, citation: Mapping[str, Any]) -> Term:
    """A rule of law with its place, when it came into force, and whether its text was checked."""
    place = " ".join(str(citation.get(key)) for key in ("instrument", "article") if citation.get(key))
    since = tell("classification.since", date=citation.get("in_force_from"))
    mark = "" if citation.get("verified") is True else tell("unverified")
    return Term(f"{citation.get('id')} · {place} · {since}", tell.own(citation.get("text")), mark)
