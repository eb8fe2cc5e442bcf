"""Application assessment: an application and the evidence in, a decision with its reasons, limit and price out.

Held, whatever the policy says: nothing is approved while a required identity check is not passed, or while the bureau
has not answered with the applicant's consent; no offer costs more than the cap or needs more a month than there is
room for; more income never lowers the limit; a short history alone never declines. What cannot be decided goes to a
person. Rules and figures are the policy's (`assess_policy.toml`), words are `assess_reasons.toml`. Stops at the
decision: asking providers and the gate, storing and paying out are the desk's.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from forbear.basics.errors import WrongUse
from forbear.loans import make_schedule
from forbear.risk import applied
from forbear.risk.affordability import Means, means_of
from forbear.risk.applied import Application, Evidence
from forbear.risk.assess_card import Card, Pointed, known_of, pointed, points_card
from forbear.risk.assess_policy import Band, Policy
from forbear.risk.offers import SINGLE, Offer, offered, terms_of

APPROVE, REFER, DECLINE = "approve", "refer", "decline"
_WEIGHT = {"note": 0, "refer": 1, "decline": 2}


@dataclass(frozen=True)
class Reason:
    """A reason: its code, what it leads to (note, refer, decline), its words, and what the applicant can do."""

    code: str
    leads: str
    en: str
    zh: str
    helps_en: str
    helps_zh: str


@dataclass(frozen=True)
class Decision:
    """The answer to an application.

    Args:
        outcome: approve, refer (a person decides) or decline.
        reasons: what led to it, the strongest first.
        limit: the most that could be lent, minor units; 0 where declined.
        annual_rate: contract rate of the first offer, the way asked for where there is one; None without any.
        offers: one a way of repaying; those of a referral are for whoever decides.
        points: of the card; None where it could not speak.
        chance: what the points stand for; of the shipped card a convention, not a measurement.
        card: which card spoke: points or model.
        is_thin: little is known of how the applicant repays.
        means: income, obligations, room.
        burden_after: all obligations with the offer asked for, over income.
        cap: on the annual cost.
        policy, card_sha256, inputs, forbear: fingerprints and version with which the same is decided again.
    """

    application_id: str
    outcome: str
    reasons: tuple[Reason, ...]
    limit: int
    annual_rate: Decimal | None
    offers: tuple[Offer, ...]
    points: int | None
    chance: float | None
    card: str
    is_thin: bool
    means: Means
    burden_after: float | None
    cap: Decimal
    policy: str
    card_sha256: str
    inputs: str
    forbear: str

    def plain(self) -> dict[str, Any]:
        """As JSON values; Decimals as text."""
        made: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str))
        return made


@cache
def wording() -> Mapping[str, Any]:
    """The words of every reason."""
    return tomllib.loads(files("forbear.risk").joinpath("assess_reasons.toml").read_text(encoding="utf-8"))


def reason(code: str, leads: str = "") -> Reason:
    """A reason by its code; `leads` where the policy says what it leads to."""
    told = wording()[code]
    helps = told["helps"]
    return Reason(code, leads or told["leads"], told["en"], told["zh"], helps["en"], helps["zh"])


def assess(
    application: Application,
    evidence: Evidence,
    policy: Policy,
    *,
    cap: Decimal,
    card: Card | None = None,
    by_person: bool = False,
) -> Decision:
    """Decide on an application.

    Args:
        application: what is asked for, in the policy's currency.
        evidence: what is known.
        policy: thresholds, limits, prices.
        cap: the most that the loan may cost a year, all fees included, as the gate's rules say.
        card: of a model folder; None: the policy's points card.
        by_person: a person decides: tell what cap and means leave to offer, also where it would be declined.

    Raises:
        WrongUse: the currencies differ, or there is no card.
    """
    if application.currency != policy.currency:
        raise WrongUse(
            f"application {application.application_id} is in {application.currency}, the policy in {policy.currency}",
            "write a policy for that currency",
        )
    means = means_of(application, evidence, policy)
    is_thin = _is_thin(evidence, policy)
    scored = _scored(application, evidence, means, policy, card)
    found = [
        *_identity(evidence, policy),
        *_applicant(application, policy),
        *_bureau(application, evidence, policy),
    ]
    found += [*_income(application, means, is_thin, policy)]
    band = _band(scored, policy)
    found += _of_score(scored, band, is_thin)
    offers = _offers(application, means, is_thin, band or (policy.bands[-1] if by_person else None), cap, policy)
    found += _of_offers(application, means, offers, band, cap, policy)
    return _decided(application, evidence, policy, cap, scored, is_thin, means, offers, found, by_person)


def _scored(
    application: Application, evidence: Evidence, means: Means, policy: Policy, card: Card | None
) -> Pointed | None:
    if card is None and policy.card == "model":
        raise WrongUse(f"policy {policy.name} decides by a model's card", "name the model folder")
    if card is not None and card.kind != policy.card:
        raise WrongUse(
            f"policy {policy.name} has bands for the card {policy.card!r}, not {card.kind!r}",
            'write bands for the model\'s points and `card = "model"`',
        )
    amounts = policy.amounts
    amount = max(policy.minor(amounts.least), min(application.amount, policy.minor(amounts.most)))
    term = min(application.term, max(amounts.terms))
    as_asked = terms_of(
        amount, policy.bands[0].annual_rate, term, application.method, application.applied_on, policy
    )
    known = known_of(application, evidence, means, make_schedule(as_asked))
    return pointed(card or points_card(policy), known, policy)


def _is_thin(evidence: Evidence, policy: Policy) -> bool:
    """Whether neither the bureau nor we know how she repays."""
    months = evidence.bureau.months_of_history if evidence.bureau else None
    return evidence.own_settled == 0 and (months is None or months < policy.thin.least_months)


def _identity(evidence: Evidence, policy: Policy) -> Iterator[Reason]:
    states = {name: evidence.check(name) for name in applied.CHECKS}
    failed = [name for name, state in states.items() if state == applied.FAILED]
    if any(policy.identity.failed[name] == DECLINE for name in failed):
        yield reason("identity_failed", DECLINE)
    if any(policy.identity.failed[name] == REFER for name in failed) or any(
        states[name] != applied.PASSED for name in policy.identity.required
    ):
        yield reason("identity_unproved")


def _applicant(application: Application, policy: Policy) -> Iterator[Reason]:
    rules, amounts = policy.applicant, policy.amounts
    if application.age is None:
        yield reason("age_unknown")
    elif application.age < rules.least_age:
        yield reason("under_age")
    elif application.age + application.term / 12 > rules.most_age:
        yield reason("past_working_age")
    if application.is_student:
        yield reason("student", rules.students)
    if application.purpose in rules.refused_purposes:
        yield reason("purpose_refused")
    single = application.method in SINGLE and application.term > amounts.longest_single
    if not _fits(application, policy) or application.method not in amounts.methods or single:
        yield reason("product_unfit")


def _fits(application: Application, policy: Policy) -> bool:
    amounts = policy.amounts
    return application.term in amounts.terms and application.amount >= policy.minor(amounts.least)


def _bureau(application: Application, evidence: Evidence, policy: Policy) -> Iterator[Reason]:
    rules, bureau = policy.bureau, evidence.bureau
    if applied.NO_CONSENT in (evidence.bureau_state, evidence.multi_state):
        yield reason("consent_missing")
    if evidence.bureau_state in (applied.NO_ANSWER, applied.NOT_ASKED) or evidence.multi_state == applied.NO_ANSWER:
        yield reason("bureau_silent")
    if evidence.own_overdue > 0:
        yield reason("overdue_with_us")
    lenders = max((bureau.lenders or 0) if bureau else 0, evidence.multi_lenders or 0)
    if lenders >= rules.most_lenders:
        yield reason("many_lenders")
    if (evidence.applications_30d or 0) > rules.most_applications_30d:
        yield reason("many_inquiries")
    if bureau is None:
        return
    if not timedelta(0) <= application.applied_on - bureau.asked_on <= timedelta(days=rules.oldest_days):
        yield reason("bureau_stale")
    if (bureau.worst_dpd_24m or 0) >= rules.decline_worst_dpd:
        yield reason("late_elsewhere", DECLINE)
    if (bureau.overdue_now or 0) > policy.minor(rules.most_overdue_now):
        yield reason("overdue_elsewhere")
    if bureau.on_enforcement_list:
        yield reason("on_enforcement_list")


def _income(application: Application, means: Means, is_thin: bool, policy: Policy) -> Iterator[Reason]:
    if means.income is None:
        yield reason("income_unknown")
    elif is_thin and policy.thin.needs_verified_income and not means.verified:
        yield reason("income_unverified")
    said, seen = application.income_declared, application.income_verified
    if said is not None and seen is not None and said > seen * policy.affordability.mismatch:
        yield reason("income_mismatch")


def _band(scored: Pointed | None, policy: Policy) -> Band | None:
    if scored is None:
        return None
    return next((band for band in policy.bands if scored.points >= band.least_points), None)


def _of_score(scored: Pointed | None, band: Band | None, is_thin: bool) -> list[Reason]:
    """What the points lead to. A thin file is never declined by them: a person decides."""
    if scored is None:
        return [reason("first_loan")]
    if band is not None and not band.refer:
        return []
    why = [reason(code, "note") for code in scored.against]
    if is_thin:
        return [reason("first_loan"), *why]
    return [reason("score_border" if band else "score"), *why]


def _offers(
    application: Application, means: Means, is_thin: bool, band: Band | None, cap: Decimal, policy: Policy
) -> tuple[Offer, ...]:
    if band is None or not _fits(application, policy):
        return ()
    methods = [m for m in policy.amounts.methods if not is_thin or m in policy.thin.methods]
    methods = [m for m in methods if m not in SINGLE or application.term <= policy.amounts.longest_single]
    methods.sort(key=lambda m: m != application.method)
    most = min(policy.amounts.most, band.most, policy.thin.most if is_thin else band.most)
    made = (
        offered(application, m, means, most=policy.minor(most), rate=band.annual_rate, cap=cap, policy=policy)
        for m in methods
    )
    return tuple(offer for offer in made if offer is not None)


def _of_offers(
    application: Application,
    means: Means,
    offers: tuple[Offer, ...],
    band: Band | None,
    cap: Decimal,
    policy: Policy,
) -> Iterator[Reason]:
    """Why nothing, or less, can be offered."""
    if offers:
        if offers[0].amount < application.amount:
            yield reason("lower_amount")
        return
    if means.income is None or band is None or not _fits(application, policy):
        return
    least = policy.minor(policy.amounts.least)
    if means.most_debt < least:
        yield reason("indebted")
    elif _priceless(application, cap, policy):
        yield reason("cost_cap")
    else:
        yield reason("not_affordable")


def _priceless(application: Application, cap: Decimal, policy: Policy) -> bool:
    """Whether the fees alone cost more than the cap, so that no rate would do."""
    free = Means(10**12, True, 0, 0, 10**12, 10**15)
    most = policy.minor(policy.amounts.most)
    zero = Decimal(0)
    return all(
        offered(application, m, free, most=most, rate=zero, cap=cap, policy=policy) is None
        for m in policy.amounts.methods
    )


def _decided(
    application: Application,
    evidence: Evidence,
    policy: Policy,
    cap: Decimal,
    scored: Pointed | None,
    is_thin: bool,
    means: Means,
    offers: tuple[Offer, ...],
    found: list[Reason],
    by_person: bool,
) -> Decision:
    weight = max((_WEIGHT[one.leads] for one in found), default=0)
    outcome = (APPROVE, REFER, DECLINE)[weight]
    assert outcome != APPROVE or offers, "what is approved is offered"
    if outcome == APPROVE:
        found = [reason("fits"), *found]
    offers = () if outcome == DECLINE and not by_person else offers
    told = {**applied.plain_inputs(application, evidence), "cap": str(cap), "policy": policy.sha256}
    return Decision(
        application.application_id,
        outcome,
        tuple(sorted({one.code: one for one in found}.values(), key=lambda one: -_WEIGHT[one.leads])),
        max((offer.limit for offer in offers), default=0),
        offers[0].annual_rate if offers else None,
        offers,
        scored.points if scored else None,
        scored.chance if scored else None,
        scored.card if scored else "",
        is_thin,
        means,
        means.burden(offers[0].needed) if offers else means.burden_before,
        cap,
        policy.sha256,
        scored.sha256 if scored else "",
        applied.fingerprint(told),
        version("forbear"),
    )
