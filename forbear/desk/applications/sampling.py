"""Applications on a sample desk: one for each of the sandbox's test numbers, decided, some with a person's word."""

from __future__ import annotations

import os
import random
from datetime import datetime, timedelta
from typing import Any

from forbear.desk.applications import deciding, paying_out
from forbear.desk.applications.providers import KINDS, VARIABLE
from forbear.desk.applications.sandbox import answers
from forbear.desk.applications.taking import IDENTITY, INQUIRY, Wanted, take
from forbear.desk.people.models import User

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
METHODS = ("equal_installment", "equal_principal", "flat")


def use_sandbox() -> None:
    """Ask the sandbox, unless the environment names other providers."""
    for kind in KINDS:
        os.environ.setdefault(VARIABLE.format(kind.upper()), "sandbox")


def sample_applications(agent: User, manager: User, at: datetime, chance: random.Random) -> None:
    """Take and decide an application for each test number; invented people with numbers of the year 1990 or so."""
    use_sandbox()
    for place, digits in enumerate(sorted(answers()["numbers"], reverse=True)):
        when = at - timedelta(hours=2 * len(answers()["numbers"]) - 2 * place)
        made = take(_wanted(digits, place, chance), by=agent, at=when)
        decision = deciding.check_and_decide(made, by=agent, at=when)
        made.refresh_from_db()
        if digits == "0012":
            words = "那次逾期是银行扣款失败造成的 / the bank failed to collect, that is why it was late"
            deciding.contest(made.borrower, words, by=agent, at=when + timedelta(hours=1), application=made)
        if digits == "0010" and decision.outcome == "approve":
            paying_out.accept(made, "equal_installment", True, by=agent, at=when + timedelta(hours=1))
            made.refresh_from_db()
            paying_out.propose_disbursal(made, by=manager, at=when + timedelta(hours=1))


def _wanted(digits: str, place: int, chance: random.Random) -> Wanted:
    said: dict[str, Any] = {
        "income_declared": chance.randrange(80, 140) * 10_000,
        "dependants": chance.randrange(3),
        "employment_months": chance.randrange(2, 90),
        "purpose": "家电 / appliances",
    }
    said["income_verified"] = said["income_declared"] * 9 // 10
    return Wanted(
        f"申样{'甲乙丙丁戊己庚辛壬癸子丑寅卯'[place % 14]}",
        _identity(chance),
        f"1990000{digits}",
        chance.randrange(8, 40) * 100_000,
        chance.choice((6, 12)),
        METHODS[place % len(METHODS)],
        said=said,
        agrees=(IDENTITY, INQUIRY),
        wording="sample-1",
    )


def _identity(chance: random.Random) -> str:
    body = f"110105{chance.randrange(1975, 2002)}{chance.randrange(1, 13):02}{chance.randrange(1, 29):02}"
    body += f"{chance.randrange(1000):03}"
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, WEIGHTS, strict=True)) % 11]
