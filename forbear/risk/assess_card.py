"""Points of an application: by the policy's points card, or by the scorecard of a model folder (`forbear fit`).

Either is a `Scorecard`: log odds of the event added from bins, unknown values in a bin of their own. The model's speaks
of the chance to be late with the next installment, seen on the day of disbursal; it is used only where enough of what
it weighs is told, else the policy's points card stands in and the answer says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, inf, log, log1p
from pathlib import Path

import numpy as np

from forbear.basics.errors import WrongUse
from forbear.loans import Schedule
from forbear.risk.affordability import Means
from forbear.risk.applied import Application, Evidence, fingerprint
from forbear.risk.assess_policy import Policy
from forbear.risk.scorecard import BASE_ODDS, BASE_POINTS, DOUBLES_IN, Scorecard

LEAST_TOLD = 0.5
"""Share of a model's scorecard, by information value, that must be told for it to speak."""
MOST_WHYS = 3


@dataclass(frozen=True)
class Card:
    """A scorecard with what its columns count as in words, and its fingerprint."""

    kind: str
    scorecard: Scorecard
    reasons: Mapping[str, str]
    sha256: str


@dataclass(frozen=True)
class Pointed:
    """Points, the chance they stand for, what took points away (reasons, the most first), the card that spoke."""

    points: int
    chance: float
    against: tuple[str, ...]
    card: str
    sha256: str


def points_card(policy: Policy) -> Card:
    """The policy's own card.

    Raises:
        WrongUse: it has none.
    """
    card = policy.scorecard()
    assert policy.points is not None
    return Card("points", card, {p.name: p.reason for p in policy.points.parts}, fingerprint(card.plain()))


def model_card(folder: str | Path) -> Card:
    """The scorecard of a model folder.

    Raises:
        WrongUse: the model has none that speaks of applications.
        UnreadableFile: the folder cannot be trusted.
    """
    from forbear.risk.folder import fingerprint as of_folder
    from forbear.risk.folder import load

    chain = load(folder).chains.get("late")
    if chain is None or chain.card is None:
        raise WrongUse(f"{folder}: the model has no scorecard of late payment", "fit it on a book of events")
    return Card("model", chain.card, {p.name: "of_model" for p in chain.card.parts}, of_folder(folder))


def known_of(
    application: Application, evidence: Evidence, means: Means, reference: Schedule
) -> dict[str, float | None]:
    """All columns that a card may weigh; None is not known.

    Args:
        application: what is asked for.
        evidence: what is known.
        means: income and obligations.
        reference: the schedule asked for, at the policy's best price: what the loan would be.
    """
    bureau = evidence.bureau
    rows, terms = reference.installments, reference.terms
    multi = [n for n in (bureau.lenders if bureau else None, evidence.multi_lenders) if n is not None]
    burden = means.burden_before
    return {
        "worst_dpd_24m": bureau.worst_dpd_24m if bureau else None,
        "lates_24m": bureau.lates_24m if bureau else None,
        "inquiries_3m": bureau.inquiries_3m if bureau else None,
        "months_of_history": bureau.months_of_history if bureau else None,
        "lenders": max(multi, default=None),
        "burden_before": None if burden is None else min(burden, 1e6) if burden != inf else 1e6,
        "employment_months": application.employment_months,
        "own_settled": evidence.own_settled if evidence.own_loans else None,
        "own_worst_dpd": evidence.own_worst_dpd if evidence.own_loans else None,
        "principal_log": log1p(terms.principal),
        "annual_rate": float(terms.annual_rate),
        "installments": len(rows),
        "cost_ratio": reference.total / terms.principal,
        "next_burden": rows[0].total / terms.principal,
        "first_gap": (rows[0].due_on - terms.disbursed_on).days,
        "days_to_due": (rows[0].due_on - terms.disbursed_on).days,
        "days_to_end": (rows[-1].due_on - terms.disbursed_on).days,
        "turn": evidence.own_loans + 1,
        "others": evidence.own_loans,
        **dict.fromkeys(("age_days", "progress", "dues_past_count", "dpd", "overdue_count", "paid_share"), 0),
        "outstanding_share": 1,
        **application.features,
    }


def pointed(card: Card, known: Mapping[str, float | None], policy: Policy) -> Pointed | None:
    """Points by a card; by the policy's where a model's is told too little; None where neither speaks."""
    if card.kind == "model" and _told(card.scorecard, known) < LEAST_TOLD:
        if policy.points is None:
            return None
        card = points_card(policy)
    parts = card.scorecard.parts
    row = np.array([[np.nan if known.get(p.name) is None else float(known[p.name]) for p in parts]])  # type: ignore[arg-type]
    odds = float(card.scorecard.odds([p.name for p in parts], row)[0])
    added = {p.name: float(p.add(row[:, i])[0]) for i, p in enumerate(parts)}
    worst = sorted((n for n, o in added.items() if o > 0), key=lambda n: (-added[n], n))[:MOST_WHYS]
    against = tuple(dict.fromkeys(card.reasons[n] for n in worst))
    points = round(BASE_POINTS - DOUBLES_IN / log(2) * (log(BASE_ODDS) + odds))
    return Pointed(points, round(1 / (1 + exp(-odds)), 6), against, card.kind, card.sha256)


def _told(card: Scorecard, known: Mapping[str, float | None]) -> float:
    whole = sum(p.value for p in card.parts)
    return sum(p.value for p in card.parts if known.get(p.name) is not None) / whole if whole else 0.0
