"""From what is known of a receipt and a loan to a score with its reasons, and whether that is sure.

Pure: facts in, proposals out, by the weights of `matching.toml`. Sure is one loan alone, either named in the text (and
by a name long enough, or with the amount or the payer beside it), or the only loan of the one borrower whom the payer
can be, with the amount of an installment; and nothing against it. What depends on other money (arrears, payers seen
before) orders proposals and makes none sure.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Facts:
    """What is known of a receipt and one loan.

    Args:
        loan_id, borrower_id: the loan and whose it is.
        named: the bare identity as it stands in the text; empty: not named.
        payer: how the payer is known to be the borrower: `name`, `contact`.
        one_payer: nobody else can be the payer by these.
        only_loan: the borrower has no other loan.
        scheduled, due, payoff: what the amount is equal to.
        seen_account, seen_name: money from this payer was booked on this loan before.
        in_case: found by its amount among the open cases.
        against: codes of what speaks against it, as in `matching.toml`.
    """

    loan_id: str
    borrower_id: str
    named: str = ""
    payer: frozenset[str] = frozenset()
    one_payer: bool = False
    only_loan: bool = False
    scheduled: bool = False
    due: bool = False
    payoff: bool = False
    seen_account: bool = False
    seen_name: bool = False
    in_case: bool = False
    against: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Proposal:
    """A loan that a receipt may be for: its score, the codes of what speaks for and against, whether it is sure."""

    loan_id: str
    borrower_id: str
    score: int
    reasons: tuple[str, ...]
    against: tuple[str, ...]
    sure: bool = False


@cache
def settings() -> dict[str, dict[str, int]]:
    """The weights as data."""
    return tomllib.loads(files(__package__).joinpath("matching.toml").read_text("utf-8"))


def ranked(known: Iterable[Facts]) -> list[Proposal]:
    """The proposals, the best first; at most one of them is sure."""
    told = list(known)
    sure = surely(told)
    made = [_proposal(one, one is sure) for one in told]
    made.sort(key=lambda one: (-one.sure, -one.score, one.loan_id))
    return made


def surely(known: list[Facts]) -> Facts | None:
    """The one loan that the receipt is surely for, if there is one."""
    by_name = [one for one in known if one.named]
    if by_name:
        (only, *more) = by_name
        enough = _long_enough(only.named) or only.scheduled or bool(only.payer)
        return only if not more and not only.against and enough else None
    by_payer = [one for one in known if one.payer and one.one_payer]
    if len(by_payer) == 1 and by_payer[0].only_loan and by_payer[0].scheduled and not by_payer[0].against:
        return by_payer[0]
    return None


def _long_enough(bare: str) -> bool:
    return len(bare) >= settings()["sure"]["digits" if bare.isdecimal() else "mixed"]


def _proposal(one: Facts, sure: bool) -> Proposal:
    weights, against = settings()["weights"], settings()["against"]
    told: dict[str, Any] = {name: bool(getattr(one, name, False)) for name in weights}
    told |= {name: name in one.payer for name in ("name", "contact")}
    reasons = tuple(name for name in weights if told[name])
    score = sum(weights[name] for name in reasons) - sum(against[name] for name in one.against)
    return Proposal(one.loan_id, one.borrower_id, score, reasons, tuple(sorted(one.against)), sure)
