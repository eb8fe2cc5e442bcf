"""Expected credit loss of a book: stages, PDs from its own roll rates, LGD from its own defaults, scenarios
with weights.

PD: loans move between ranges of days past due from month end to month end; default ends a life, and the powers of the
matrix of moves give the chance of having defaulted by each month (a Markov chain; Jarrow, Lando and Turnbull
1997). LGD: one
less what came after default. EAD: what is owed when a loan stops paying (`losses.sql`). Where a range or a
default was seen too seldom the parameters' fallback stands in, and the answer says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from forbear.book import Book
from forbear.funding.forecast.history import make_ranges
from forbear.funding.loss.formula import Scenario, hazards, marginal, worse_odds
from forbear.funding.loss.parameters import LossParameters

Floats = NDArray[np.float64]
LONGEST = 360
"""Months that a life is looked at."""
STAGES = (1, 2, 3)
TINY = 1e-12


@dataclass(frozen=True)
class Stage:
    """The loans of a stage; money in minor units."""

    stage: int
    loans: int
    gross: int
    twelve_months: int
    lifetime: int
    allowance: int


@dataclass(frozen=True)
class Losses:
    """The expected credit loss of a book.

    Attributes:
        stages: 1 to 3.
        pds: by range of days past due, the twelve-month PD, the loans it was seen on, and whether it is the fallback.
        lgd: the loss given default, before scenarios; `lgd_loans` defaults tell it, 0: it is the fallback.
        scenarios: with the allowance that each alone would give.
        parameters: what it was reckoned with.
    """

    stages: tuple[Stage, ...]
    pds: tuple[dict[str, Any], ...]
    lgd: Decimal
    lgd_loans: int
    scenarios: tuple[tuple[Scenario, int], ...]
    parameters: LossParameters

    @property
    def allowance(self) -> int:
        """Of all stages, minor units."""
        return sum(s.allowance for s in self.stages)

    @property
    def gross(self) -> int:
        """Gross carrying amount of all stages, minor units."""
        return sum(s.gross for s in self.stages)


def losses(book: Book, parameters: LossParameters) -> Losses:
    """The expected credit loss of a book's open loans; `funding.losses` holds it loan by loan.

    Args:
        book: its connection holds `funding.chunks` and `funding.standing` by month (`forecast.history.stand`) and
            `funding.accounts`, the night's accounts with money in minor units.
        parameters: as `loss_parameters` gives them.
    """
    firsts = make_ranges(book.connection, parameters.range_ends())
    monthly, pds = _monthly(book, parameters, firsts)
    lgd, lgd_loans = _lgd(book, parameters)
    alone = []
    for scenario in parameters.scenarios:
        only = Scenario(scenario.name, Decimal(1), scenario.pd_odds, scenario.lgd, scenario.title)
        _make(book, parameters, monthly, lgd, (only,))
        alone.append((scenario, sum(s.allowance for s in _stages(book))))
    _make(book, parameters, monthly, lgd, parameters.scenarios)
    return Losses(_stages(book), pds, lgd, lgd_loans, tuple(alone), parameters)


def chances(monthly: Floats, months: int = LONGEST) -> Floats:
    """Ranges x months: the chance of defaulting in each month, from a matrix of monthly moves.

    Args:
        monthly: ranges x (ranges + 1), the shares that move into each range and, last, into default; what is missing to
            one is paid off.
        months: how far.
    """
    ranges = monthly.shape[0]
    told = np.zeros((ranges, months))
    alive = np.eye(ranges)
    for month in range(months):
        told[:, month] = alive @ monthly[:, ranges]
        alive = alive @ monthly[:, :ranges]
    return told


def _monthly(
    book: Book, parameters: LossParameters, firsts: list[int]
) -> tuple[Floats, tuple[dict[str, Any], ...]]:
    ranges = len(firsts) - 1
    counts = np.zeros((ranges + 1, ranges + 2))
    query = _statement("moves")
    for start, to, loans in book.connection.execute(query, {"months": parameters.pd_months}).fetchall():
        counts[start, ranges + 1 if to is None else to] += loans
    monthly, pds = np.zeros((ranges, ranges + 1)), []
    seen = counts[:ranges].sum(axis=1)
    for r in range(ranges):
        if seen[r] >= parameters.pd_least_loans:
            monthly[r] = counts[r, : ranges + 1] / seen[r]
        else:
            alike = _a_month(float(parameters.pd_fallback[r]))
            monthly[r, r], monthly[r, ranges] = 1 - alike, alike
    monthly[:, ranges] = np.maximum(monthly[:, ranges], _a_month(float(parameters.pd_floor)))
    rest = np.maximum(monthly[:, :ranges].sum(axis=1, keepdims=True), TINY)
    monthly[:, :ranges] *= np.minimum(1, (1 - monthly[:, [ranges]]) / rest)
    year = chances(monthly, 12).sum(axis=1)
    for r in range(ranges):
        pds.append(
            {
                "days_from": firsts[r],
                "days_to": firsts[r + 1] - 1,
                "pd_12_months": round(float(year[r]), 6),
                "loans": int(seen[r]),
                "is_fallback": bool(seen[r] < parameters.pd_least_loans),
            }
        )
    return monthly, tuple(pds)


def _a_month(year: float) -> float:
    """The monthly chance that comes to a yearly one when it is the same in every month."""
    told: float = 1 - (1 - year) ** (1 / 12)
    return told


def _lgd(book: Book, parameters: LossParameters) -> tuple[Decimal, int]:
    values = {"default_days": parameters.default_days, "months": parameters.workout_months}
    row = book.connection.execute(_statement("workout"), values).fetchall()[0]
    loans, owed, came = int(row[0]), Decimal(int(row[1])), Decimal(row[2])
    if loans < parameters.lgd_least_loans or not owed:
        return parameters.lgd_fallback, 0
    lgd = (1 - came / owed).quantize(Decimal("0.000001"))
    return min(Decimal(1), max(parameters.lgd_floor, lgd)), loans


def _make(
    book: Book, parameters: LossParameters, monthly: Floats, lgd: Decimal, scenarios: tuple[Scenario, ...]
) -> None:
    connection = book.connection
    told = connection.execute(
        "SELECT DISTINCT CAST(round(annual_rate, 4) AS DOUBLE) FROM book.loans ORDER BY 1"
    ).fetchall()
    query = "SELECT greatest(12, max(due_n) + $1) FROM funding.chunks WHERE paid_n IS NULL"
    longest = connection.execute(query, [parameters.missed_months]).fetchall()[0][0]
    months = min(LONGEST, int(longest)) if longest is not None else 12
    rows = [_reached(scenario, lgd, monthly, float(rate), months) for scenario in scenarios for (rate,) in told]
    table = pa.concat_tables(rows)
    connection.register("given_reached", table)
    connection.execute("CREATE OR REPLACE TABLE funding.reached AS SELECT * FROM given_reached")
    connection.unregister("given_reached")
    connection.execute(
        _statement("losses"),
        {
            "sicr_over": parameters.sicr_over,
            "default_days": parameters.default_days,
            "missed": parameters.missed_months,
            "longest": months,
        },
    )


def _reached(scenario: Scenario, lgd: Decimal, monthly: Floats, rate: float, months: int) -> Any:
    """By range and month, the discounted chance of having defaulted by then; default itself is certain."""
    ranges = monthly.shape[0]
    shifted = [
        marginal([worse_odds(h, float(scenario.pd_odds)) for h in hazards(row)])
        for row in chances(monthly, months).tolist()
    ]
    factors = (1 + rate / 12) ** -np.arange(1, months + 1)
    sums = np.cumsum(np.array(shifted) * factors, axis=1)
    chance = np.vstack([sums, np.ones((1, months))])
    size = (ranges + 1) * months
    return pa.table(
        {
            "scenario": pa.array([scenario.name] * size),
            "weight": pa.array(np.full(size, float(scenario.weight))),
            "lgd": pa.array(np.full(size, min(1.0, float(lgd * scenario.lgd)))),
            "bucket": pa.array(np.repeat(np.arange(ranges + 1), months), pa.int32()),
            "rate": pa.array(np.full(size, rate)),
            "months": pa.array(np.tile(np.arange(1, months + 1), ranges + 1), pa.int32()),
            "chance": pa.array(chance.reshape(-1)),
        }
    )


def _stages(book: Book) -> tuple[Stage, ...]:
    query = (
        "SELECT stage, count(*), sum(gross), sum(twelve_months), sum(lifetime), sum(allowance)"
        " FROM funding.losses GROUP BY stage"
    )
    found = {row[0]: Stage(*(int(v) for v in row)) for row in book.connection.execute(query).fetchall()}
    return tuple(found.get(s, Stage(s, 0, 0, 0, 0, 0)) for s in STAGES)


def _statement(name: str) -> str:
    return Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")
