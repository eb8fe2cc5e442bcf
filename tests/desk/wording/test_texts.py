"""Filling, length, links, and what the checks refuse; nothing here needs a database."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.desk.wording.checking import Draft, checked
from forbear.desk.wording.filling import filled, money, named, sums_in, wrong_sums
from forbear.desk.wording.length import length
from forbear.desk.wording.links import borrower_of, link
from forbear.desk.wording.scripts import read_script
from forbear.desk.wording.shipping import shipped
from forbear.desk.wording.tables import parts, steps, variables
from forbear.desk.wording.views import changes

GOOD = "【{lender}】您好，您的还款已逾期{days_late}天，逾期金额{arrears}。如有困难请致电{phone}。{stop_word}"


def draft(body=GOOD, *, step="late_1_7", language="zh", channel="sms", place="cn", subject=""):
    return Draft(steps()[step], language, channel, place, body, subject)


def test_variables_are_filled_by_their_types():
    values = {"arrears": 62_050, "due_on": date(2026, 12, 1), "days_late": 3}
    assert filled("{arrears} {due_on} {days_late}", values, "zh", "CNY") == "¥620.50 12月1日 3"
    assert filled("{arrears} {due_on}", values, "en", "GBP") == "£620.50 1 December"
    assert filled("{{x}}", {}, "en", "GBP") == "{x}"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("{arrears}", {}),
        ("{arrears}", {"arrears": "620.50"}),
        ("{arrears}", {"arrears": 620.5}),
        ("{arrears}", {"arrears": True}),
        ("{arrears}", {"arrears": -1}),
        ("{due_on}", {"due_on": "soon"}),
        ("{name}", {"name": "  "}),
        ("{password}", {"password": "x"}),
    ],
)
def test_a_missing_or_wrong_value_is_refused(text, values):
    with pytest.raises(WrongUse):
        filled(text, values, "en", "GBP")


@pytest.mark.parametrize("text", ["{", "}", "{a.b}", "{a!r}", "{arrears:>9}", "{0}", "{}", "{Arrears}", "{a[0]}"])
def test_a_template_is_plain_text_with_plain_names(text):
    with pytest.raises(WrongUse):
        named(text)


@given(st.integers(0, 10**11), st.sampled_from(["CNY", "GBP", "USD", "JPY", "INR"]), st.sampled_from(["zh", "en"]))
def test_a_sum_that_is_filled_in_is_found_again(minor, currency, language):
    text = f"Pay {money(minor, currency, language)} please"
    if currency in ("CNY", "GBP", "USD", "INR"):
        assert len(sums_in(text)) == 1
    assert wrong_sums(text, [minor], currency) == []


def test_another_sum_than_the_ledgers_is_found():
    assert wrong_sums("¥620.50 and ¥10", [62_050], "CNY") == [Decimal(10)]
    assert wrong_sums("欠款500元", [62_050], "CNY") == [Decimal(500)]


@pytest.mark.parametrize(
    ("text", "encoding", "parts_", "size"),
    [
        ("a" * 160, "GSM-7", 1, 160),
        ("a" * 161, "GSM-7", 2, 161),
        ("a" * 306, "GSM-7", 2, 306),
        ("a" * 307, "GSM-7", 3, 307),
        ("€" * 80, "GSM-7", 1, 160),
        ("€" * 81, "GSM-7", 2, 162),
        ("a" * 152 + "€" + "a" * 100, "GSM-7", 2, 254),
        ("字" * 70, "UCS-2", 1, 70),
        ("字" * 71, "UCS-2", 2, 71),
        ("字" * 135, "UCS-2", 3, 135),
        ("😀" * 35, "UCS-2", 1, 70),
        ("😀" * 36, "UCS-2", 2, 72),
        ("", "GSM-7", 1, 0),
    ],
)
def test_parts_of_a_text_message(text, encoding, parts_, size):
    found = length(text, "sms")
    assert (found.encoding, found.parts, found.characters) == (encoding, parts_, size)


@given(st.text(max_size=700))
def test_every_character_finds_its_part(text):
    found = length(text, "sms")
    room = {"GSM-7": 153, "UCS-2": 67}[found.encoding]
    assert found.parts == 1 or (found.parts - 1) * (room - 1) < found.characters <= found.parts * room


def test_what_comes_with_forbear_passes_every_check():
    every = list(shipped())
    assert {d.step.name for _, d in every} >= {
        "before_due", "due_today", "late_1_7", "promise_broken", "plan_offer", "payment_received", "call",
    }  # fmt: skip
    for name in {d.step.name for _, d in every}:
        assert {d.language for _, d in every if d.step.name == name} == {"zh", "en"}
    for _, one in every:
        assert checked(one).faults == (), one


@pytest.mark.parametrize(
    "body",
    [
        GOOD.replace("{stop_word}", ""),
        GOOD.replace("{phone}", ""),
        GOOD.replace("{lender}", "某公司"),
        GOOD.replace("{arrears}", "500元"),
        GOOD + "再不还就让你全家不得安宁，打断你的腿",
        GOOD.replace("{arrears}", "{arears}"),
        GOOD + "好" * 2_000,
        "",
    ],
)
def test_what_may_not_be_kept_is_told(body):
    assert checked(draft()).faults == ()
    assert checked(draft(body)).faults


def test_every_part_has_a_citation_and_says_whether_it_was_seen():
    for place in ("cn", "uk", "us"):
        assert {part.name for part in parts()[place]} == {"who", "stop", "dispute"}
        for part in parts()[place]:
            assert part.citation
            assert set(part.variables) <= set(variables())


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "start: a\nsteps: {b: {say: hi}}",
        "start: a\nsteps: {a: {say: hi, go: {x: c}}}",
        "start: a\nsteps: {a: {say: hi}, b: {say: lost}}",
        "start: a\nsteps: {a: {say: 'you owe {arrears}'}}",
        "start: a\nsteps: {a: {say: 'you owe {arrears}', after: identified}}",
        "start: a\nsteps: {a: {say: hi, after: whenever}}",
    ],
)
def test_a_script_that_does_not_hold_together_is_refused(text):
    with pytest.raises(WrongUse):
        read_script(text)


def test_a_link_opens_its_own_purpose_for_a_time(settings):
    from django.core import signing

    address = link("see", "B1")
    token = address.rsplit("/", 1)[1]
    assert borrower_of("see", token) == "B1"
    for purpose in ("stop", "dispute", "admin"):
        assert borrower_of(purpose, token) is None
    assert borrower_of("see", token[:-1] + ("A" if token[-1] != "A" else "B")) is None
    old = signing.dumps("B1", salt="forbear.link.see")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signing.time, "time", lambda: 4e9)
        assert borrower_of("see", old) is None


@given(st.text(max_size=60), st.text(max_size=60))
def test_what_changed_gives_both_texts_back(before, after):
    found = list(changes(before, after))
    assert "".join(text for kind, text in found if kind != "ins") == before
    assert "".join(text for kind, text in found if kind != "del") == after
