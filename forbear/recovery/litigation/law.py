"""Reading `law.toml`: fee brackets, shares, times, caps, each with the article it comes from."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

from forbear.basics.errors import WrongUse

CURRENCY = "CNY"
"""Court fees are in yuan; a claim in another currency is converted by the court (诉讼费用交纳办法 art. 55)."""


@dataclass(frozen=True)
class Scale:
    """A fee by brackets: `first` up to `first_to`, then rates on what lies in each bracket; yuan.

    `most` None: no ceiling. A bracket that ends at 0 has no end.
    """

    article: str
    first: int
    first_to: int
    brackets: tuple[tuple[int, Fraction], ...]
    most: int | None = None


@dataclass(frozen=True)
class Time:
    """Days in which a procedure should be closed, by which article; unverified: its text was not seen."""

    days: int
    article: str
    verified: bool


@dataclass(frozen=True)
class Cap:
    """The most a year that all charges together may cost, and where that is written."""

    annual: Fraction
    source: str
    verified: bool


@cache
def law() -> dict[str, Any]:
    """The whole table."""
    return tomllib.loads(files(__package__).joinpath("law.toml").read_text("utf-8"))


@cache
def scale(name: str) -> Scale:
    """The brackets of a fee: case, enforcement or preservation."""
    row = law()["fees"][name]
    brackets = tuple((one["to"], Fraction(one["rate"])) for one in row["brackets"])
    return Scale(row["article"], row["first"], row["first_to"], brackets, row.get("most"))


def share(procedure: str) -> Fraction:
    """What part of the case fee a procedure costs.

    Raises:
        WrongUse: no such procedure.
    """
    table = law()["shares"]
    if procedure not in table:
        raise WrongUse(f"no procedure {procedure!r}", f"one of: {', '.join(table)}")
    return Fraction(table[procedure]["share"])


def time_of(procedure: str) -> Time:
    """In how many days a procedure should be closed."""
    return Time(**law()["times"][procedure])


def cap_of(lender_kind: str, lpr: Fraction | None, signed_on: date) -> Cap:
    """The cap on what a loan may cost a year. A lender of unknown kind is read by whichever leaves less.

    Args:
        lender_kind: see `[lenders]`; empty: not known.
        lpr: the one-year loan prime rate on the day of the contract.
        signed_on: that day.

    Raises:
        WrongUse: no such kind, or the prime rate is needed and not given.
    """
    lenders = law()["lenders"]
    if lender_kind and lender_kind not in lenders:
        raise WrongUse(f"no kind of lender {lender_kind!r}", f"one of: {', '.join(lenders)}")
    binding = [lenders[lender_kind]] if lender_kind else ["licensed", "private"]
    return min((_cap(law()["caps"][one], lpr, signed_on) for one in binding), key=lambda cap: cap.annual)


def most_penalty(lender_kind: str, contract_rate: Fraction) -> Fraction | None:
    """The highest penalty rate on overdue principal; None: only the cap on all charges together holds."""
    row = law()["penalty"]
    return None if lender_kind in row["not_for"] else Fraction(row["times_contract"]) * contract_rate


def _cap(row: dict[str, Any], lpr: Fraction | None, signed_on: date) -> Cap:
    source = f"{row['instrument']} {row['article']}"
    if "annual" in row:
        return Cap(Fraction(row["annual"]), source, row["verified"])
    if lpr is None:
        raise WrongUse(
            f"the fact lpr is missing: {source} caps a private loan by it",
            f"give the one-year loan prime rate of {signed_on}, a fraction such as 0.0345, or the lender_kind",
        )
    return Cap(Fraction(row["times_lpr"]) * lpr, source, row["verified"])
