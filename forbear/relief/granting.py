"""Who may ask, agree to and grant a plan: limits by role, four eyes, once in how long, cooling-off. Refusals explain.

Everything is data (`grants.toml`, a place's `cooling`); a ruling is a value with a code and a sentence in both
languages, never a bare no.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from forbear.basics.money import to_minor
from forbear.loans.every import MONTHLY, add_steps
from forbear.relief.options import Option
from forbear.relief.policy import Policy

DEFERRALS = ("deferral_with_interest", "deferral_without_interest", "payment_holiday")


class Strict(BaseModel):
    """A table; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RoleLimits(Strict):
    """What a role may grant; money in major units."""

    name: str
    most_waived: Annotated[Decimal, Field(ge=0)]
    most_given_up_share: Annotated[Decimal, Field(ge=0, le=1)]
    most_months_longer: int
    kinds: tuple[str, ...]


class Often(Strict):
    """Once in how long."""

    most_plans: int
    within_months: int
    extension_months: int
    deferral_months: int


class Second(Strict):
    """What another plan asks after a broken one."""

    wait_days: int
    must_be_lighter: bool
    needs: tuple[str, ...]


class Grants(Strict):
    """The whole table."""

    four_eyes: bool
    source: str
    role: Annotated[tuple[RoleLimits, ...], Field(min_length=1)]
    often: Often
    second: Second


@dataclass(frozen=True)
class Grantable:
    """An earlier plan of the loan: what decides whether another may be had."""

    kind: str
    granted_on: date
    broken_on: date | None
    peak: int


@dataclass(frozen=True)
class Ruling:
    """May it be, and if not: a code, from when on it may (None: not by waiting), and a sentence in both languages."""

    allowed: bool
    code: str = ""
    from_on: date | None = None
    en: str = ""
    zh: str = ""

    def sentence(self, language: str) -> str:
        """Why not, in the reader's language."""
        return self.zh if language.lower().startswith("zh") else self.en


YES = Ruling(True)


@cache
def grants() -> Grants:
    """The table of who may grant what."""
    table = tomllib.loads(files(__package__).joinpath("grants.toml").read_text("utf-8"))
    return Grants.model_validate(table)


def may_ask(option: Option, earlier: Sequence[Grantable], on: date) -> Ruling:
    """Whether a borrower may have such a plan (again) on a day, by how often she had one."""
    often, second = grants().often, grants().second
    recent = [one for one in earlier if add_steps(one.granted_on, MONTHLY, often.within_months) > on]
    if len(recent) >= often.most_plans and option.kind != "settlement":
        free = add_steps(min(one.granted_on for one in recent), MONTHLY, often.within_months)
        return Ruling(
            False,
            "too_many_plans",
            free,
            f"{len(recent)} plans were granted in {often.within_months} months: from {free} another, a settlement now.",
            f"{often.within_months}个月内已批准{len(recent)}次方案；仍可协商减免结清，其他方案自{free}起。",
        )
    for kinds, months in ((("extension",), often.extension_months), (DEFERRALS, often.deferral_months)):
        last = max((one.granted_on for one in earlier if one.kind in kinds), default=None)
        if option.kind in kinds and last and add_steps(last, MONTHLY, months) > on:
            free = add_steps(last, MONTHLY, months)
            return Ruling(
                False,
                "too_soon",
                free,
                f"The last one of this kind was granted on {last}; another from {free}. Other kinds may be chosen.",
                f"同类方案上次于{last}批准，{free}起方可再办；可选其他方案。",
            )
    broken = [one for one in earlier if one.broken_on]
    if second.must_be_lighter and broken and option.peak >= broken[-1].peak and option.kind != "settlement":
        return Ruling(
            False,
            "not_lighter",
            None,
            "The broken plan asked for no more in its dearest month; the next one must ask for less.",
            "新方案每月最高还款须低于已中断的方案。",
        )
    return YES


def lighter_than(earlier: Sequence[Grantable]) -> int | None:
    """The most that a month of the next plan may ask for after a broken one, minor units; None: no plan was broken."""
    broken = [one for one in earlier if one.broken_on]
    return broken[-1].peak - 1 if broken and grants().second.must_be_lighter else None


def may_agree(agreed_at: datetime, at: datetime, policy: Policy) -> Ruling:
    """Whether the cooling-off is over, so that the plan may be booked."""
    free = agreed_at + timedelta(days=policy.place.cooling.days)
    if at >= free:
        return YES
    return Ruling(
        False,
        "cooling_off",
        free.date(),
        f"The borrower may still take the agreement back, until {free.date()}; it is booked after that.",
        f"冷静期至{free.date()}，其间借款人可以撤回；期满后再入账。",
    )


def may_grant(option: Option, role: str, earlier: Sequence[Grantable], on: date, *, owed: int) -> Ruling:
    """Whether somebody of the role may grant the plan on a day.

    Args:
        option: the plan.
        role: of whoever grants.
        earlier: plans granted before on the loan.
        on: the day.
        owed: what is owed, minor units.
    """
    second, broken = grants().second, [one.broken_on for one in earlier if one.broken_on]
    if broken and max(broken) + timedelta(days=second.wait_days) > on:
        free = max(broken) + timedelta(days=second.wait_days)
        return Ruling(
            False,
            "second_too_soon",
            free,
            f"A plan was broken on {max(broken)}; the next is granted from {free} on.",
            f"上一方案于{max(broken)}中断，{free}起方可批准新方案。",
        )
    if (asked := may_ask(option, earlier, on)) != YES:
        return asked
    for limits in grants().role:
        if limits.name == role:
            return _within(option, limits, owed)
    able = ", ".join(one.name for one in grants().role)
    return Ruling(
        False,
        "role",
        None,
        f"A {role} does not grant plans; one of these does: {able}.",
        f"该角色（{role}）无权批准方案；可由以下角色批准：{able}。",
    )


def _within(option: Option, limits: RoleLimits, owed: int) -> Ruling:
    share = Decimal(option.given_up) / Decimal(max(owed, 1))
    longer = Decimal(option.facts["plan_years"]) * 12
    broken = {
        "kind": option.kind not in limits.kinds,
        "waived": option.waived.total > to_minor(limits.most_waived, option.currency),
        "given_up": share > limits.most_given_up_share,
        "months": longer > limits.most_months_longer + 1,
    }
    over = [name for name, is_over in broken.items() if is_over]
    if not over:
        return YES
    able = [one.name for one in grants().role if one != limits and _within_plain(option, one, owed)]
    who = ", ".join(able) or "nobody at the desk"
    return Ruling(
        False,
        "over_limit",
        None,
        f"It is beyond what a {limits.name} may grant ({', '.join(over)}); {who} may.",
        f"超出{limits.name}的批准权限（{'、'.join(over)}）；可由{'、'.join(able) or '任何在岗人员均不可'}批准。",
    )


def _within_plain(option: Option, limits: RoleLimits, owed: int) -> bool:
    share = Decimal(option.given_up) / Decimal(max(owed, 1))
    return (
        option.kind in limits.kinds
        and option.waived.total <= to_minor(limits.most_waived, option.currency)
        and share <= limits.most_given_up_share
    )
