"""Application assessment: what it promises, whatever the application, the evidence and the policy."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.loans import Method, make_schedule
from forbear.risk.affordability import means_of, needed_monthly
from forbear.risk.applied import (
    ANSWERED,
    CHECK_STATES,
    CHECKS,
    NO_ANSWER,
    NO_CONSENT,
    NO_FILE,
    NOT_ASKED,
    PASSED,
    Application,
    Bureau,
    Evidence,
    from_plain,
    plain_inputs,
)
from forbear.risk.assess import assess, wording
from forbear.risk.assess_policy import read_policy, shipped, shipped_text
from forbear.risk.offers import cost_of, terms_of

DAY = date(2026, 11, 27)
CAP = Decimal("0.24")
PROVED = dict.fromkeys(CHECKS, PASSED)
GOOD = Bureau(date(2026, 11, 20), 60, 1, 100_000, 500_000, 0, 0, 0, 1, False)
FEES = (
    shipped_text()
    .replace('upfront_fee = "0"', 'upfront_fee = "0.02"')
    .replace('fee_rate = "0"', 'fee_rate = "0.004"')
)
POLICIES = (shipped(), read_policy(FEES))


def asked(**more) -> Application:
    given_ = {
        "income_declared": 1_200_000,
        "income_verified": 1_000_000,
        "age": 30,
        "employment_months": 30,
        **more,
    }
    return Application("A1", DAY, **{"amount": 2_000_000, "term": 12, **given_})


def known(**more) -> Evidence:
    return Evidence(**{"checks": PROVED, "bureau_state": ANSWERED, "bureau": GOOD, **more})


def codes(decision) -> set[str]:
    return {reason.code for reason in decision.reasons}


def test_a_good_application_is_approved_with_an_offer_for_each_way_of_repaying():
    made = assess(asked(), known(), shipped(), cap=CAP)
    assert made.outcome == "approve"
    assert [offer.method for offer in made.offers] == list(shipped().amounts.methods)
    assert made.offers[0].amount == 2_000_000
    assert made.limit >= 2_000_000
    assert codes(made) == {"fits"}


money = st.integers(0, 5_000_000)
maybe = st.none() | money
few = st.none() | st.integers(0, 120)
applications = st.builds(
    Application,
    st.just("A"),
    st.just(DAY),
    st.integers(1, 40_000_000),
    st.sampled_from([1, 3, 6, 12, 24, 36]),
    st.sampled_from(list(Method)),
    income_declared=maybe,
    income_verified=maybe,
    obligations_declared=maybe,
    housing=money,
    dependants=st.integers(0, 4),
    employment_months=few,
    age=st.none() | st.integers(0, 90),
    is_student=st.none() | st.booleans(),
    purpose=st.sampled_from(["", "furniture", "securities"]),
)
bureaus = st.builds(
    Bureau,
    st.sampled_from([DAY, date(2026, 1, 1)]),
    *([few] * 2),
    maybe,
    maybe,
    st.none() | st.sampled_from([0, 10_000]),
    few,
    few,
    few,
    st.none() | st.booleans(),
)
evidence = st.builds(
    lambda checks, bureau, state, **more: Evidence(
        checks, ANSWERED if bureau else state, bureau, own_settled=more["own"], own_loans=more["own"] + 1
    ),
    st.just(PROVED) | st.dictionaries(st.sampled_from(CHECKS), st.sampled_from(CHECK_STATES)),
    st.none() | bureaus | st.just(GOOD),
    st.sampled_from([NO_FILE, NO_ANSWER, NO_CONSENT, NOT_ASKED]),
    own=st.integers(0, 4),
)
caps = st.sampled_from([Decimal("0.02"), Decimal("0.12"), Decimal("0.1234"), CAP])
TRIED = settings(max_examples=60, deadline=None)


@TRIED
@given(applications, evidence, caps, st.sampled_from(POLICIES))
def test_no_offer_is_above_the_cap_the_means_or_the_limit(application, evidence, cap, policy):
    made = assess(application, evidence, policy, cap=cap)
    means = means_of(application, evidence, policy)
    for offer in made.offers:
        terms = terms_of(offer.amount, offer.annual_rate, offer.term, offer.method, DAY, policy)
        schedule = make_schedule(terms)
        assert cost_of(schedule) <= cap
        assert needed_monthly(schedule) == offer.needed <= means.room
        assert offer.amount <= min(offer.limit, application.amount)
        assert offer.limit <= min(made.limit, policy.minor(policy.amounts.most), means.most_debt)
        saved = [offer.needed * row.period for row in schedule.installments]
        due = [sum(row.total for row in schedule.installments[: n + 1]) for n in range(len(saved))]
        assert all(have >= want for have, want in zip(saved, due, strict=True)), (
            "what is put aside meets every date"
        )


@TRIED
@given(applications, evidence, caps, st.sampled_from(POLICIES), money)
def test_more_income_never_lowers_the_limit(application, evidence, cap, policy, more):
    before = assess(application, evidence, policy, cap=cap)
    for name in ("income_declared", "income_verified"):
        if (value := getattr(application, name)) is not None:
            after = assess(replace(application, **{name: value + more}), evidence, policy, cap=cap)
            assert after.limit >= before.limit
            assert (after.points or 0) >= (before.points or 0)


@TRIED
@given(applications, evidence, st.sampled_from(POLICIES))
def test_nothing_is_approved_without_every_check_and_the_bureau(application, evidence, policy):
    made = assess(application, evidence, policy, cap=CAP)
    if made.outcome == "approve":
        assert all(evidence.check(name) == PASSED for name in CHECKS)
        assert evidence.bureau_state in (ANSWERED, NO_FILE)
        assert application.age is not None
        assert application.age >= 18
        assert made.offers
    if made.outcome == "decline":
        assert not made.offers
        assert made.limit == 0


@TRIED
@given(applications, evidence)
def test_the_same_inputs_are_decided_the_same_from_what_was_kept(application, evidence):
    made = assess(application, evidence, shipped(), cap=CAP)
    kept = json.loads(json.dumps(plain_inputs(application, evidence)))
    assert assess(*from_plain(kept), shipped(), cap=CAP) == made


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("state", [s for s in CHECK_STATES if s != PASSED])
def test_one_check_that_is_not_passed_is_enough(name, state):
    made = assess(asked(), known(checks={**PROVED, name: state}), shipped(), cap=CAP)
    assert made.outcome in ("refer", "decline")
    assert codes(made) & {"identity_unproved", "identity_failed"}


@pytest.mark.parametrize(
    ("application", "evidence", "outcome", "code"),
    [
        ({}, {"bureau_state": NO_CONSENT, "bureau": None}, "refer", "consent_missing"),
        ({}, {"bureau_state": NO_ANSWER, "bureau": None}, "refer", "bureau_silent"),
        ({}, {"bureau": replace(GOOD, asked_on=date(2026, 10, 1))}, "refer", "bureau_stale"),
        ({}, {"bureau": replace(GOOD, asked_on=date(2026, 12, 1))}, "refer", "bureau_stale"),
        ({}, {"bureau": replace(GOOD, worst_dpd_24m=95)}, "decline", "late_elsewhere"),
        ({}, {"bureau": replace(GOOD, overdue_now=1)}, "refer", "overdue_elsewhere"),
        ({}, {"bureau": replace(GOOD, debts=25_000_000)}, "decline", "indebted"),
        ({}, {"multi_state": ANSWERED, "multi_lenders": 9}, "refer", "many_lenders"),
        ({}, {"own_overdue": 1}, "refer", "overdue_with_us"),
        ({"age": 17}, {}, "decline", "under_age"),
        ({"age": None}, {}, "refer", "age_unknown"),
        ({"age": 64, "term": 24}, {}, "refer", "past_working_age"),
        ({"is_student": True}, {}, "decline", "student"),
        ({"purpose": "securities"}, {}, "decline", "purpose_refused"),
        ({"term": 7}, {}, "decline", "product_unfit"),
        ({"method": Method.interest_first, "term": 24}, {}, "decline", "product_unfit"),
        ({"income_declared": 2_000_000}, {}, "refer", "income_mismatch"),
        ({"income_declared": None, "income_verified": None}, {}, "refer", "income_unknown"),
        ({"income_verified": 300_000}, {}, "decline", "not_affordable"),
        ({"amount": 9_000_000}, {}, "approve", "lower_amount"),
    ],
)
def test_each_rule_leads_where_the_policy_says(application, evidence, outcome, code):
    made = assess(asked(**application), known(**evidence), shipped(), cap=CAP)
    assert code in codes(made)
    assert made.outcome == outcome


def test_a_short_history_is_never_declined_for_it_and_begins_small():
    nothing = known(bureau_state=NO_FILE, bureau=None)
    made = assess(asked(), nothing, shipped(), cap=CAP)
    assert made.is_thin
    assert made.outcome == "approve"
    assert made.limit == shipped().minor(shipped().thin.most)
    assert {offer.method for offer in made.offers} <= set(shipped().thin.methods)
    unproved = assess(asked(income_verified=None), nothing, shipped(), cap=CAP)
    assert unproved.outcome == "refer"
    assert "income_unverified" in codes(unproved)


def test_a_thin_file_with_few_points_goes_to_a_person():
    short = replace(GOOD, months_of_history=3, lenders=9, inquiries_3m=9, lates_24m=7, worst_dpd_24m=61)
    made = assess(asked(), known(bureau=short), shipped(), cap=CAP)
    assert made.outcome == "refer"
    assert "first_loan" in codes(made)
    grown = assess(asked(), known(bureau=replace(short, months_of_history=40)), shipped(), cap=CAP)
    assert grown.outcome == "decline"
    assert "score" in codes(grown)


def test_where_fees_alone_break_the_cap_nothing_is_offered():
    made = assess(asked(), known(), POLICIES[1], cap=Decimal("0.02"))
    assert made.outcome == "decline"
    assert "cost_cap" in codes(made)


def test_reasons_name_no_number_to_aim_at_and_stand_in_both_languages():
    for code, told in wording().items():
        for text in (told["en"], told["zh"]):
            assert text, code
            assert not any(c.isdigit() for c in text), code
        assert bool(told["helps"]["en"]) == bool(told["helps"]["zh"]), code
        assert told["leads"] in ("note", "refer", "decline")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("most = 100000\nannual_rate", "most = 300000\nannual_rate", "bands"),
        ('annual_rate = "0.15"', 'annual_rate = "0.11"', "bands"),
        ("points = [20, -20, -50, -80, -120]", "points = [20, -20, -50, -80, 120]", "worst_dpd_24m"),
        (
            "points = [0, 0, 6, 14, 20]\nmissing = 0",
            "points = [0, 0, 6, 14, 20]\nmissing = -30",
            "months_of_history",
        ),
        ("least_age = 18", "least_age = 16", "least_age"),
        ('required = ["identity_number", "name", "phone", "liveness"]', "required = []", "required"),
        ("[thin]", "[thin]\nmaximum = 3", "maximum"),
        ('format = "', 'format = "x', "format"),
    ],
)
def test_a_policy_that_would_break_a_promise_is_refused(old, new, says):
    assert old in shipped_text()
    with pytest.raises(WrongUse, match=says):
        read_policy(shipped_text().replace(old, new, 1), "mine.toml")


def test_a_policy_of_another_currency_or_card_is_refused():
    with pytest.raises(WrongUse, match="USD"):
        assess(asked(currency="USD"), known(), shipped(), cap=CAP)
    with pytest.raises(WrongUse, match="model"):
        assess(asked(), known(), read_policy(shipped_text().replace('card = "points"', 'card = "model"')), cap=CAP)


def test_the_points_are_the_cards_points():
    made = assess(asked(), known(), shipped(), cap=CAP)
    assert made.points == 596 + 20 + 12 + 8 + 8 + 14 + 8 + 6  # as the shipped card adds
