"""What is told of an account: true, in both formats, with a first delinquency that never grows younger."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.recovery.bureau import american, metro2, neutral
from forbear.recovery.bureau.accounts import Account, MonthEnd, bad_behavior_ended, first_delinquency
from forbear.recovery.bureau.clocks import clock_of
from forbear.recovery.bureau.reconciling import MISSING, UNKNOWN, differences, held_in_metro2

AS_OF = date(2026, 10, 31)
MADE = datetime(2026, 11, 1, 3, tzinfo=UTC)
REPORTER = american.Reporter(
    "Lantern Lending Inc", "12 Harbor Street, Springfield IL 62701", "LANT01", "2175550100", {"equifax": "EFX1"}
)
ADA = american.person(
    "Ada Quinn Marlow-Reyes", "219-09-9999", "7 Orchard Lane, Apt 3, Springfield, IL 62704", "2175550134"
)


def month_ends(*late: int) -> tuple[MonthEnd, ...]:
    """Month ends before October 2026, the latest first, each so many days late."""
    made, day = [], date(2026, 9, 30)
    for dpd in late:
        made.append(MonthEnd(day, dpd, day - timedelta(days=dpd) if dpd else None))
        day = day.replace(day=1) - timedelta(days=1)
    return tuple(made)


def account(dpd: int = 0, *late: int, **changes: object) -> Account:
    plain = Account(
        loan_id="LN-0001",
        as_of=AS_OF,
        currency="USD",
        opened_on=date(2025, 10, 1),
        original=600_000,
        term_months=24,
        scheduled=35_050,
        balance=420_099,
        past_due=70_100 if dpd else 0,
        dpd=dpd,
        oldest_unpaid_due_on=AS_OF - timedelta(days=dpd) if dpd else None,
        months=month_ends(*late),
        last_paid_on=date(2026, 8, 1),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("dpd", "code"),
    [
        (0, "11"),
        (29, "11"),
        (30, "71"),
        (59, "71"),
        (60, "78"),
        (89, "78"),
        (90, "80"),
        (120, "82"),
        (150, "83"),
        (180, "84"),
        (999, "84"),
    ],
)
def test_statuses_by_days_late(dpd: int, code: str) -> None:
    assert american.status(account(dpd)) == (code, "")


def test_statuses_of_what_has_ended() -> None:
    closed = {"closed_on": AS_OF, "balance": 0, "past_due": 0}
    assert american.status(account(0, 0, **closed)) == ("13", "0")
    assert american.status(account(0, 45, **closed)) == ("13", "1")
    assert american.status(account(0, 200, **closed)) == ("13", "6")
    assert american.status(account(200, charged_off=100, charged_off_on=AS_OF)) == ("97", "")
    assert american.status(account(0, 200, charged_off=100, **closed)) == ("64", "")
    assert american.status(account(95, in_collection=True)) == ("93", "")
    assert american.status(account(0, 95, in_collection=True, **closed)) == ("62", "")


def test_history_is_24_months_with_no_gap_of_unknown() -> None:
    assert american.history(month_ends(0, 30, 65)) == "012" + "B" * 21
    unknown = [*month_ends(0), MonthEnd(date(2026, 8, 31), 0, existed=False), *month_ends(40)]
    assert american.history(unknown) == "0" + "B" * 23
    assert len(american.history(month_ends(*[0] * 40))) == 24


def test_first_delinquency_is_thirty_days_after_the_oldest_due_date_of_the_run() -> None:
    assert first_delinquency(account(29)) is None
    assert first_delinquency(account(30)) == AS_OF
    assert first_delinquency(account(61, 31)) == min(AS_OF - timedelta(31), date(2026, 9, 29))
    # A part payment makes the oldest unpaid installment younger; the run's first delinquency stays.
    assert first_delinquency(account(35, 66, 36, 0)) == date(2026, 8, 25)
    # Cured in between: the new run begins anew.
    assert first_delinquency(account(35, 5, 66, 36)) == AS_OF - timedelta(days=5)


@given(st.lists(st.integers(0, 400), max_size=24), st.integers(0, 400), st.integers(1, 900))
def test_what_was_told_never_moves_forward(late: list[int], dpd: int, days: int) -> None:
    one = account(dpd, *late)
    told = AS_OF - timedelta(days=days)
    found, plain = first_delinquency(one, told), first_delinquency(one)
    assert (found is None) == (plain is None)
    assert found is None or (found <= told and found <= plain)


ACCOUNTS = [
    account(),
    account(0, 0, 45, 0, 12),
    account(45, 15, 0),
    account(200, 170, 140, 110, 80, 50, 20),
    account(0, 45, closed_on=AS_OF, balance=0, past_due=0),
    account(
        0, 200, 170, closed_on=AS_OF, balance=0, settled=True, charged_off=90_000, charged_off_on=date(2026, 8, 1)
    ),
    account(220, 190, 160, charged_off=90_000, charged_off_on=date(2026, 10, 5)),
    account(100, 70, 40, in_collection=True, disputed=True),
    account(40, 10, forbearance=True),
]


def test_files_of_accounts_pass_every_check() -> None:
    rows = [(f"LN-{n}", american.fields(one), ADA) for n, one in enumerate(ACCOUNTS)]
    made = metro2.write(american.file(rows, REPORTER, AS_OF, MADE))
    read = metro2.read(made)
    assert [one.message for one in metro2.check(read)] == []
    assert metro2.write(read) == made
    first = read.records[1].own
    assert (first.get("current_balance"), first.get("highest_credit")) == (4200, 6000)
    assert (first.get("surname"), first.get("middle_name")) == ("MARLOW-REYES", "QUINN")
    assert (first.get("city"), first.get("second_line_of_address")) == ("SPRINGFIELD", "APT 3")


@given(
    st.lists(st.integers(0, 300), max_size=30),
    st.integers(0, 300),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_any_account_makes_a_file_without_errors(
    late: list[int], dpd: int, closed: bool, written_off: bool, disputed: bool
) -> None:
    changes: dict[str, object] = {"disputed": disputed, "opened_on": date(2022, 1, 1)}
    if written_off and (dpd >= 90 or closed):
        changes |= {"charged_off": 90_000, "charged_off_on": date(2026, 9, 1)}
    if closed:
        changes |= {"closed_on": AS_OF, "balance": 0, "past_due": 0}
    one = account(0 if closed else dpd, *late, **changes)
    made = american.file([("A1", american.fields(one), ADA)], REPORTER, AS_OF, MADE)
    assert [
        found.message for found in metro2.check(metro2.read(metro2.write(made))) if found.level == "error"
    ] == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("Ada", "219099999", "7 A St, Peoria, IL 61602"), "name"),
        (("张 三", "219099999", "7 A St, Peoria, IL 61602"), "name"),
        (("Ada Marlow", "219099999", "上海市"), "address"),
        (("Ada Marlow", "", "7 A St, Peoria, IL 61602"), "identity"),
    ],
)
def test_who_cannot_be_told_is_refused_without_her_data(given: tuple[str, str, str], says: str) -> None:
    with pytest.raises(WrongUse, match=f"^{says}") as refused:
        american.person(*given)
    assert given[0] not in str(refused.value)


def test_the_neutral_format_and_back() -> None:
    cn = [replace(one, currency="CNY") for one in ACCOUNTS]
    rows = [neutral.Told(f"L{n}", neutral.fields(one), {"name": "样例"}) for n, one in enumerate(cn)]
    made = neutral.adapter().write(rows, AS_OF, MADE, "样例小贷")
    held = neutral.adapter().read(made)
    assert held["L0"]["repayment_24"] == "N" + "*" * 23
    assert held["L2"]["repayment_24"] == "21N" + "*" * 21
    assert held["L3"]["state"] == "逾期"
    assert held["L3"]["past_due"] == "701.00"
    assert held["L4"]["repayment_24"].startswith("C2")
    assert held["L6"]["state"] == "呆账"
    assert list(differences(held, {row.account: row.fields for row in rows})) == []
    with pytest.raises(UnreadableFile, match="last line"):
        neutral.adapter().read(made.replace(b"701.00", b"700.00"))
    with pytest.raises(UnreadableFile):
        neutral.adapter().read(b"".join(made.splitlines(keepends=True)[:-1]))
    with pytest.raises(UnreadableFile):
        neutral.adapter().read(b"\xff\xfe")
    with pytest.raises(WrongUse):
        neutral.adapter("no.such:Thing")


def test_when_bad_behavior_ended() -> None:
    assert bad_behavior_ended(account(5)) is None
    assert bad_behavior_ended(account(0, 0, 0)) is None
    assert bad_behavior_ended(account(0, 0, 12, 40)) == date(2026, 9, 30)
    assert bad_behavior_ended(account(0, 12)) == AS_OF
    assert bad_behavior_ended(account(0, 12, closed_on=date(2026, 10, 8))) == date(2026, 10, 8)
    assert bad_behavior_ended(account(0, 12, charged_off=5, charged_off_on=date(2026, 9, 1))) is None


def test_clocks() -> None:
    assert clock_of("cn").dispute_due_on(date(2026, 3, 2)) == date(2026, 3, 22)
    assert clock_of("us").dispute_due_on(date(2026, 3, 2)) == date(2026, 4, 1)
    assert clock_of("cn").expires_on({"bad_behavior_ended_on": "2024-02-29"}) == date(2029, 2, 28)
    assert clock_of("us").expires_on({"date_of_first_delinquency": "2026-09-30"}) == date(2033, 9, 30)
    assert clock_of("us").expires_on({"date_of_first_delinquency": None}) is None
    assert clock_of("mars").dispute_days == 20


def test_differences_by_field() -> None:
    rows = [("A1", american.fields(account(45, 15)), ADA), ("A2", american.fields(account()), ADA)]
    held = held_in_metro2(metro2.write(american.file(rows, REPORTER, AS_OF, MADE)))
    true = {"A1": american.fields(account(45, 15, balance=420_200)), "A3": american.fields(account())}
    found = [(one.account, one.field, one.held, one.true) for one in differences(held, true)]
    assert found == [("A1", "current_balance", "4200", "4202"), ("A2", "", "", UNKNOWN), ("A3", "", MISSING, "")]
