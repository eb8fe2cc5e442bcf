"""The pack's figures: name, value, meaning, what it is a sum or count of; and the lines that hold them to the
ledger.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from forbear.funding.loss import Losses

Told = Mapping[str, Any]
Text = dict[str, str]


@dataclass(frozen=True)
class Figure:
    """A figure of the pack.

    Attributes:
        name: by which the ledger's query knows it.
        section: of the pack: book, buckets, categories, rates, stages, months, vintages.
        title: by language.
        value: loans, or money in minor units.
        is_money: which.
        meaning: by language.
        derived: by language: the sum or count it is, over how many loans.
    """

    name: str
    section: str
    title: Text
    value: int
    is_money: bool
    meaning: Text
    derived: Text


@dataclass(frozen=True)
class Line:
    """A figure beside what the ledger gives for it; `loans` are those that the ledger's sum ran over."""

    figure: Figure
    ledger: int
    loans: int

    @property
    def difference(self) -> int:
        """The pack's figure less the ledger's."""
        return self.figure.value - self.ledger

    @property
    def holds(self) -> bool:
        """Whether both are the same."""
        return self.difference == 0


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("figures.toml").read_text(encoding="utf-8"))


def figures(portfolio: Told, losses: Losses, largest: int, digits: int) -> list[Figure]:
    """The figures that are counted, not estimated, in the order of the pack.

    Args:
        portfolio: the night's `portfolio.json` of the pool.
        losses: its expected credit loss, for the stages.
        largest: what the borrower who owes most owes of principal, minor units.
        digits: of the currency's minor unit.
    """
    return [*_of_portfolio(portfolio, digits), *_of_stages(losses), _figure("largest_borrower:principal", largest)]


def _of_portfolio(told: Told, digits: int) -> Iterator[Figure]:
    def minor(text: str) -> int:
        return int(Decimal(text).scaleb(digits))

    totals = told["totals"]
    yield _figure("loans", totals["loans"])
    yield _figure("disbursed", minor(totals["disbursed"]))
    yield _figure("received", minor(totals["paid"]))
    yield _figure("open_loans", totals["open"])
    yield _figure("principal", minor(totals["principal_outstanding"]))
    for part in ("principal", "interest", "fees"):
        yield _figure(f"arrears_{part}", minor(totals[f"arrears_{part}"]))
    for row in told["buckets"]:
        yield _figure(f"bucket:{row['bucket']}:loans", row["loans"])
        yield _figure(f"bucket:{row['bucket']}:principal", minor(row["principal"]))
    for row in told["classification"]["categories"]:
        yield _figure(f"category:{row['category']}:loans", row["loans"], row["title"])
        yield _figure(f"category:{row['category']}:principal", minor(row["principal"]), row["title"])
    for row in told["rates"]:
        yield _figure(f"par_{row['dpd_from']}:principal", minor(row["principal"]))
    for row in told["collections"]:
        yield _figure(f"month:{row['month']}:due", minor(row["due"]))
        yield _figure(f"month:{row['month']}:received", minor(row["received"]))
    for row in told["vintages"]:
        yield _figure(f"vintage:{row['month']}:principal", minor(row["principal"]))


def _of_stages(losses: Losses) -> Iterator[Figure]:
    for stage in losses.stages:
        yield _figure(f"stage:{stage.stage}:loans", stage.loans)


def _figure(name: str, value: int, named: Text | None = None) -> Figure:
    kind, *rest = name.split(":")
    key = ":".join([kind, rest[-1]]) if rest else kind
    entry = _words()["par" if kind.startswith("par_") else key]
    of = rest[0] if len(rest) > 1 else kind.removeprefix("par_")
    shown = {language: (named or {}).get(language, of) for language in ("en", "zh")}

    def said(part: str) -> Text:
        return {language: entry[part][language].replace("{of}", shown[language]) for language in ("en", "zh")}

    return Figure(name, entry["section"], said("title"), value, entry["is_money"], said("meaning"), said("derived"))


def lines(told: Sequence[Figure], ledger: Mapping[str, tuple[int, int]]) -> list[Line]:
    """Each figure beside the ledger's; what the ledger has no rows for is zero there."""
    return [Line(f, *ledger.get(f.name, (0, 0))) for f in told]
