"""The policy of application assessment as data: thresholds, limits, prices, the points card, read from TOML.

`read_policy` refuses what would break the promises of `assess`: bands that get laxer as points fall, a card that
rewards burdens, a thin file that is punished for being thin. The shipped policy is `assess_policy.toml`,
with its sources.
"""

from __future__ import annotations

import hashlib
import tomllib
from decimal import Decimal
from functools import cache
from importlib.resources import files
from math import log
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.basics.money import minor_digits
from forbear.loans.terms import Method
from forbear.risk.applied import CHECKS
from forbear.risk.scorecard import BASE_ODDS, BASE_POINTS, DOUBLES_IN, Scorecard, read_scorecard

FORMAT = "forbear-assess-policy-1"
MOST_BYTES = 1_000_000
FALLING = frozenset(["worst_dpd_24m", "lates_24m", "inquiries_3m", "burden_before", "own_worst_dpd"])
"""Columns of the points card whose points may never rise with the value: more income, which lowers the burden, never
costs points, and more arrears never earn any."""
THIN = frozenset(["months_of_history", "lenders", "worst_dpd_24m", "lates_24m", "inquiries_3m", "own_settled"])
"""Columns of which a first-time borrower knows nothing: an unknown value counts 0, no more and no less."""
Share = Annotated[Decimal, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Money = Annotated[int, Field(ge=0, le=10**12)]
Led = Literal["refer", "decline"]


class Strict(BaseModel):
    """A table of the policy; unknown keys are refused, so that a slip of the pen is seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Lender(Strict):
    """Facts that the gate is asked with when the cap on the cost is looked up."""

    kind: str = ""
    platform_loan: Literal["", "true", "false"] = ""
    lpr_1y: Annotated[Decimal, Field(gt=0, le=1)]
    lpr_source: str = ""


class Identity(Strict):
    """Checks that must be passed before anything is approved, and what a failed one leads to."""

    required: Annotated[tuple[Literal["identity_number", "name", "phone", "liveness"], ...], Field(min_length=1)]
    failed: dict[str, Led]


class Applicant(Strict):
    """Who may be lent to at all."""

    least_age: Annotated[int, Field(ge=18)]
    most_age: int
    students: Led
    refused_purposes: tuple[str, ...] = ()


class Amounts(Strict):
    """What is offered. Money in major units."""

    least: Annotated[int, Field(gt=0)]
    most: Money
    step: Annotated[int, Field(gt=0)]
    terms: Annotated[tuple[Annotated[int, Field(ge=1, le=360)], ...], Field(min_length=1)]
    methods: Annotated[tuple[Method, ...], Field(min_length=1)]
    longest_single: Count
    upfront_fee: Annotated[Decimal, Field(ge=0, lt=1)] = Decimal(0)
    fee_rate: Share = Decimal(0)


class Afford(Strict):
    """How much of an income a loan may take."""

    declared_share: Share
    adult_living: Money
    dependant_living: Money
    most_burden: Share
    most_income_multiple: Annotated[Decimal, Field(gt=0)]
    mismatch: Annotated[Decimal, Field(ge=1)]


class BureauRules(Strict):
    """What a bureau's answer leads to."""

    oldest_days: Count
    most_overdue_now: Money
    decline_worst_dpd: Annotated[int, Field(ge=1)]
    most_lenders: Annotated[int, Field(ge=1)]
    most_applications_30d: Count


class Thin(Strict):
    """A first-time borrower, or one of whom little is known."""

    least_months: Count
    most: Money
    methods: Annotated[tuple[Method, ...], Field(min_length=1)]
    needs_verified_income: bool


class Band(Strict):
    """From so many points on: limit and price, or a person."""

    least_points: int
    most: Money
    annual_rate: Annotated[Decimal, Field(ge=0, le=1)]
    refer: bool = False


class Part(Strict):
    """One column of the points card."""

    name: str
    reason: str
    cuts: tuple[float, ...]
    points: tuple[int, ...]
    missing: int

    @model_validator(mode="after")
    def _fits(self) -> Part:
        if len(self.points) != len(self.cuts) + 1 or list(self.cuts) != sorted(set(self.cuts)):
            raise ValueError(f"{self.name}: cuts rise, and there is one more of points than of cuts")
        if self.name in FALLING and list(self.points) != sorted(self.points, reverse=True):
            raise ValueError(f"{self.name}: points may not rise with it")
        if self.name in THIN and self.missing != 0:
            raise ValueError(f"{self.name}: an unknown value counts 0, so that nobody pays for a short history")
        return self


class Points(Strict):
    """The points card."""

    base: int
    parts: tuple[Part, ...]


class Policy(Strict):
    """A whole policy; `sha256` is of the text that it was read from."""

    format: Literal["forbear-assess-policy-1"]
    name: str
    currency: str
    card: Literal["points", "model"]
    lender: Lender
    identity: Identity
    applicant: Applicant
    amounts: Amounts
    affordability: Afford
    bureau: BureauRules
    thin: Thin
    bands: Annotated[tuple[Band, ...], Field(min_length=1)]
    points: Points | None = None
    sha256: str = ""

    @model_validator(mode="after")
    def _sound(self) -> Policy:
        minor_digits(self.currency)
        if self.card == "points" and self.points is None:
            raise ValueError("card is points, and there are none")
        if missing := set(CHECKS) - set(self.identity.failed):
            raise ValueError(f"identity.failed says nothing of {', '.join(sorted(missing))}")
        if self.amounts.least > self.amounts.most:
            raise ValueError("amounts.least is above amounts.most")
        if self.minor(self.amounts.least) < max(self.amounts.terms):
            raise ValueError("amounts.least does not divide into the longest term")
        for better, worse in zip(self.bands, self.bands[1:], strict=False):
            laxer = worse.most > better.most or worse.annual_rate < better.annual_rate
            if worse.least_points >= better.least_points or laxer or (better.refer and not worse.refer):
                raise ValueError("bands: best first; a lower band lends no more, costs no less")
        return self

    def minor(self, major: int) -> int:
        """An amount of the policy in minor units."""
        return int(major * 10 ** minor_digits(self.currency))

    def scorecard(self) -> Scorecard:
        """The points card as a scorecard: what its points are in log odds.

        Raises:
            WrongUse: the policy has none.
        """
        if self.points is None:
            raise WrongUse(f"policy {self.name}: card is {self.card!r}, and it has no points")
        a_point = log(2) / DOUBLES_IN
        parts = [
            {
                "name": p.name,
                "cuts": list(p.cuts),
                "odds": [-a_point * x for x in (*p.points, p.missing)],
                "value": 0.0,
            }
            for p in self.points.parts
        ]
        intercept = (BASE_POINTS - self.points.base) * a_point - log(BASE_ODDS)
        return read_scorecard({"intercept": intercept, "parts": parts})


def read_policy(text: str, source: str = "policy") -> Policy:
    """A policy from TOML.

    Raises:
        WrongUse: it is no TOML, or says what no policy can; names each place.
    """
    try:
        told = tomllib.loads(text)
        return Policy(**{**told, "sha256": hashlib.sha256(text.encode()).hexdigest()})
    except tomllib.TOMLDecodeError as bad:
        raise WrongUse(f"{source}: not TOML: {bad}", "see docs/assessment.md") from bad
    except ValidationError as bad:
        raise WrongUse(f"{source}: {_told(bad)}", "see docs/assessment.md") from bad
    except (TypeError, ValueError) as bad:
        raise WrongUse(f"{source}: {bad}", "see docs/assessment.md") from bad


def _told(bad: ValidationError) -> str:
    def one(error: Any) -> str:
        return f"{'.'.join(map(str, error['loc'])) or 'policy'}: {error['msg'].removeprefix('Value error, ')}"

    return "; ".join(map(one, bad.errors()[:5]))


def open_policy(path: str | Path) -> Policy:
    """A policy from a file.

    Raises:
        UnreadableFile: it cannot be read as text.
        WrongUse: as `read_policy`.
    """
    file = Path(path)
    try:
        if file.stat().st_size > MOST_BYTES:
            raise UnreadableFile(f"{file}: larger than {MOST_BYTES} bytes", "no policy is")
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as bad:
        raise UnreadableFile(f"{file}: cannot be read: {bad}", "name a TOML file, in UTF-8") from bad
    return read_policy(text, str(file))


def shipped_text() -> str:
    """The shipped policy as it is written."""
    return files("forbear.risk").joinpath("assess_policy.toml").read_text(encoding="utf-8")


@cache
def shipped() -> Policy:
    """The shipped policy."""
    return read_policy(shipped_text(), "assess_policy.toml")
