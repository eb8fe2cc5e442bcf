"""Findings name the record, the segment, the field, its position, the value and the rule; sound files have none."""

from __future__ import annotations

from typing import Any

import pytest

from forbear.recovery.bureau import metro2
from forbear.recovery.bureau.metro2 import Finding
from forbear.recovery.bureau.metro2.conditions import holds
from forbear.recovery.bureau.metro2.layout import codes, layouts
from tests.recovery.bureau.metro2 import samples

DELINQUENT = {"status": "71"}
PAID = {
    "status": "13",
    "rating": "0",
    "balance": 0,
    "past_due": 0,
    "scheduled": 0,
    "closed": "10302026",
    "born_delinquent": "00000000",
}
CURRENT = {"status": "11", "past_due": 0, "born_delinquent": "00000000"}
CHARGED = {"status": "97", "charged_off": 4200, "history": "654321" + "0" * 6 + "B" * 12}


def checked(appended: str = "", **changes: Any) -> list[Finding]:
    """What is found in a file of one account, the trailer's totals aside."""
    word = f"{426 + len(appended):04d}"
    raw = samples.header() + samples.base(word=word, **changes) + appended + samples.trailer(**samples.ONE)
    return [one for one in metro2.check(metro2.read(raw.encode())) if one.rule != "total"]


@pytest.mark.parametrize("sound", [DELINQUENT, PAID, CURRENT, CHARGED])
def test_sound_accounts_have_no_findings(sound: dict[str, Any]) -> None:
    assert checked(**sound) == []


@pytest.mark.parametrize(
    "raw", [samples.plain(), samples.full(), samples.packed("decimal"), samples.full(fixed=True)]
)
def test_sound_files_have_no_errors(raw: bytes) -> None:
    found = metro2.check(metro2.read(raw))
    assert [one.message for one in found if one.level == "error" and one.rule != "total"] == []


BREACHES = [
    ("rating-required", "payment_rating", PAID | {"rating": " "}),
    ("rating-forbidden", "payment_rating", DELINQUENT | {"rating": "1"}),
    ("first-delinquency-required", "date_of_first_delinquency", {"born_delinquent": "00000000"}),
    ("first-delinquency-required-by-rating", "date_of_first_delinquency", PAID | {"rating": "2"}),
    ("first-delinquency-forbidden", "date_of_first_delinquency", CURRENT | {"born_delinquent": "09302026"}),
    ("first-delinquency-forbidden-by-rating", "date_of_first_delinquency", PAID | {"born_delinquent": "09302026"}),
    ("first-delinquency-not-before-opening", "date_of_first_delinquency", {"born_delinquent": "09302025"}),
    ("first-delinquency-not-after-information", "date_of_first_delinquency", {"born_delinquent": "11022026"}),
    ("current-past-due", "amount_past_due", CURRENT | {"past_due": 1}),
    ("paid-balance", "current_balance", PAID | {"balance": 5}),
    ("paid-past-due", "amount_past_due", PAID | {"past_due": 5, "balance": 5}),
    ("paid-scheduled", "scheduled_monthly_payment", PAID | {"scheduled": 5}),
    ("paid-closed", "date_closed", PAID | {"closed": "00000000"}),
    ("delinquent-past-due", "amount_past_due", {"past_due": 0}),
    ("delinquent-balance", "current_balance", {"balance": 0, "past_due": 0}),
    ("past-due-within-balance", "amount_past_due", {"past_due": 4201}),
    ("charge-off-amount-required", "original_charge_off", CHARGED | {"charged_off": 0}),
    ("charge-off-amount-forbidden", "original_charge_off", {"charged_off": 1}),
    ("history-profile", "payment_history_profile", {"history": "0B0" + "B" * 21}),
    ("closed-not-before-opening", "date_closed", PAID | {"closed": "09302025"}),
    ("closed-not-in-future", "date_closed", PAID | {"closed": "11302026"}),
    ("ssn-shape", "social_security_number", {"ssn": "000123456"}),
    ("ssn-shape", "social_security_number", {"ssn": "912345678"}),
    ("account-number", "consumer_account_number", {"account": "LN 1"}),
    ("account-number-no-ssn", "consumer_account_number", {"account": "X219099999"}),
    ("unknown-code", "account_status", {"status": "99"}),
    ("unknown-code", "ecoa_code", {"ecoa": "4"}),
    ("unknown-code", "compliance_condition", {"compliance": "ZZ"}),
    ("unknown-code", "special_comment", {"comment": "ZZ"}),
    ("settled-comment", "special_comment", {"comment": "AU"}),
    ("collector-names-creditor", "account_type", {"kind": "48"}),
    ("disputed-code", "compliance_condition", {"compliance": "XD"}),
]


@pytest.mark.parametrize(("rule", "field", "changes"), BREACHES, ids=[f"{one[0]} {one[1]}" for one in BREACHES])
def test_a_breach_is_found_where_it_is(rule: str, field: str, changes: dict[str, Any]) -> None:
    found = [one for one in checked(**changes) if one.rule == rule]
    assert len(found) == 1
    one = found[0]
    assert (one.record, one.segment, one.field) == (2, "base", field)
    assert one.position == layouts()["base"].field(field).start
    assert field in one.message
    assert f"position {one.position}" in one.message


def test_the_position_of_an_appended_segments_field_is_counted_in_the_record() -> None:
    found = [one for one in checked(samples.EXTRA["K1"][:32] + "99") if one.rule == "unknown-code"]
    assert [(one.segment, one.field, one.position, one.value) for one in found] == [
        ("k1", "creditor_classification", 426 + 33, "99")
    ]


APPENDED = [
    ("k2-removed", "K29" + "SOMEBODY".ljust(30) + " "),
    ("k2-named", "K21" + " " * 31),
    ("k3-account", "K300" + "123".ljust(18) + " " * 18),
    ("k3-account-given", "K301" + " " * 36),
    ("k4-balloon", "K401" + "0" * 25 + " "),
    ("k4-deferred", "K402" + "0" * 25 + " "),
    ("l1-account", "L11" + " " * 51),
    ("l1-identification", "L12" + " " * 51),
    ("l1-identification-blank", "L11" + "A".ljust(30) + "B".ljust(20) + " "),
    ("associated-ecoa", samples.joint()[:96] + "1   "),
    ("person-known", samples.joint()[:69] + "0" * 17 + samples.joint()[86:]),
    ("segment-order", samples.EXTRA["N1"] + samples.EXTRA["K1"]),
    ("segment-once", samples.EXTRA["K1"] * 2),
    ("no-segment", "Q7 what is this"),
]


@pytest.mark.parametrize(("rule", "appended"), APPENDED, ids=[one[0] for one in APPENDED])
def test_appended_segments_are_checked(rule: str, appended: str) -> None:
    assert rule in {one.rule for one in checked(appended)}


def test_segments_for_their_length_alone_are_not_checked_or_counted() -> None:
    assert checked(samples.FILLER) == []


def test_frames_and_totals() -> None:
    def rules(raw: str) -> dict[str, Finding]:
        return {one.rule: one for one in metro2.check(metro2.read(raw.encode()))}

    sound = samples.header(), samples.base(), samples.trailer(**samples.ONE)
    assert rules("\n".join(sound)) == {}
    assert "no-header" in rules("\n".join(sound[1:]))
    assert "no-trailer" in rules("\n".join(sound[:2]))
    total = rules("\n".join([*sound[:2], samples.trailer(**{**samples.ONE, "71": 3})]))["total"]
    assert (total.field, total.position, total.value) == ("total_status_71", 147, "3")
    assert "the file has 1" in total.says
    assert "account-twice" in rules("\n".join([sound[0], sound[1], sound[1], sound[2]]))
    assert "record-length" in rules("\n".join([sound[0], samples.base(word="0466"), sound[2]]))
    assert "cut" in rules("\n".join([sound[0], sound[1][:200], sound[2]]))
    assert "no-record" in rules("\n".join([sound[0], "what is this", sound[2]]))


def test_unreadable_values_are_told_with_their_place() -> None:
    found = metro2.check(metro2.read(samples.quirky()[-1]))
    one = next(one for one in found if one.rule == "not-a-number")
    assert one.message.startswith("record 2, segment base, current_balance (position 155) = ' 4,200.00'")
    bad_day = samples.plain().replace(b"09302026", b"02302026")
    assert [one.field for one in metro2.check(metro2.read(bad_day)) if one.rule == "not-a-date"] == [
        "date_of_first_delinquency"
    ]


def test_what_says_who_she_is_is_masked_in_findings() -> None:
    found = [one for one in checked(ssn="000123456") if one.rule == "ssn-shape"]
    assert found[0].value == "999999999"


def test_the_layout_is_without_gaps_in_both_forms() -> None:
    for layout in layouts().values():
        at = packed = 1
        for field in layout.fields:
            assert field.start == at, field.name
            at += field.length
            if layout.packed_length:
                assert field.packed_start == packed, field.name
                packed += field.packed_length
            assert not field.codes or field.codes in codes()
        assert at == layout.length + 1
        assert packed == (layout.packed_length or 0) + 1


def test_a_rule_that_asks_what_there_is_not_is_no_rule() -> None:
    with pytest.raises(ValueError, match=r"rules\.toml"):
        holds({"field": "a", "is_nice": True}, {"a": ""}.__getitem__, {})
