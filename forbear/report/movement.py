"""Sections on how loans move between buckets: roll rates and their trend, the book month by month, cures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from forbear.report.figures import count, exact, money, percentage, rate, shade
from forbear.report.model import Cell, Chart, Row, Rows, Section, Series, Table, table_of
from forbear.report.telling import Telling, named

SHOWN_STEPS = 4
"""Rolls from the mildest buckets have the most loans; later steps stand in the table only."""


def rolls(tell: Telling) -> Section | None:
    """Roll-rate matrices and their trend."""
    told = tell.part("rolls")
    names: Sequence[object] = told.get("buckets") or ()
    tables = [
        _matrix(told[which], which, weight, names, tell)
        for which in ("latest", "average")
        for weight in ("principal", "loans")
        if told.get(which)
    ]
    trend: Rows = told.get("trend") or ()
    charts = (_trend_chart(trend, tell),) if trend else ()
    tables += [_trend_table(trend, tell)] if trend else []
    if not tables:
        return None
    terms = tell.terms("rolls", "average_rolls", "bucket")
    return Section("rolls", tell("rolls.title"), tell("rolls.lead"), terms, charts, tuple(tables))


def _matrix(told: Mapping[str, Any], which: str, weight: str, names: Sequence[object], tell: Telling) -> Table:
    """One line a bucket at the earlier date: what stood in it, and where its shares went."""
    pairs = {(str(r.get("from")), str(r.get("to"))): r for r in told.get("rows") or ()}
    states = tuple(map(str, names))
    words = tuple(tell.say.word("bucket", s) for s in states)
    period = tell(f"rolls.{which}", **{k: told.get(k) for k in ("from", "to", "months")})
    caption = f"{period} · {tell(f'by_{weight}')}"
    head = tell("loans") if weight == "loans" else tell.in_currency(tell("principal"))
    rows = tuple(
        (Cell(words[i]), *_moves(i, [pairs.get((state, to)) for to in states], weight))
        for i, state in enumerate(states[:-1])
    )
    columns = (tell("rolls.from_to"), head, *words)
    return Table(caption, columns, rows, is_open=which == "latest" and weight == "principal")


def _moves(row: int, moved: Sequence[Row | None], weight: str) -> list[Cell]:
    """What a bucket held, and the share of it that went to each; dashes where it held nothing."""
    known = [exact(r.get(weight)) or Decimal(0) for r in moved if r]
    if not known:
        return [Cell(count(0), "zero"), *(Cell("", "zero") for _ in moved)]
    whole = count(sum(known)) if weight == "loans" else money(sum(known))
    shares = [r.get(f"share_{weight}") if r else None for r in moved]
    return [Cell(whole), *(_share(row, j, value, len(moved)) for j, value in enumerate(shares))]


def _share(row: int, column: int, value: object, states: int) -> Cell:
    """Better to the left of the diagonal and when closed (the last state), worse to its right."""
    step = shade(value)
    if not step:
        return Cell("·" if value is None else rate(value, 1), "zero")
    if column == row:
        return Cell(rate(value, 1), f"same-{step}")
    return Cell(rate(value, 1), f"better-{step}" if column < row or column == states - 1 else f"worse-{step}")


def _trend_chart(rows: Rows, tell: Telling) -> Chart:
    days, steps, cells = _by_step(rows)
    series = tuple(
        Series(_step(s, tell), tuple(percentage(cells.get((*s, d), {}).get("share_principal")) for d in days))
        for s in steps[:SHOWN_STEPS]
    )
    return Chart(tell("rolls.chart"), "line", tuple(d[:7] for d in days), series, "percent")


def _trend_table(rows: Rows, tell: Telling) -> Table:
    days, steps, cells = _by_step(rows)
    lines = tuple(
        (Cell(d), *(Cell(rate(cells.get((*s, d), {}).get("share_principal"), 1)) for s in steps)) for d in days
    )
    caption = f"{tell('rolls.trend')} · {tell('by_principal')}"
    return Table(caption, (tell("period_end"), *(_step(s, tell) for s in steps)), lines)


Step = tuple[str, str]


def _by_step(rows: Rows) -> tuple[list[str], list[Step], dict[tuple[str, str, str], Row]]:
    """The dates, the steps up and the rows by both."""
    days = sorted({str(r.get("to_date")) for r in rows})
    steps = list(dict.fromkeys((str(r.get("from")), str(r.get("to"))) for r in rows))
    return days, steps, {(str(r.get("from")), str(r.get("to")), str(r.get("to_date"))): r for r in rows}


def _step(step: Step, tell: Telling) -> str:
    return " → ".join(tell.say.word("bucket", s) for s in step)


def history(tell: Telling) -> Section | None:
    """Open loans by bucket at month ends; the chart leaves out the first bucket, which would dwarf the others."""
    rows = tell.rows("history")
    if not rows:
        return None
    days = sorted({str(r.get("date")) for r in rows})
    found = [str(r.get("bucket")) for r in (*tell.rows("buckets"), *rows)]
    names = [n for n in dict.fromkeys(found) if any(str(r.get("bucket")) == n for r in rows)]
    cells = {(str(r.get("date")), str(r.get("bucket"))): r for r in rows}
    shares = [
        Series(
            tell.say.word("bucket", n),
            tuple(percentage(cells.get((d, n), {}).get("share_principal", 0)) for d in days),
        )
        for n in names
    ]
    chart = Chart(tell("history.chart"), "stack", tuple(d[:7] for d in days), tuple(shares[1:]), "percent")
    return Section(
        "history",
        tell("history.title"),
        tell("history.lead"),
        tell.terms("history", "bucket", "open"),
        (chart,) if shares[1:] else (),
        tuple(_stands(weight, days, names, cells, tell) for weight in ("principal", "loans")),
    )


def _stands(
    weight: str, days: Sequence[str], names: Sequence[str], cells: Mapping[Step, Row], tell: Telling
) -> Table:
    """One line a month end: all that was open, then the share of each bucket."""
    head = tell("loans") if weight == "loans" else tell.in_currency(tell("principal"))
    lines = []
    for day in days:
        found = [cells.get((day, name), {}) for name in names]
        whole = sum((exact(r.get(weight)) or Decimal(0) for r in found), start=Decimal(0))
        shares = (rate(r.get(f"share_{weight}", 0)) for r in found)
        lines.append((Cell(day), Cell(money(whole)), *(Cell(s) for s in shares)))
    columns = (tell("month_end"), head, *(tell.say.word("bucket", n) for n in names))
    return Table(f"{tell('history.table')} · {tell(f'by_{weight}')}", columns, tuple(lines))


def cures(tell: Telling) -> Section | None:
    """How many overdue loans came back within a month: pooled by month, and by the bucket they came from."""
    rows = tell.rows("cures")
    if not rows:
        return None
    pooled = _pooled(rows)
    series = tuple(
        Series(tell(f"by_{weight}"), tuple(percentage(r[f"rate_{weight}"]) for r in pooled))
        for weight in ("principal", "loans")
    )
    chart = Chart(tell("cures.chart"), "line", tuple(r["to_date"][:7] for r in pooled), series, "percent")
    columns = (
        named(tell("period_end"), "to_date"),
        tell.counts(tell("cures.overdue"), "loans"),
        tell.counts(tell("cures.cured"), "cured"),
        tell.rates(tell("rate_by_count"), "rate_loans", 1),
        tell.moneys(tell("cures.principal"), "principal"),
        tell.moneys(tell("cures.cured_principal"), "cured_principal"),
        tell.rates(tell("rate_by_money"), "rate_principal", 1),
    )
    tables = (table_of(tell("cures.table"), pooled, columns), *_by_bucket(rows, tell))
    terms = tell.terms("cures", "bucket")
    return Section("cures", tell("cures.title"), tell("cures.lead"), terms, (chart,), tables)


CURE_SUMS = ("loans", "cured", "principal", "cured_principal")


def _pooled(rows: Rows) -> list[dict[str, Any]]:
    """Cures of all buckets together, by period."""
    sums: dict[str, dict[str, Decimal]] = {}
    for row in rows:
        into = sums.setdefault(str(row.get("to_date")), dict.fromkeys(CURE_SUMS, Decimal(0)))
        for key in CURE_SUMS:
            into[key] += exact(row.get(key)) or Decimal(0)
    return [
        {
            "to_date": day,
            **s,
            "rate_loans": s["cured"] / s["loans"] if s["loans"] else None,
            "rate_principal": s["cured_principal"] / s["principal"] if s["principal"] else None,
        }
        for day, s in sorted(sums.items())
    ]


def _by_bucket(rows: Rows, tell: Telling) -> tuple[Table, Table]:
    """Cure rates of each bucket, one line a period."""
    days = sorted({str(r.get("to_date")) for r in rows})
    order = {str(b.get("bucket")): i for i, b in enumerate(tell.rows("buckets"))}
    names = sorted({str(r.get("from")) for r in rows}, key=lambda n: (order.get(n, len(order)), n))
    cells = {(str(r.get("to_date")), str(r.get("from"))): r for r in rows}
    columns = (tell("period_end"), *(tell.say.word("bucket", n) for n in names))

    def table(weight: str) -> Table:
        lines = tuple(
            (Cell(d), *(Cell(rate(cells.get((d, n), {}).get(f"rate_{weight}"), 1)) for n in names)) for d in days
        )
        return Table(f"{tell('cures.by_bucket')} · {tell(f'by_{weight}')}", columns, lines)

    return table("principal"), table("loans")
