"""Interest after a judgment that is not performed in time: the ordinary one it orders, and the doubled part beside it.

Doubled part = unpaid adjudicated money debt without its ordinary interest x 0.0175 % x days
(民事诉讼法 art. 264; 法释〔2014〕8号 art. 1 to 4). It counts from the day after the last day for performance, stops
with each payment for what that paid, and is paid last: costs, ordinary interest, principal, then the doubled part.
Days on which enforcement was stayed without the creditor's asking do not count (art. 3). Costs bear none: the
strictest reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import floor
from pathlib import Path

from forbear.basics.errors import WrongUse
from forbear.loans import as_rate
from forbear.recovery.letters.facts import read_table
from forbear.recovery.litigation.claim import day_in, money_in
from forbear.recovery.litigation.law import law

ORDER = ("costs", "ordinary", "principal", "doubled")
"""What a payment pays first."""


@dataclass(frozen=True)
class Judgment:
    """What a judgment orders; minor units.

    Args:
        principal: the money debt without ordinary interest, on which both kinds of interest run.
        interest: ordinary interest that the judgment itself names up to its `interest_from`.
        rate: ordinary interest a year from `interest_from` on; zero where the judgment orders none.
        performance_ends_on: the last day for performance; where none is set, the day it took effect.
        costs: court costs it lays on the debtor.
        payments: (day, minor units).
        stayed: (first, last day) of a stay of enforcement that the creditor did not ask for.
    """

    principal: int
    performance_ends_on: date
    interest: int = 0
    rate: Fraction = Fraction(0)
    interest_from: date | None = None
    costs: int = 0
    payments: tuple[tuple[date, int], ...] = ()
    stayed: tuple[tuple[date, date], ...] = ()
    days_in_year: int = 365
    currency: str = "CNY"


@dataclass(frozen=True)
class JudgmentDay:
    """One day after the judgment: the base, what each interest brings, what was paid; all days add up."""

    on: date
    base: int
    ordinary: int
    doubled: int
    paid: int


@dataclass(frozen=True)
class Deferred:
    """Where a judgment stands on a day; minor units."""

    as_of: date
    owed: Mapping[str, int]
    ordinary: int
    doubled: int
    over: int
    days: tuple[JudgmentDay, ...]

    @property
    def total(self) -> int:
        """All that is still owed under the judgment."""
        return sum(self.owed.values())


def deferred_interest(judgment: Judgment, as_of: date) -> Deferred:
    """What is owed under a judgment on a day, with both interests.

    Raises:
        WrongUse: the day lies before the judgment's interest or performance.
    """
    begins = judgment.interest_from or judgment.performance_ends_on
    if as_of < min(begins, judgment.performance_ends_on):
        raise WrongUse(f"{as_of} lies before the judgment", "ask as of its last day for performance or later")
    owed = {"costs": judgment.costs, "ordinary": judgment.interest, "principal": judgment.principal, "doubled": 0}
    paid = _by_day(judgment)
    ordinary_rate = judgment.rate / judgment.days_in_year
    doubled_rate = Fraction(law()["deferred"]["daily_rate"])
    runs, told = {"ordinary": Fraction(0), "doubled": Fraction(0)}, {"ordinary": 0, "doubled": 0}
    over = _pay(
        owed, sum(amount for day, amount in paid.items() if day <= min(begins, judgment.performance_ends_on))
    )
    days: list[JudgmentDay] = []
    day = min(begins, judgment.performance_ends_on)
    while day < as_of:
        day += timedelta(days=1)
        base = owed["principal"]
        runs["ordinary"] += base * ordinary_rate if day > begins else 0
        if day > judgment.performance_ends_on and not any(first <= day <= last for first, last in judgment.stayed):
            runs["doubled"] += base * doubled_rate
        brought = {name: floor(run) - told[name] for name, run in runs.items()}
        for name, amount in brought.items():
            owed[name] += amount
            told[name] += amount
        over += _pay(owed, paid.get(day, 0))
        days.append(JudgmentDay(day, base, brought["ordinary"], brought["doubled"], paid.get(day, 0)))
    return Deferred(as_of, owed, told["ordinary"], told["doubled"], over, tuple(days))


def _by_day(judgment: Judgment) -> dict[date, int]:
    found: dict[date, int] = {}
    for day, amount in judgment.payments:
        found[day] = found.get(day, 0) + amount
    return found


def _pay(owed: dict[str, int], amount: int) -> int:
    """Pay in the order of the law; what is left over."""
    for name in ORDER:
        piece = min(owed[name], amount)
        owed[name] -= piece
        amount -= piece
    return amount


def read_judgment(file: Path) -> tuple[Judgment, date]:
    """A judgment and the day asked about from a TOML or JSON file (docs/litigation.md).

    Raises:
        UnreadableFile: no such file, or it is neither.
        WrongUse: something is missing or of the wrong kind.
    """
    given, where = read_table(file), str(file)
    row = given.get("judgment")
    if not isinstance(row, dict):
        raise WrongUse(f"{where}: [judgment] is missing", "see docs/litigation.md")
    currency = str(given.get("currency", "CNY"))
    made = Judgment(
        principal=money_in(row, "principal", currency, where),
        performance_ends_on=day_in(row, "performance_ends_on", where),
        interest=money_in(row, "interest", currency, where) if "interest" in row else 0,
        rate=as_rate(str(row.get("rate", "0")), f"{where}: rate"),
        interest_from=day_in(row, "interest_from", where) if "interest_from" in row else None,
        costs=money_in(row, "costs", currency, where) if "costs" in row else 0,
        payments=tuple(
            (day_in(one, "on", where), money_in(one, "amount", currency, where))
            for one in given.get("payments", ())
        ),
        stayed=tuple((day_in(one, "from", where), day_in(one, "until", where)) for one in given.get("stayed", ())),
        currency=currency,
    )
    return made, day_in(given, "as_of", where)
