"""What a funder is told of a book as of a date: the night's figures of its pool, the forecast, the losses, the
covenants.

The pool is the whole book or the loans of one funder. Everything is made in the book's connection; the answer is plain
values, money as decimal strings, ready for JSON, the pages and the pack.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from forbear.basics.errors import WrongUse
from forbear.book import Book, CheckResult, LeftOut, check_book
from forbear.funding import facility as agreed
from forbear.funding import forecast as cash
from forbear.funding import loss, pack
from forbear.funding.facility import Facility
from forbear.funding.facility.covenants import TREND_POINTS
from forbear.funding.facility.metrics import METRICS, load_accounts
from forbear.funding.figures import Money
from forbear.funding.forecast.history import parameters as forecast_parameters
from forbear.funding.forecast.history import stand
from forbear.funding.loss.parameters import LossParameters, loss_parameters, provision_sets
from forbear.funding.periods import Every, period_end
from forbear.night.age import age
from forbear.night.duck import duck_night
from forbear.night.engines import night_words
from forbear.night.portfolio import plan_night, portfolio
from forbear.night.settings import NightSettings

FORMAT = "forbear-funding-1"
Watch = Callable[[str], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Asked:
    """What is asked of a book.

    Attributes:
        as_of: nothing after it counts.
        settings: of the night.
        facility: covenants and base; None: there are none.
        parameters: of the expected loss.
        provisions: set of provision ratios.
        rate: share of periods that the forecast's intervals hold.
        every: length of a period.
        funder: only loans of this funder; None: what the facility says, else all.
    """

    as_of: date
    settings: NightSettings
    facility: Facility | None
    parameters: LossParameters
    provisions: str = "cn_2002"
    rate: float | None = None
    every: Every = Every.month
    funder: str | None = None

    @property
    def pool(self) -> str | None:
        """The funder whose loans are looked at."""
        own = self.facility.facility.funder_id if self.facility else None
        return self.funder if self.funder is not None else (None if own is None else str(own))


def asked(as_of: date, **more: Any) -> Asked:
    """An `Asked` with the defaults of everything that is not said."""
    return Asked(
        as_of,
        more.pop("settings", None) or NightSettings(),
        more.pop("facility", None),
        more.pop("parameters", None) or loss_parameters(),
        **more,
    )


def narrow(book: Book, funder: str) -> None:
    """Leave only the loans of one funder in the book's views.

    Raises:
        WrongUse: no loan carries that funder.
    """
    connection = book.connection
    connection.execute("CREATE SCHEMA IF NOT EXISTS pool")
    connection.execute(
        "CREATE OR REPLACE TABLE pool.loans AS SELECT * FROM book.loans WHERE CAST(funder_id AS VARCHAR) = $1",
        [funder],
    )
    if not connection.execute("SELECT count(*) FROM pool.loans").fetchall()[0][0]:
        known = connection.execute(
            "SELECT DISTINCT CAST(funder_id AS VARCHAR) FROM book.loans ORDER BY 1 LIMIT 20"
        ).fetchall()
        raise WrongUse(
            f"no loan of the book carries funder_id {funder}", f"known: {', '.join(str(k) for (k,) in known)}"
        )
    people = ("borrowers", "contacts")
    for table in book.tables:
        if table != "loans":
            key = "borrower_id" if table in people else "loan_id"
            connection.execute(
                f"CREATE OR REPLACE TABLE pool.{table} AS SELECT * FROM book.{table}"
                f" WHERE {key} IN (SELECT {key} FROM pool.loans)"
            )
    for table in book.tables:
        connection.execute(f"CREATE OR REPLACE VIEW book.{table} AS SELECT * FROM pool.{table}")


def prepare(book: Book, question: Asked) -> None:
    """Narrow the book to its pool, age it and lay out what the parts below read.

    Raises:
        WrongUse: the currencies of book and facility differ, or the pool is empty.
    """
    if question.facility and question.facility.facility.currency.upper() != book.currency:
        raise WrongUse(
            f"the facility is in {question.facility.facility.currency}, the book in {book.currency}",
            "a facility's loans are of one currency",
        )
    if question.pool is not None:
        narrow(book, question.pool)
    load_accounts(book, age(book, as_of=question.as_of, settings=question.settings.aging), "accounts")
    stand(book, question.as_of, Every.month, forecast_parameters()["history"]["month"]["origins"])


def tell_forecast(book: Book, question: Asked) -> dict[str, Any]:
    """The forecast, period by period, and the liquidity view."""
    told = cash.forecast(cash.book_history(book, question.as_of, question.every), question.rate)
    service = question.facility.facility.service if question.facility else ()
    money = Money(book.minor_digits)
    amounts = ("cash", "principal", "service", "free", "total", "low")
    return {
        **_forecast(told, money),
        "liquidity": [
            {"ends_on": f.ends_on.isoformat(), **{n: money(getattr(f, n)) for n in amounts}}
            for f in pack.liquidity(told, service, book.currency)
        ],
    }


def tell_status_forecast(
    book: Book, as_of: date, event: str, every: Every = Every.month, rate: float | None = None
) -> dict[str, Any]:
    """The forecast of a book of statuses: what is paid off or lost in each period, in accounts or money."""
    history = cash.status_history(book, as_of, event, every)
    money = Money(book.minor_digits if history.tells == "money" else 0)
    return {
        "event": event,
        "tells": history.tells,
        **_forecast(cash.forecast(history, rate), money),
        "liquidity": [],
    }


def _forecast(told: cash.Forecast, money: Money) -> dict[str, Any]:
    fields = ("expected", "low", "high", "principal", "naive", "total", "total_low", "total_high")
    return {
        "every": told.every,
        "rate": str(told.rate),
        "owed": money(told.owed),
        "periods": [
            {
                "number": p.number,
                "begins_after": p.begins_after.isoformat(),
                "ends_on": p.ends_on.isoformat(),
                **{f: money(getattr(p, f)) for f in fields},
                "procedure": p.procedure,
                "half_life": p.half_life,
                "calibrated_on": p.calibrated_on,
                "borrowed_from": p.borrowed_from,
            }
            for p in told.periods
        ],
        "error": _share(told.error),
        "naive_error": _share(told.naive_error),
        "covered": told.covered,
        "judged": told.judged,
    }


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f}"


def tell_losses(book: Book, found: loss.Losses) -> dict[str, Any]:
    """The expected credit loss; `found` is what `loss.losses` gave."""
    money = Money(book.minor_digits)
    return {
        "stages": [
            {
                "stage": s.stage,
                "loans": s.loans,
                **{n: money(getattr(s, n)) for n in ("gross", "twelve_months", "lifetime", "allowance")},
            }
            for s in found.stages
        ],
        "gross": money(found.gross),
        "allowance": money(found.allowance),
        "pds": [dict(p) for p in found.pds],
        "lgd": str(found.lgd),
        "lgd_loans": found.lgd_loans,
        "scenarios": [
            {
                "name": s.name,
                "title": s.title or {"en": s.name, "zh": s.name},
                "weight": str(s.weight),
                "pd_odds": str(s.pd_odds),
                "lgd": str(s.lgd),
                "allowance": money(amount),
            }
            for s, amount in found.scenarios
        ],
        "sicr_over": found.parameters.sicr_over,
        "default_days": found.parameters.default_days,
        "sources": list(found.parameters.sources),
    }


def tell_provision(book: Book, question: Asked, allowance: int) -> dict[str, Any]:
    """Provisions by category, NPL ratio and coverage; nothing where the book is not classified in five categories."""
    rows = book.connection.execute(
        "SELECT classification, CAST(sum(principal_outstanding) AS BIGINT) FROM funding.accounts"
        " WHERE status IN ('not_due', 'current', 'overdue') GROUP BY 1"
    ).fetchall()
    by_category = {str(c): int(p) for c, p in rows}
    if question.settings.aging.classification != "cn_five":
        return {}
    money = Money(book.minor_digits)
    made = loss.provision(by_category, question.provisions)
    seen = loss.quality(by_category, allowance)
    asks = provision_sets()["ratios"]
    return {
        "set": made.name,
        "title": made.title,
        "citation": made.citation,
        "by_category": [
            {"category": c, "principal": money(by_category.get(c, 0)), "provision": money(p)}
            for c, p in made.special.items()
        ],
        "general": money(made.general),
        "required": money(made.required),
        "allowance": money(allowance),
        "principal": money(seen.principal),
        "npl": money(seen.npl),
        "npl_ratio": seen.npl_ratio,
        "coverage": seen.coverage,
        "loan_provision": seen.loan_provision,
        "asked": {**asks, "coverage": asks["coverage"], "loan_provision": asks["loan_provision"]},
    }


def tell_covenants(book: Book, question: Asked) -> list[dict[str, Any]]:
    """Where each covenant of the facility stands."""
    if question.facility is None:
        return []
    series = []
    averaged = max((c.average_months for c in question.facility.covenants), default=1)
    for back in range(TREND_POINTS + averaged - 2, -1, -1):
        on = period_end(question.as_of, -back, Every.month)
        series.append(agreed.measures(book, age(book, as_of=on, settings=question.settings.aging), on))
    money = Money(book.minor_digits)
    return [_covenant(c, money) for c in agreed.covenants(question.facility.covenants, series, book.minor_digits)]


def _covenant(found: agreed.Covenant, money: Money) -> dict[str, Any]:
    promise, metric = found.promise, METRICS[found.promise.metric]

    def said(value: Decimal | None) -> str | None:
        if value is None:
            return None
        return money(round(value)) if metric.is_money else f"{value:.6f}"

    return {
        "id": promise.id,
        "title": promise.title,
        "kind": promise.kind,
        "metric": promise.metric,
        "metric_title": metric.title,
        "meaning": metric.meaning,
        "is_money": metric.is_money,
        "direction": promise.direction,
        "threshold": said(found.threshold),
        "margin": said(found.margin),
        "value": said(found.value),
        "headroom": said(found.headroom),
        "state": found.state,
        "average_months": promise.average_months,
        "cure_days": promise.cure_days,
        "trend": [{"on": on.isoformat(), "value": said(v)} for on, v in found.trend],
        "ahead": [{"on": on.isoformat(), "value": said(v)} for on, v in found.ahead],
        "breaks_on": found.breaks_on and found.breaks_on.isoformat(),
        "broken_since": found.broken_since and found.broken_since.isoformat(),
        "cure_until": found.cure_until and found.cure_until.isoformat(),
        "consequence": promise.consequence,
    }


def tell_base(book: Book, question: Asked) -> dict[str, Any] | None:
    """The borrowing base; None when the facility has none."""
    if question.facility is None or question.facility.base is None:
        return None
    found = agreed.borrowing_base(book, question.facility)
    money = Money(book.minor_digits)

    def steps(made: tuple[Any, ...]) -> list[dict[str, Any]]:
        return [
            {"id": s.id, "title": s.title, "loans": s.loans, "principal": money(s.principal), "group": s.group}
            for s in made
        ]

    amounts = ("principal", "eligible", "net", "base", "limit", "drawn", "available")
    return {
        "loans": found.loans,
        "eligible_loans": found.eligible_loans,
        **{n: money(getattr(found, n)) for n in amounts},
        "advance_rate": str(found.advance_rate),
        "ineligible": steps(found.ineligible),
        "excess": steps(found.excess),
    }


def funding(
    book: Book, question: Asked, watch: Watch | None = None, checked: CheckResult | None = None
) -> dict[str, Any]:
    """All that a funder is told, for the pack and the pages (docs/funding.md, funding.json).

    Args:
        book: opened and checked; it is narrowed to the pool.
        question: what is asked.
        watch: told of each step, for progress.
        checked: what the check said of the whole book, for its notes.

    Raises:
        WrongUse: the pool is empty, or facility and book do not go together.
    """
    watching = watch or (lambda _name: nullcontext(None))
    with watching("aging"):
        prepare(book, question)
        night = _night(book, question, checked)
    with watching("expected loss"):
        found = loss.losses(book, question.parameters)
    with watching("reconciling"):
        ledger = pack.rederived(book, question.as_of, question.settings.aging, question.parameters)
        held = pack.lines(pack.figures(night, found, _largest(book), book.minor_digits), ledger)
    with watching("covenants"):
        covenants = tell_covenants(book, question)
        base = tell_base(book, question)
    with watching("forecast"):
        forecast = tell_forecast(book, question)
    terms = question.facility.facility if question.facility else None
    return {
        "format": FORMAT,
        "as_of": question.as_of.isoformat(),
        "currency": book.currency,
        "minor_digits": book.minor_digits,
        "funder": question.pool,
        "facility": terms.name if terms else None,
        "figures": [_line(line, Money(book.minor_digits)) for line in held],
        "reconciled": all(line.holds for line in held),
        "forecast": forecast,
        "losses": tell_losses(book, found),
        "provision": tell_provision(book, question, found.allowance),
        "covenants": covenants,
        "base": base,
        "conduct": pack.conduct_measures(book, question.as_of, night["cures"]),
        "portfolio": {
            k: night[k] for k in ("buckets", "rates", "classification", "rolls", "vintages", "collections")
        },
        "notes": list(book.notes),
    }


def _night(book: Book, question: Asked, checked: CheckResult | None) -> dict[str, Any]:
    plan = plan_night(book, question.settings, question.as_of)
    words = night_words(book, question.settings.aging, question.as_of)
    seen = checked or check_book(book)
    with (
        tempfile.TemporaryDirectory(prefix="forbear-funding-") as staging,
        duck_night(book, plan.wanted, words, plan.sources, Path(staging), own=plan.own) as night,
    ):
        return portfolio(book, seen, LeftOut(), plan, night.table)


def _largest(book: Book) -> int:
    row = book.connection.execute(
        "SELECT coalesce(max(owed), 0) FROM (SELECT sum(principal_outstanding) AS owed FROM funding.accounts"
        " WHERE status IN ('not_due', 'current', 'overdue') GROUP BY borrower_id)"
    ).fetchall()[0]
    return int(row[0])


def _line(line: pack.Line, money: Money) -> dict[str, Any]:
    figure = line.figure

    def said(value: int) -> str:
        return money(value) if figure.is_money else str(value)

    return {
        "name": figure.name,
        "section": figure.section,
        "title": figure.title,
        "meaning": figure.meaning,
        "derived": figure.derived,
        "is_money": figure.is_money,
        "value": said(figure.value),
        "ledger": said(line.ledger),
        "difference": said(line.difference),
        "loans": line.loans,
        "holds": line.holds,
    }
