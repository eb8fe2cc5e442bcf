"""The headline: a handful of figures that say how the book stands, and what narrows them."""

from __future__ import annotations

from forbear.report.figures import count, exact, rate
from forbear.report.model import Tile
from forbear.report.telling import Telling, without_name

RATES = {"any": "rate_any", "30+": "rate_30", "60+": "rate_60", "90+": "rate_90"}


def tiles(tell: Telling) -> tuple[Tile, ...]:
    """The headline figures that the portfolio has."""
    return (*_totals(tell), *_rates(tell), *_first_default(tell))


def scope(tell: Telling) -> str:
    """One sentence: which loans the report is about."""
    totals, book = tell.part("totals"), tell.part("book")
    if not totals:
        return ""
    told = tell(
        "scope",
        loans=count(totals.get("loans")),
        first=book.get("first_disbursed_on"),
        last=book.get("last_disbursed_on"),
        disbursed=tell.amount(totals.get("disbursed")),
        borrowers=count(totals.get("borrowers")),
    )
    waiting = exact(totals.get("not_disbursed"))
    return told + tell("scope_waiting", loans=count(waiting)) if waiting else told


def warnings(tell: Telling) -> tuple[str, ...]:
    """What a reader must know before any figure: loans left out, payments that the book does not have."""
    left, missing = tell.part("quarantine"), tell.part("book").get("missing_tables") or ()
    told = []
    if exact(left.get("loans")) or exact(left.get("broken_lines")):
        told.append(
            tell(
                "warn.left_out",
                loans=count(left.get("loans")),
                principal=tell.amount(left.get("principal")),
                lines=count(left.get("broken_lines")),
            )
        )
    if "payments" in missing:
        told.append(tell("missing.payments"))
    return tuple(told)


def _totals(tell: Telling) -> list[Tile]:
    totals = tell.part("totals")
    if not totals:
        return []

    def tile(key: str, figure: str, means: str, **details: str) -> Tile:
        detail = tell(f"headline.{key}_detail", **details)
        return _tile(tell, key, tell.amount(totals.get(figure)), detail, means)

    return [
        tile("outstanding", "principal_outstanding", "principal_outstanding", loans=count(totals.get("open"))),
        tile("arrears", "arrears", "arrears", loans=count(totals.get("overdue"))),
        tile("received", "paid", "paid", overpaid=tell.amount(totals.get("overpaid_amount"))),
    ]


def _rates(tell: Telling) -> list[Tile]:
    made = []
    for row in tell.rows("rates"):
        key = RATES.get(str(row.get("name")))
        if key:
            detail = tell("headline.rate_detail", rate=rate(row.get("rate_loans")))
            made.append(_tile(tell, key, rate(row.get("rate_principal")), detail, key))
    return made


def _first_default(tell: Telling) -> list[Tile]:
    known = [r for r in tell.rows("first_payment_default") if exact(r.get("rate_loans")) is not None]
    if not known:
        return []
    detail = tell("headline.default_detail", month=known[-1].get("month"), loans=count(known[-1].get("loans")))
    return [_tile(tell, "default", rate(known[-1]["rate_loans"]), detail, "first_payment_default")]


def _tile(tell: Telling, key: str, figure: str, detail: str, means: str) -> Tile:
    name, term = tell(f"headline.{key}"), tell.say.word("term", means)
    return Tile(name, figure, detail, without_name(term, tell.meaning(means)))
