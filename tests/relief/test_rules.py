"""Who may grant what and how often, whether a plan is kept, and the dated way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from forbear.relief import (
    Budget,
    Grantable,
    Journey,
    judged,
    may_agree,
    may_ask,
    may_grant,
    options,
    shipped,
    way_back,
)
from forbear.relief.effects import adverse_until, class_effect
from tests.relief.test_options import late_loan

CN, US, UK = shipped("cn"), shipped("us-ca"), shipped("uk")
ON = date(2026, 6, 20)


@pytest.fixture(scope="module")
def told():
    budget = Budget(income=6_000_00, spending=3_000_00)
    return {one.kind: one for one in options(late_loan(), budget, CN, cap=None).all}


def test_limits_by_role_and_what_is_beyond_them(told):
    small = told["catch_up"]
    assert may_grant(small, "manager", (), ON, owed=10_000_00).allowed
    assert may_grant(small, "agent", (), ON, owed=10_000_00).code == "role"
    much = replace(small, waived=replace(small.waived, principal=30_000_00))
    refused = may_grant(much, "manager", (), ON, owed=100_000_00)
    assert (refused.code, "risk" in refused.en, "waived" in refused.en) == ("over_limit", True, True)
    assert may_grant(much, "risk", (), ON, owed=100_000_00).allowed
    over = replace(much, waived=replace(small.waived, principal=200_000_00))
    assert "nobody" in may_grant(over, "risk", (), ON, owed=900_000_00).sentence("en")
    assert "risk" in refused.sentence("zh-hans")


def test_once_in_how_long(told):
    had = Grantable("extension", date(2026, 1, 5), None, 1_000_00)
    again = may_ask(told["extension"], [had], ON)
    assert (again.code, again.from_on) == ("too_soon", date(2027, 1, 5))
    assert may_ask(told["catch_up"], [had], ON).allowed
    assert may_ask(told["extension"], [had], date(2027, 1, 5)).allowed
    two = [had, Grantable("longer_term", date(2026, 3, 5), None, 1_000_00)]
    many = may_ask(told["catch_up"], two, ON)
    assert (many.code, many.from_on) == ("too_many_plans", date(2028, 1, 5))


def test_a_second_plan_is_lighter_and_waits(told):
    peak = told["catch_up"].peak
    broken = Grantable("longer_term", date(2026, 1, 5), date(2026, 6, 15), peak)
    assert may_ask(told["catch_up"], [broken], ON).code == "not_lighter"
    lighter = replace(told["catch_up"], peak=peak - 1)
    assert may_ask(lighter, [broken], ON).allowed
    soon = may_grant(lighter, "manager", [broken], ON, owed=10_000_00)
    assert (soon.code, soon.from_on) == ("second_too_soon", date(2026, 6, 29))
    assert may_grant(lighter, "manager", [broken], date(2026, 6, 29), owed=10_000_00).allowed


def test_cooling_off_is_a_places_own():
    agreed = datetime(2026, 6, 20, 12, tzinfo=UTC)
    assert may_agree(agreed, agreed, CN).allowed
    assert may_agree(agreed, agreed + timedelta(days=13, hours=23), UK).code == "cooling_off"
    assert may_agree(agreed, agreed + timedelta(days=14), UK).allowed


PAYMENTS = [(date(2026, 7, 10), 500_00), (date(2026, 8, 10), 500_00), (date(2026, 9, 10), 500_00)]


@pytest.mark.parametrize(
    ("came", "on", "state", "paid"),
    [
        ([], date(2026, 7, 10), "running", 0),
        ([], date(2026, 7, 11), "late", 0),
        ([], date(2026, 7, 15), "late", 0),
        ([], date(2026, 7, 16), "broken", 0),
        ([(date(2026, 7, 15), 500_00)], date(2026, 7, 16), "running", 1),
        ([(date(2026, 7, 16), 500_00)], date(2026, 7, 20), "broken", 1),
        ([(date(2026, 7, 10), 10_00)], date(2026, 7, 16), "broken", 0),  # a token
        ([(date(2026, 7, 10), 495_00)], date(2026, 7, 16), "running", 1),  # within the tolerance
        ([(date(2026, 7, 10), 494_99)], date(2026, 7, 16), "broken", 0),
        ([(date(2026, 7, 8), 200_00), (date(2026, 7, 12), 300_00)], date(2026, 7, 16), "running", 1),
        ([(date(2026, 7, 8), 1_500_00)], date(2026, 7, 16), "kept", 3),
        ([(date(2026, 7, 8), 500_00), (date(2026, 7, 12), -500_00)], date(2026, 7, 16), "broken", 0),
    ],
)
def test_a_plan_is_kept_late_or_broken(came, on, state, paid):
    told = judged(PAYMENTS, came, on, CN.rules.watch, "CNY")
    assert (told.state, told.paid) == (state, paid)


def test_tolerance_does_not_add_up():
    short = [(day, amount - 4_00) for day, amount in PAYMENTS]
    assert judged(PAYMENTS, short, date(2026, 9, 20), CN.rules.watch, "CNY").state == "broken"


def test_the_record_ages_out_as_each_place_has_it():
    began, ended = date(2024, 2, 29), date(2026, 6, 20)
    assert adverse_until(CN.place.bureau, began, ended) == date(2031, 6, 20)
    assert adverse_until(CN.place.bureau, began, None) is None
    assert adverse_until(US.place.bureau, began, None) == date(2031, 2, 28)
    assert adverse_until(US.place.bureau, began, ended, charged_off=True) == date(2031, 8, 27)


def test_a_restructured_loan_is_held_down_and_watched(told):
    effect = class_effect(late_loan(), CN.place, told["catch_up"].payments, again=False)
    assert (effect.before, effect.after, effect.verified) == ("special_mention", "substandard", False)
    assert effect.observed_until == date(2027, 7, 10)
    assert class_effect(late_loan(), US.place, told["catch_up"].payments, again=False).after == "performing"


def steps(journey: Journey, policy=CN):
    return {step.code: step for step in way_back(journey, policy)}


def test_the_way_back_of_someone_never_late_is_no_way():
    assert way_back(Journey(ON, "CNY"), CN) == ()


def test_the_way_back_names_days_and_promises_no_repair():
    days = tuple(day for day, _ in PAYMENTS)
    told = steps(Journey(date(2026, 8, 1), "CNY", date(2026, 3, 10), plan_days=days, plan_state="running"))
    assert (told["arrears"].done, told["arrears"].on) == (False, date(2026, 9, 10))
    assert told["status"].on == date(2027, 7, 10)
    assert told["limit"].on == date(2028, 1, 10)
    assert told["record"].on == date(2031, 9, 10)
    assert told["correct"].on == date(2026, 8, 21)
    for step in told.values():
        assert "repair" not in step.en
        assert "修复" not in step.zh


def test_a_broken_plan_ends_nothing():
    told = steps(Journey(ON, "CNY", date(2026, 3, 10), plan_days=(date(2026, 5, 10),), plan_state="broken"))
    assert told["arrears"].on is None
    assert told["record"].on is None
    assert "lighter" in told["plan"].en


@pytest.mark.parametrize(
    ("began", "ended", "worst", "covered"),
    [
        (date(2025, 5, 1), date(2026, 3, 31), 10_000_00, True),
        (date(2025, 5, 1), date(2026, 4, 1), 10_000_00, False),
        (date(2025, 5, 1), date(2026, 3, 31), 10_000_01, False),
        (date(2026, 1, 1), date(2026, 3, 31), 5_000_00, False),
        (date(2019, 12, 31), date(2026, 3, 31), 5_000_00, False),
    ],
)
def test_the_one_off_measure_covers_what_it_covers(began, ended, worst, covered):
    told = steps(Journey(ON, "CNY", began, ended, worst))
    assert told["record"].done is covered
    assert (told["record"].rule == "CN-BUR-07") is covered
    assert told["record"].verified is not covered


def test_no_sentence_says_what_the_rules_of_words_forbid(told):
    from forbear.conduct.language import check_words

    journey = Journey(ON, "CNY", date(2026, 3, 10), plan_days=(date(2026, 9, 10),), plan_state="running")
    for language in ("zh", "en"):
        said = [one.sentence(language) for one in told.values()]
        said += [step.sentence(language) for step in way_back(journey, CN)]
        for text in said:
            found = check_words(text, language=language, channel="app")
            worst = [hit for hit in found if hit.severity == "forbidden" and "missing" not in hit.rule]
            assert not worst, (text, worst)


def test_a_lenders_own_policy_is_read_and_a_slip_is_named(tmp_path):
    from importlib.resources import files

    from forbear.basics.errors import UnreadableFile
    from forbear.relief.policy import read_policy

    text = files("forbear.relief").joinpath("policy.toml").read_text("utf-8")
    good = tmp_path / "own.toml"
    good.write_text(text.replace("shown = 4", "shown = 2"))
    assert read_policy(good).rules.offer.shown == 2
    good.write_text(text.replace("shown = 4", "shwon = 4"))
    with pytest.raises(UnreadableFile, match="shwon"):
        read_policy(good)
    good.write_text("format = 1")
    with pytest.raises(UnreadableFile, match="format"):
        read_policy(good)
