"""What an application is and what is known about it: plain data that `assess` decides on.

No name, no identity number, no phone: who the applicant is stays outside; here are only the answers of the checks.
Money is minor units, a month's where it is an income or an obligation; None is not known.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from forbear.basics.errors import WrongUse
from forbear.basics.money import minor_digits
from forbear.loans.terms import Method

PASSED, FAILED, UNSURE, NO_ANSWER, NOT_ASKED = "passed", "failed", "unsure", "no_answer", "not_asked"
CHECK_STATES = (PASSED, FAILED, UNSURE, NO_ANSWER, NOT_ASKED)
CHECKS = ("identity_number", "name", "phone", "liveness")
ANSWERED, NO_FILE, NO_CONSENT = "answered", "no_file", "no_consent"
SOURCE_STATES = (ANSWERED, NO_FILE, NO_ANSWER, NO_CONSENT, NOT_ASKED)
MOST_MINOR = 10**15
MOST_AGE = 130


@dataclass(frozen=True)
class Application:
    """A loan that somebody asks for.

    Args:
        application_id: its name.
        applied_on: the day; ages and dates count from it.
        amount: asked for, minor units.
        term: installments, months.
        method: how it would be repaid.
        income_declared: a month's income as said.
        income_verified: a month's income as somebody else confirmed.
        obligations_declared: what she repays a month on other loans, as she says.
        housing: rent or the like, a month.
        dependants: people who live on her income beside her.
        employment_months: at the present work.
        age: whole years on the day.
        is_student: at a school or university.
        purpose: a word such as `furniture`; see the policy's refused ones.
        features: `x_*` columns of a lender for its scorecard; numbers.
    """

    application_id: str
    applied_on: date
    amount: int
    term: int
    method: Method = Method.equal_installment
    currency: str = "CNY"
    purpose: str = ""
    income_declared: int | None = None
    income_verified: int | None = None
    obligations_declared: int | None = None
    housing: int = 0
    dependants: int = 0
    employment_months: int | None = None
    age: int | None = None
    is_student: bool | None = None
    features: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        minor_digits(self.currency)
        for name in ("amount", "term", "housing", "dependants"):
            _refuse(name, getattr(self, name), 1 if name in ("amount", "term") else 0)
        for name in ("income_declared", "income_verified", "obligations_declared", "employment_months", "age"):
            if getattr(self, name) is not None:
                _refuse(name, getattr(self, name), 0, MOST_AGE if name == "age" else MOST_MINOR)


@dataclass(frozen=True)
class Bureau:
    """What a credit bureau says: of all lenders, minor units, a month's where an obligation.

    Args:
        asked_on: the day of the answer.
        months_of_history: since the oldest account.
        lenders: with a loan open now.
        obligations: repaid a month.
        debts: owed now.
        overdue_now: overdue now.
        worst_dpd_24m: most days past due in 24 months.
        lates_24m: months of them in which anything was overdue.
        inquiries_3m: of lenders, for a loan, in 3 months.
        on_enforcement_list: of a court.
    """

    asked_on: date
    months_of_history: int | None = None
    lenders: int | None = None
    obligations: int | None = None
    debts: int | None = None
    overdue_now: int | None = None
    worst_dpd_24m: int | None = None
    lates_24m: int | None = None
    inquiries_3m: int | None = None
    on_enforcement_list: bool | None = None

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if isinstance(value, int) and not isinstance(value, bool):
                _refuse(name, value, 0)


@dataclass(frozen=True)
class Evidence:
    """All that is known beside what the applicant said.

    Args:
        checks: state of each identity check, one of `CHECK_STATES`; one that is left out was not asked.
        bureau_state: one of `SOURCE_STATES`.
        bureau: the answer, where there is one.
        multi_state: of the multi-lender data.
        multi_lenders: lenders with a loan open now, by them.
        applications_30d: applications at lenders in 30 days, by them.
        own_loans: with this lender, ever; settled; most days past due; overdue now.
    """

    checks: Mapping[str, str] = field(default_factory=dict)
    bureau_state: str = NOT_ASKED
    bureau: Bureau | None = None
    multi_state: str = NOT_ASKED
    multi_lenders: int | None = None
    applications_30d: int | None = None
    own_loans: int = 0
    own_settled: int = 0
    own_worst_dpd: int | None = None
    own_overdue: int = 0

    def __post_init__(self) -> None:
        for name, state in self.checks.items():
            if name not in CHECKS or state not in CHECK_STATES:
                raise WrongUse(f"check {name!r} is {state!r}", f"{', '.join(CHECKS)}: {', '.join(CHECK_STATES)}")
        for state in (self.bureau_state, self.multi_state):
            if state not in SOURCE_STATES:
                raise WrongUse(f"a source's state is {state!r}", f"one of: {', '.join(SOURCE_STATES)}")
        if (self.bureau_state == ANSWERED) != (self.bureau is not None):
            raise WrongUse("the bureau's state and its answer do not fit", "`answered` comes with an answer")

    def check(self, name: str) -> str:
        """The state of a check."""
        return self.checks.get(name, NOT_ASKED)


def plain_inputs(application: Application, evidence: Evidence) -> dict[str, Any]:
    """Both as JSON values, from which `from_plain` makes them again."""
    made: dict[str, Any] = json.loads(
        json.dumps({"application": asdict(application), "evidence": asdict(evidence)}, default=str)
    )
    return made


def from_plain(told: Mapping[str, Any]) -> tuple[Application, Evidence]:
    """What `plain_inputs` told.

    Raises:
        WrongUse: it is not that.
    """
    try:
        a, e = dict(told["application"]), dict(told["evidence"])
        a["applied_on"], a["method"] = date.fromisoformat(a["applied_on"]), Method(a["method"])
        if e["bureau"] is not None:
            e["bureau"] = Bureau(**{**e["bureau"], "asked_on": date.fromisoformat(e["bureau"]["asked_on"])})
        return Application(**a), Evidence(**e)
    except (KeyError, TypeError, ValueError) as bad:
        raise WrongUse(f"not the inputs of an assessment: {bad!r}") from bad


def fingerprint(told: Any) -> str:
    """sha256 of JSON values, whatever their order."""
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _refuse(name: str, value: Any, least: int, most: int = MOST_MINOR) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise WrongUse(f"{name} is {value!r}", f"a whole number from {least} to {most:,}")
