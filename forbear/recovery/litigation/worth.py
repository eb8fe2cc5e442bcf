"""Who is worth suing: never somebody who cannot pay; mediation first; then what brings most, net of costs and waiting.

The costs of a suit fall on the borrower when she loses (诉讼费用交纳办法 art. 29), so it is proposed only after
mediation was tried, and only where more is expected than it costs. What the lender assumes stands in `worth.toml`;
every option shows its figures.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from forbear.basics.errors import WrongUse
from forbear.recovery.letters.facts import read_table
from forbear.recovery.litigation.claim import money_in
from forbear.recovery.litigation.fees import court_fee
from forbear.recovery.litigation.law import law, time_of

PROCEDURES = ("payment_order", "small_claims", "simplified", "ordinary")
BARS = ("deceased", "incapacitated", "minor", "bankrupt", "in_hospital", "disaster", "in_custody")
CARE = ("hardship", "vulnerable", "plan_kept", "dispute_open", "complaint_open")


@dataclass(frozen=True)
class SuitCase:
    """What is known of a claim and its borrower; minor units.

    Args:
        claim: the amount claimed.
        surplus: what is left of her income a month after living costs; None: not known.
        assets: what she has beyond necessities, known and within reach.
        states: such as hardship, plan_kept, deceased.
        evidence: contract, disbursal, statement, contacts, identity: which are there.
        days_left: of the limitation time; None: it does not run.
        barred: it is over.
        mediated: mediation was tried and failed.
        average_wage: the province's yearly wage of the year before; None: not known.
        can_be_served: her address is known to hold.
        debts_both_ways: she has a claim against the lender too.
    """

    claim: int
    surplus: int | None
    assets: int = 0
    states: frozenset[str] = frozenset()
    evidence: frozenset[str] = frozenset()
    days_left: int | None = None
    barred: bool = False
    mediated: bool = False
    average_wage: int | None = None
    can_be_served: bool = True
    debts_both_ways: bool = False
    own_costs: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Option:
    """One way to go; minor units.

    Args:
        likely: the chance that it succeeds.
        brings: what is collected if it does.
        advance: what the lender pays the court first.
        costs: what it costs the lender if it succeeds (the court's fee falls on her then), and if not.
        net: expected, after costs and waiting.
        why_not: why it is not open; empty: it is.
    """

    name: str
    likely: Decimal
    brings: int
    advance: int
    costs: tuple[int, int]
    months: int
    net: int
    why_not: str = ""


@dataclass(frozen=True)
class Assessment:
    """The answer: `no`, `mediate`, `sue` or `counsel`, why, and every option."""

    answer: str
    reasons: tuple[str, ...]
    collectable: int
    options: tuple[Option, ...]

    @property
    def best(self) -> Option | None:
        """The option that is proposed."""
        named = {"mediate": ("mediation",), "sue": PROCEDURES}.get(self.answer, ())
        fit = [one for one in self.options if one.name in named and not one.why_not]
        return max(fit, key=lambda one: one.net, default=None)


@cache
def assumptions() -> dict[str, Any]:
    """What ships as the lender's assumptions."""
    return tomllib.loads(files(__package__).joinpath("worth.toml").read_text("utf-8"))


def assess(case: SuitCase, own: Mapping[str, Any] | None = None) -> Assessment:
    """Whether to sue, and how.

    Args:
        case: the claim and its borrower.
        own: assumptions in the place of those that ship, by table.
    """
    given = {name: {**row, **(own or {}).get(name, {})} for name, row in assumptions().items()}
    able = collectable(case, given)
    options = (_mediation(case, able, given), *(_suit(one, case, able, given) for one in PROCEDURES))
    if reasons := _never(case, able):
        return Assessment("no", reasons, able, options)
    if case.barred:
        return Assessment(
            "counsel",
            ("时效已届满，先由法务审查 the limitation time is over: counsel looks first (民法典 188, 192)",),
            able,
            options,
        )
    best = max((one for one in options[1:] if not one.why_not), key=lambda one: one.net, default=None)
    if not case.mediated:
        why = ["先行调解 mediation comes first: it costs least and leaves her in command"]
        if case.days_left is not None and case.days_left < URGENT_DAYS:
            why.append(
                f"时效还有{case.days_left}天，申请调解可中断 {case.days_left} days are left; a mediator interrupts"
            )
        return Assessment("mediate", tuple(why), able, options)
    if best is None or best.net <= 0:
        return Assessment(
            "no",
            ("各程序预期收回都不超过费用 no procedure is expected to bring more than it costs",),
            able,
            options,
        )
    return Assessment("sue", (f"预期净额最高 {best.name} is expected to bring most",), able, options)


URGENT_DAYS = 90


def _never(case: SuitCase, able: int) -> tuple[str, ...]:
    """Why there is no suit whatever it might bring."""
    found = [f"不起诉 she is {one.replace('_', ' ')}: no suit" for one in BARS if one in case.states]
    found += [
        f"此状态期间不起诉 {one.replace('_', ' ')}: no suit while that holds" for one in CARE if one in case.states
    ]
    if case.surplus is None and not case.assets:
        found.append("先了解收支 nobody knows whether she can pay: ask her first, with a budget")
    elif able <= 0:
        found.append(
            "无力偿还 she cannot pay: nothing is left of her income and she has nothing beyond necessities"
        )
    return tuple(found)


def collectable(case: SuitCase, given: Mapping[str, Any]) -> int:
    """What can be collected of her: some months of her surplus, and assets, never necessities (民事诉讼法 254, 255)."""
    surplus = Decimal(case.surplus or 0)
    row = given["collect"]
    flow = surplus * int(row["months"]) * Decimal(row["kept"]) if surplus > Decimal(row["floor"]) else Decimal(0)
    return int(min(Decimal(case.claim), flow + case.assets))


def _mediation(case: SuitCase, able: int, given: Mapping[str, Any]) -> Option:
    row = given["mediation"]
    brings = int(min(Decimal(case.claim), able * Decimal(row["uplift"])))
    own = _own_costs("mediation", case, row)
    why = "it was tried" if case.mediated else ""
    return _option("mediation", Decimal(row["share"]), brings, 0, (own, own), int(row["months"]), given, why)


def _suit(name: str, case: SuitCase, able: int, given: Mapping[str, Any]) -> Option:
    row = given[name]
    fee = court_fee(case.claim, name)
    missing = sum(
        (Decimal(given["evidence"][one]) for one in given["evidence"] if one not in case.evidence), Decimal(0)
    )
    likely = max(Decimal(row["share"]) * (1 - missing), Decimal(0))
    own = _own_costs(name, case, row)
    return _option(name, likely, able, fee, (own, own + fee), int(row["months"]), given, _why_not(name, case))


def _own_costs(name: str, case: SuitCase, row: Mapping[str, Any]) -> int:
    return case.own_costs.get(name, int(Decimal(row["own_costs"]) * 100))


def _option(
    name: str,
    likely: Decimal,
    brings: int,
    advance: int,
    costs: tuple[int, int],
    months: int,
    given: Mapping[str, Any],
    why_not: str,
) -> Option:
    worth = Decimal(brings) / (1 + Decimal(given["discount"]["annual"]) * months / 12)
    net = likely * (worth - costs[0]) - (1 - likely) * costs[1]
    return Option(name, likely, brings, advance, costs, months, int(net), why_not)


def _why_not(name: str, case: SuitCase) -> str:
    """Why the law does not open a procedure to this case; empty: it does."""
    against = {
        "payment_order": (
            (case.debts_both_ways, "the parties have another debt between them (民事诉讼法 225)"),
            (not case.can_be_served, "it cannot be served (民事诉讼法 225)"),
        ),
        "small_claims": (
            (case.average_wage is None, "the province's average yearly wage is not known (民事诉讼法 165)"),
            (_above_half(case), "the claim is above half the average yearly wage (民事诉讼法 165)"),
            (not case.can_be_served, "she is missing (民事诉讼法 166)"),
        ),
        "simplified": ((not case.can_be_served, "she is missing: the ordinary procedure, with public notice"),),
    }
    return next((why for holds, why in against.get(name, ()) if holds), "")


def _above_half(case: SuitCase) -> bool:
    share = Decimal(law()["small_claims"]["wage_share"])
    return case.average_wage is not None and case.claim > case.average_wage * share


def days_of(procedure: str) -> int:
    """In how many days the law wants a procedure closed."""
    return time_of(procedure).days


KNOWN = (
    *("claim", "surplus", "assets", "states", "evidence", "days_left", "barred", "mediated", "average_wage"),
    *("can_be_served", "debts_both_ways", "own_costs", "currency"),
)


def read_case(file: Path) -> SuitCase:
    """A case from a TOML or JSON file (docs/litigation.md); amounts in yuan.

    Raises:
        UnreadableFile: no such file, or it is neither.
        WrongUse: something is missing, unknown or of the wrong kind.
    """
    given, where = read_table(file), str(file)
    if unknown := sorted(set(given) - set(KNOWN)):
        raise WrongUse(f"{where}: nothing is called {unknown[0]!r}", f"known: {', '.join(KNOWN)}")
    states = _names(given.get("states", ()), (*BARS, *CARE), f"{where}: states")
    evidence = _names(given.get("evidence", ()), tuple(assumptions()["evidence"]), f"{where}: evidence")
    days_left = given.get("days_left")
    if days_left is not None and (isinstance(days_left, bool) or not isinstance(days_left, int)):
        raise WrongUse(f"{where}: days_left is {days_left!r}", "a whole number of days")
    return SuitCase(
        claim=money_in(given, "claim", "CNY", where),
        surplus=_signed(given, where),
        assets=money_in(given, "assets", "CNY", where) if "assets" in given else 0,
        states=states,
        evidence=evidence,
        days_left=days_left,
        barred=bool(given.get("barred", False)),
        mediated=bool(given.get("mediated", False)),
        average_wage=money_in(given, "average_wage", "CNY", where) if "average_wage" in given else None,
        can_be_served=bool(given.get("can_be_served", True)),
        debts_both_ways=bool(given.get("debts_both_ways", False)),
        own_costs={one: money_in(given["own_costs"], one, "CNY", where) for one in given.get("own_costs", {})},
    )


def _names(given: Sequence[str], known: Sequence[str], place: str) -> frozenset[str]:
    if unknown := [one for one in given if one not in known]:
        raise WrongUse(f"{place}: {unknown[0]!r} is not known", f"one of: {', '.join(known)}")
    return frozenset(given)


def _signed(given: Mapping[str, Any], where: str) -> int | None:
    """Her surplus, which may be below zero."""
    value = given.get("surplus")
    if value is None:
        return None
    below = str(value).strip().startswith("-")
    amount = money_in({"surplus": str(value).strip().lstrip("-")}, "surplus", "CNY", where)
    return -amount if below else amount
