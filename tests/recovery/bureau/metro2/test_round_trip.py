"""A file is written back byte for byte, whatever its form and its faults, from values and from JSON."""

from __future__ import annotations

import json
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.recovery.bureau import metro2
from forbear.recovery.bureau.metro2 import Form
from forbear.recovery.bureau.metro2.converting import converted
from tests.recovery.bureau.metro2 import samples

SOUND = {
    "plain": samples.plain(),
    "no last break": samples.plain(last=""),
    "crlf": samples.plain("\r\n"),
    "no breaks": samples.plain(""),
    "full": samples.full(),
    "full, lines": samples.full(breaks="\n"),
    "fixed": samples.full(fixed=True),
    "fixed, crlf": samples.full(fixed=True, breaks="\r\n"),
    "packed decimal": samples.packed("decimal"),
    "packed binary": samples.packed("binary"),
    "ebcdic": samples.plain("").decode().encode("cp037"),
    "ebcdic, lines": samples.full(breaks="\n").decode().encode("cp037"),
}
ALL = {**SOUND, **{f"quirky {n}": one for n, one in enumerate(samples.quirky())}}


@pytest.mark.parametrize("raw", ALL.values(), ids=ALL)
def test_read_and_written_back_is_the_same(raw: bytes) -> None:
    file = metro2.read(raw)
    assert metro2.write(file) == raw
    assert metro2.write(metro2.from_json(json.loads(json.dumps(metro2.to_json(file))))) == raw


@pytest.mark.parametrize("raw", SOUND.values(), ids=SOUND)
def test_values_are_the_same_in_every_form(raw: bytes) -> None:
    file = metro2.read(raw)
    assert [one.kind for one in file.records] == ["header", "base", "trailer"]
    own = file.records[1].own
    assert own.get("consumer_account_number") == "LN0001"
    assert own.get("account_status") == "71"
    assert own.get("current_balance") == 4200
    assert own.get("time_stamp") == "2026-10-31T12:00:00"
    assert own.get("date_of_first_delinquency") == "2026-09-30"
    assert own.get("date_closed") is None
    assert own.get("social_security_number") == "219099999"
    assert file.records[2].own.get("total_base_records") == 1
    assert not own.as_read


def test_all_segments_are_read() -> None:
    record = metro2.read(samples.full()).records[1]
    assert [one.kind for one in record.segments] == ["base", "j1", "j2", "k1", "k2", "k3", "k4", "l1", "n1"]
    by_kind = {one.kind: one for one in record.segments}
    assert by_kind["j2"].get("city") == "PEORIA"
    assert by_kind["k1"].get("creditor_classification") == "12"
    assert by_kind["k4"].get("deferred_payment_start_date") == "2027-01-15"
    assert by_kind["n1"].get("employer_name") == "HARBOR BAKERY"


@pytest.mark.parametrize(
    ("first", "second"), [*product(("full", "packed decimal", "packed binary", "ebcdic"), repeat=2)]
)
def test_forms_change_into_each_other(first: str, second: str) -> None:
    one = metro2.read(SOUND[first])
    other = metro2.read(metro2.write(converted(one, metro2.read(SOUND[second]).form)))
    values = [{**s.values, "record_length": 0} for r in one.records for s in r.segments]
    assert [{**s.values, "record_length": 0} for r in other.records for s in r.segments] == values
    back = converted(other, one.form)
    assert metro2.write(converted(one, one.form)) == metro2.write(back)


def test_fixed_records_are_all_as_long_as_the_longest() -> None:
    file = converted(metro2.read(samples.full()), Form(), records="fixed", breaks="crlf")
    lines = metro2.write(file).split(b"\r\n")
    assert {len(one) for one in lines[:-1]} == {len(lines[0])}
    assert not [one for one in metro2.check(metro2.read(metro2.write(file))) if one.rule == "record-length"]


def test_a_changed_value_is_written_anew_and_the_rest_stays() -> None:
    raw = samples.quirky()[-1]
    told = metro2.to_json(metro2.read(raw))
    own = told["records"][1]["segments"][0]
    assert own["current_balance"] == " 4,200.00"
    own["current_balance"] = 4200
    mended = metro2.write(metro2.from_json(told))
    assert mended == raw.replace(b" 4,200.00", b"000004200")


def test_totals_are_counted_anew() -> None:
    file = metro2.read(samples.full())
    wrong = metro2.to_json(file)
    wrong["records"][2]["segments"][0]["total_j1_segments"] = 9
    again = metro2.with_trailer(metro2.from_json(wrong))
    assert metro2.write(again) == samples.full()


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ([], "no Metro 2 file"),
        ({"format": "metro2", "records": [{}]}, "record 1: it has no segments"),
        ({"format": "metro2", "records": [{"segments": [{"kind": "x9"}]}]}, "no segment is called 'x9'"),
        ({"format": "metro2", "records": [{"segments": [{"kind": "k1", "nam": 1}]}]}, "no field is called 'nam'"),
        ({"format": "metro2", "records": [{"segments": [{"kind": "k1", "original_creditor_name": [1]}]}]}, "k1"),
    ],
)
def test_json_of_another_form_is_refused(told: object, says: str) -> None:
    with pytest.raises(WrongUse, match=says):
        metro2.from_json(told)


def test_a_value_too_long_names_its_place() -> None:
    told = metro2.to_json(metro2.read(samples.plain()))
    told["records"][1]["segments"][0]["surname"] = "A" * 26
    with pytest.raises(WrongUse, match="record 2, segment base: Surname"):
        metro2.write(metro2.from_json(told))
    told["records"][1]["segments"][0]["surname"] = "李"
    with pytest.raises(WrongUse, match="the format has no"):
        metro2.write(metro2.from_json(told))


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"hello, world\n", b"loan_id,amount\n1,2\n", bytes(5000)])
def test_what_is_no_such_file_is_refused(raw: bytes) -> None:
    with pytest.raises(UnreadableFile):
        metro2.read(raw)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(ALL)), st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=4)), max_size=6))
def test_damaged_files_lose_nothing(name: str, damage: list[tuple[int, bytes]]) -> None:
    raw = bytearray(ALL[name])
    for place, junk in damage:
        at = place % (len(raw) + 1)
        raw[at : at + place % 3] = junk
    try:
        file = metro2.read(bytes(raw))
    except UnreadableFile:
        return
    assert metro2.write(file) == bytes(raw)
    metro2.check(file)
    assert metro2.write(metro2.from_json(metro2.to_json(file))) == bytes(raw)
