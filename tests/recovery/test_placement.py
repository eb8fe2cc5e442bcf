"""Who is placed where, what it costs, what a file may hold."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrage import x25519

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.recovery.placement import (
    Agency,
    Candidate,
    Result,
    allocate,
    commission,
    due_back,
    expected_net,
    proven,
    rate_of,
    segment_of,
    settings,
)
from forbear.recovery.placement_files import columns, placement_file, reported

TWO = [Agency("A1", 10_000, "standard"), Agency("A2", 10_000, "standard")]
CASES = [Candidate(f"C{n}", 100_000 + n, 60 + n % 500) for n in range(2_000)]


@pytest.mark.parametrize(
    ("schedule", "dpd", "rate"),
    [
        ("standard", 0, "0.20"),
        ("standard", 89, "0.20"),
        ("standard", 90, "0.25"),
        ("standard", 999, "0.35"),
        ("flat", 500, "0.22"),
    ],
)
def test_commission_by_schedule(schedule: str, dpd: int, rate: str) -> None:
    assert rate_of(schedule, dpd) == Decimal(rate)
    assert commission(schedule, 100_00, dpd) == int(Decimal(rate) * 100_00)


def test_commission_is_exact_and_refuses_what_is_none() -> None:
    assert commission("flat", 333, 0) == 73  # 73.26
    with pytest.raises(WrongUse):
        commission("flat", -1, 0)
    with pytest.raises(WrongUse, match="generous"):
        commission("generous", 1, 0)


@given(st.integers(0, 10**9), st.integers(0, 2000), st.sampled_from(["standard", "flat"]))
def test_commission_never_passes_its_most(recovered: int, dpd: int, schedule: str) -> None:
    most = Decimal(settings()["commission"][schedule]["most"])
    assert 0 <= commission(schedule, recovered, dpd) <= recovered * most + 1


def test_results_count_more_the_more_cases_chance_gave() -> None:
    prior = segment_of(100)["agency"]
    few = proven([Result("A1", "90-179", 2, 2_000, 2_000)])["A1", "90-179"]
    many = proven([Result("A1", "90-179", 4_000, 4_000_000, 1_000_000)])["A1", "90-179"]
    assert prior < few < 0.2
    assert many == pytest.approx(0.25, abs=0.003)


def test_a_share_goes_by_lot_and_evenly() -> None:
    made = allocate(CASES, TWO, [], "seed")
    lots = [one for one in made if one.randomised]
    assert len(lots) / len(made) == pytest.approx(settings()["place"]["explore"], abs=0.03)
    assert sum(one.agency_id == "A1" for one in lots) / len(lots) == pytest.approx(0.5, abs=0.08)
    assert made == allocate(list(reversed(CASES)), TWO, [], "seed")
    assert made != allocate(CASES, TWO, [], "another")


def test_the_rest_goes_to_the_one_that_proved_better_but_never_more_than_it_has_room_for() -> None:
    better = [Result("A2", row["name"], 500, 500_000, 200_000) for row in settings()["segment"]]
    chosen = {one.agency_id for one in allocate(CASES, TWO, better, "s") if not one.randomised}
    assert chosen == {"A2"}
    small = [Agency("A1", 3, "standard"), Agency("A2", 5, "standard")]
    made = allocate(CASES, small, better, "s")
    assert sum(one.agency_id == "A2" for one in made) == 5
    assert sum(one.agency_id == "A1" for one in made) == 3


@given(
    st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 800)), max_size=60),
    st.integers(0, 20),
    st.integers(0, 20),
)
def test_no_case_twice_none_too_early_none_over_capacity(
    drawn: list[tuple[int, int]], first: int, second: int
) -> None:
    cases = [Candidate(f"C{n}", owed, dpd) for n, (owed, dpd) in enumerate(drawn)]
    made = allocate(cases, [Agency("A1", first, "standard"), Agency("A2", second, "flat")], [], "s")
    by_id = {one.case_id: one for one in cases}
    assert len({one.case_id for one in made}) == len(made)
    for name, room in (("A1", first), ("A2", second)):
        assert sum(one.agency_id == name for one in made) <= room
    for one in made:
        assert by_id[one.case_id].dpd >= settings()["place"]["earliest_dpd"]
        assert one.randomised or one.expected_net > 0


def test_an_agency_that_costs_more_than_it_brings_gets_none() -> None:
    poor = [Result("A1", row["name"], 10_000, 10_000_000, 0) for row in settings()["segment"]]
    assert allocate(CASES, TWO[:1], poor, "s") == []
    assert expected_net(Candidate("C", 100_000, 100), TWO[0], proven(poor)) < 0


def test_when_a_placement_comes_back() -> None:
    day = date(2026, 1, 1)
    told = settings()["place"]

    def back(days: int, contact: int | None = None, owed: int = 1, stopped: bool = False) -> str:
        last = None if contact is None else day + timedelta(days=contact)
        return due_back(day, last, day + timedelta(days=days), owed=owed, stopped=stopped)

    assert back(1) == ""
    assert back(1, owed=0) == "paid"
    assert back(1, stopped=True) == "stopped"
    assert back(told["idle_days"]) == "idle"
    assert back(told["idle_days"], contact=10) == ""
    assert back(told["term_days"], contact=told["term_days"] - 1) == "term"


def test_a_file_holds_the_white_list_alone_and_only_the_agency_reads_it() -> None:
    key, other = x25519.Identity.generate(), x25519.Identity.generate()
    row = dict.fromkeys(columns(), "1") | {"name": "=样女士"}
    made = placement_file([row], str(key.to_public()))
    assert "样女士".encode() not in made
    text = bytes(pyrage.decrypt(made, [key])).decode()
    assert text.splitlines()[0] == ",".join(columns())
    assert "'=样女士" in text
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(made, [other])
    with pytest.raises(WrongUse, match="identity_number"):
        placement_file([row | {"identity_number": "1"}], str(key.to_public()))
    with pytest.raises(WrongUse, match="public key"):
        placement_file([row], "AGE-SECRET-KEY-1")
    assert not {"identity_number", "address", "employer", "contact_phone", "contact_name"} & set(columns())


GOOD = (
    "placement_id,at,channel,result,party,identified\n7,2026-07-01T10:00:00+08:00,call,conversation,borrower,true\n"
)


def test_contacts_that_come_back() -> None:
    one = next(reported(GOOD.encode()))
    assert (one.placement_id, one.channel, one.facts) == ("7", "call", {"identified": "true"})
    assert one.at.isoformat() == "2026-07-01T10:00:00+08:00"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "columns missing"),
        ("placement_id,at\n", "columns missing: channel"),
        (GOOD.replace("+08:00", ""), "row 2, at"),
        (GOOD.replace(",call,", ",pigeon,"), "row 2, channel"),
        (GOOD.replace("conversation", "shouted"), "row 2, result"),
        (GOOD + "8,x\n", "row 3 has 2 cells"),
        ("\x00", "columns missing"),
    ],
)
def test_what_is_no_contact_names_its_place(text: str, says: str) -> None:
    with pytest.raises(UnreadableFile, match=says):
        list(reported(text.encode()))
