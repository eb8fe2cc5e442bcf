"""Sections by month: vintages and first-payment default by month of disbursal; due and received by calendar month."""

from __future__ import annotations

from decimal import Decimal

from forbear.report.figures import count, exact, money, percentage, plain, rate
from forbear.report.model import Cell, Chart, Row, Rows, Section, Series, Table, table_of
from forbear.report.standing import tone
from forbear.report.telling import Telling, named

DAYS = (1, 30, 60, 90)


def vintages(tell: Telling) -> Section | None:
    """Curves by month of disbursal, and the tables behind them."""
    rows = tell.rows("vintages")
    if not rows:
        return None
    tables = tuple(_ripening(rows, days, weight, tell) for weight in ("principal", "loans") for days in DAYS)
    return Section(
        "vintages",
        tell("vintages.title"),
        tell("vintages.lead"),
        tell.terms("vintages", "mob", "worst_dpd"),
        tuple(_curves(rows, days, tell) for days in DAYS),
        tables,
    )


def _months_on_book(rows: Rows) -> list[int]:
    return sorted({int(p["mob"]) for r in rows for p in r.get("curves") or ()})


def _points(row: Row, key: str) -> dict[int, object]:
    return {int(p["mob"]): p.get(key) for p in row.get("curves") or ()}


def _ever(days: int, weight: str, tell: Telling) -> str:
    return f"{tell(f'vintages.ever_{days}')} · {tell(f'by_{weight}')}"


def _curves(rows: Rows, days: int, tell: Telling) -> Chart:
    months = _months_on_book(rows)
    lines = []
    for row in rows:
        points = _points(row, f"rate_{days}_principal")
        lines.append(Series(str(row.get("month")), tuple(percentage(points.get(m)) for m in months)))
    axis = tuple(str(m) for m in months)
    return Chart(_ever(days, "principal", tell), "line", axis, tuple(lines), "percent", tell("mob"), ramp=True)


def _ripening(rows: Rows, days: int, weight: str, tell: Telling) -> Table:
    """One line a month of disbursal, one column a month on book; darker where more went bad."""
    key, months = f"rate_{days}_{weight}", _months_on_book(rows)
    found = [exact(v) or Decimal(0) for r in rows for v in _points(r, key).values()]
    most = max(found, default=Decimal(0))
    cells = []
    for row in rows:
        points = _points(row, key)
        whole = count(row.get("loans")) if weight == "loans" else money(row.get("principal"))
        shares = (
            Cell(rate(points[m], 1) if m in points else "", tone("worse", points.get(m), most)) for m in months
        )
        cells.append((Cell(str(row.get("month"))), Cell(whole), *shares))
    head = tell("loans") if weight == "loans" else tell.in_currency(tell("disbursed"))
    columns = (tell("month_disbursed"), head, *(str(m) for m in months))
    on_paper = weight == "principal"
    return Table(_ever(days, weight, tell), columns, tuple(cells), is_wide=True, on_paper=on_paper)


def first_payment_default(tell: Telling) -> Section | None:
    """First-payment default by month of disbursal."""
    rows, name = tell.rows("first_payment_default"), "first_payment_default"
    if not rows:
        return None
    series = tuple(
        Series(tell(f"by_{weight}"), tuple(percentage(r.get(f"rate_{weight}")) for r in rows))
        for weight in ("principal", "loans")
    )
    months = tuple(str(r.get("month")) for r in rows)
    columns = (
        named(tell("month_disbursed"), "month"),
        tell.counts(tell("loans"), "loans"),
        tell.counts(tell(f"{name}.defaulted"), "defaulted"),
        tell.rates(tell("rate_by_count"), "rate_loans"),
        tell.moneys(tell("disbursed"), "principal"),
        tell.moneys(tell(f"{name}.defaulted"), "defaulted_principal"),
        tell.rates(tell("rate_by_money"), "rate_principal"),
    )
    return Section(
        name,
        tell(f"{name}.title"),
        tell(f"{name}.lead", days=rows[-1].get("days")),
        tell.terms(name),
        (Chart(tell(f"{name}.chart"), "line", months, series, "percent"),),
        (table_of(tell(f"{name}.chart"), rows, columns),),
    )


def collections(tell: Telling) -> Section | None:
    """Due against received by month, and how much of what was due is paid by now."""
    rows = tell.rows("collections")
    if not rows:
        return None
    months = tuple(str(r.get("month")) for r in rows)

    def series(*keys: str) -> tuple[Series, ...]:
        return tuple(Series(tell(f"collections.{k}"), tuple(plain(r.get(k)) for r in rows)) for k in keys)

    columns = (
        named(tell("month"), "month"),
        tell.counts(tell("collections.due_installments"), "due_installments"),
        *(tell.moneys(tell(f"collections.{k}"), k) for k in ("due", "paid_of_due", "unpaid_of_due")),
        tell.rates(tell("collections.rate_paid"), "rate_paid", 1),
        tell.moneys(tell("collections.received"), "received"),
        tell.counts(tell("collections.payments"), "payments"),
        tell.moneys(tell("collections.reversed"), "reversed"),
    )
    return Section(
        "collections",
        tell("collections.title"),
        tell("collections.lead"),
        tell.terms("collections", "overdue"),
        (
            Chart(tell("collections.chart"), "bar", months, series("due", "received"), "money"),
            Chart(tell("collections.unpaid_chart"), "bar", months, series("unpaid_of_due"), "money"),
        ),
        (table_of(tell("collections.table"), rows, columns),),
    )
