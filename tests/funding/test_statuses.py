"""Roll rates and vintages from statuses: by hand, against a naive count, on the real books, and against the night."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forbear.aging.states import Buckets, Kind, meaning, ordered
from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.book import open_book
from forbear.book.sample import make_sample
from forbear.funding.statuses import Panel, panel_of_accounts, panel_of_book, rolls, vintages
from forbear.funding.statuses.answer import answer
from forbear.night import close

DATA = Path(os.environ.get("FORBEAR_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "data"
Status = tuple[str, str, str, str, str]


@pytest.fixture
def panel(tmp_path):
    """Makes a panel from (loan, date, state, dpd, balance)."""
    connection = duckdb.connect()

    def made(statuses: list[Status], **options) -> Panel:
        return _panel(tmp_path, connection, statuses, **options)

    yield made
    connection.close()


def _panel(folder: Path, connection: duckdb.DuckDBPyConnection, statuses: list[Status], **options) -> Panel:
    with (folder / "statuses.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(
            [("loan_id", "on_date", "state", "dpd", "balance"), *statuses]
        )
    return panel_of_book(open_book(folder, connection), **options)


def told(made: Panel) -> dict:
    return answer(made, rolls(made), vintages(made))


def cells(made: Panel) -> dict[tuple[str, str], int]:
    rolled = rolls(made)
    return {(a, b): n for a, row in zip(rolled.states, rolled.count, strict=True)
            for b, n in zip(rolled.states, row, strict=True) if n}  # fmt: skip


HAND = [
    ("A", "2026-01-31", "M0", "0", "100.00"),
    ("A", "2026-02-28", "M1", "12", "100.00"),
    ("A", "2026-03-31", "M0", "0", "60.00"),
    ("B", "2026-01-31", "M0", "0", "300.00"),
    ("B", "2026-02-28", "M0", "0", "250.00"),
    ("B", "2026-03-31", "closed", "0", "0.00"),
    ("C", "2026-01-31", "M2", "40", "80.00"),
    ("C", "2026-03-31", "M4", "99", "80.00"),
]
"""C is not seen in February: it makes no move."""


def test_moves_are_between_neighboring_months_only(panel):
    made = panel(HAND)
    assert cells(made) == {("M0", "M1"): 1, ("M1", "M0"): 1, ("M0", "M0"): 1, ("M0", "closed"): 1}
    assert rolls(made).transitions == 4


def test_shares_weigh_by_the_opening_balance(panel):
    grid = told(panel(HAND))["rolls"]
    row = dict(zip(grid["states"], grid["balance"]["percent"][0], strict=True))
    # M0 opened with 100 and 300 in January and 250 in February; 100 went to M1, 300 stayed, 250 was paid in full.
    assert row == {"M0": 46.154, "M1": 15.385, "M2": 0.0, "M4": 0.0, "closed": 38.462}
    assert grid["balance"]["totals"][0] == "650.00"
    assert grid["weighted_by"] == "opening"


def test_better_same_and_worse(panel):
    moved = told(panel(HAND))["movement"]
    assert {way: moved[way]["count"] for way in moved} == {"better": 2, "same": 1, "worse": 1}


def test_the_last_status_of_a_month_counts_and_the_others_are_told(panel):
    made = panel([*HAND, ("A", "2026-02-10", "M3", "70", "100.00")])
    assert cells(made) == cells(panel(HAND))
    assert made.repeated == 1
    assert any("1 statuses passed over" in note for note in told(made)["notes"])


def test_from_date_to_date_when_asked(panel):
    made = panel([("A", "2026-01-10", "M0", "0", "1.00"), ("A", "2026-01-20", "M1", "5", "1.00")], every="date")
    assert cells(made) == {("M0", "M1"): 1}


def test_a_vintage_counts_only_accounts_whose_record_reaches_so_far(panel):
    curve = {p["mob"]: (p["accounts"], p["late"]) for p in told(panel(HAND))["vintages"]["together"]["30"]}
    # C was late from the beginning; all three records reach month 2.
    assert curve == {0: (3, 1), 1: (3, 1), 2: (3, 1)}
    short = panel(HAND[:2] + HAND[3:4])
    assert {p.mob: p.accounts for p in vintages(short).together[30]} == {0: 2, 1: 1}


def test_states_nobody_understands_become_ranges_of_days(panel):
    rows = [(a, b, f"code {c}", d, e) for a, b, c, d, e in HAND]
    made = panel(rows)
    assert rolls(made).states == ("0", "1-30", "31-60", "91+")
    narrow = panel(rows, buckets=Buckets((0, 15)))
    assert rolls(narrow).states == ("0", "1-15", "16+")


def test_states_without_meaning_and_days_are_named_and_kept_out_of_vintages(panel):
    made = panel([("A", "2026-01-31", "limbo", "", ""), ("A", "2026-02-28", "M2", "40", "")])
    assert made.unknown == ("limbo",)
    assert cells(made) == {("limbo", "M2"): 1}
    assert any("limbo" in note for note in told(made)["notes"])


@pytest.mark.parametrize(
    ("name", "kind", "first_day"),
    [
        ("M0", Kind.active, 0),
        ("m1", Kind.active, 1),
        ("M7+", Kind.active, 181),
        ("0", Kind.active, 0),
        ("3", Kind.active, 90),
        ("31-60", Kind.active, 31),
        ("61–90 days", Kind.active, 61),
        ("91+", Kind.active, 91),
        ("31至60天", Kind.active, 31),
        ("正常", Kind.active, 0),
        ("已结清", Kind.closed, None),
        ("C", Kind.closed, None),
        ("X", Kind.absent, None),
        ("核销", Kind.lost, 100_000),
        ("limbo", Kind.unknown, None),
    ],
)
def test_words_of_other_books(name, kind, first_day):
    assert (meaning(name).kind, meaning(name).dpd_from) == (kind, first_day)


def test_states_stand_from_good_to_bad(panel):
    names = [s.name for s in ordered(["closed", "M1", "X", "核销", "M0", "limbo", "M7+"])]
    assert names == ["M0", "M1", "M7+", "核销", "limbo", "closed", "X"]


@pytest.mark.parametrize(
    ("options", "message"),
    [({"by": "dpd"}, "limbo carry no days past due"), ({"by": "word"}, "'word'"), ({"every": "year"}, "'year'")],
)
def test_what_cannot_be_asked_is_refused(panel, options, message):
    with pytest.raises(WrongUse, match=message):
        panel([("A", "2026-01-31", "limbo", "", "")], **options)


STATES = st.sampled_from(["M0", "M1", "M2", "M3", "closed"])
RECORDS = st.dictionaries(
    st.tuples(st.integers(0, 5), st.integers(1, 9)),
    st.tuples(STATES, st.integers(0, 10**6)),
    min_size=1,
    max_size=40,
)


@settings(max_examples=40, deadline=None)
@given(records=RECORDS)
def test_every_count_and_balance_is_that_of_a_naive_walk(records, tmp_path_factory):
    """Each loan followed month by month in Python, minor units in integers."""
    counts, money = Counter(), Counter()
    for (loan, month), (state, _) in records.items():
        if (loan, month - 1) in records:
            before, owed = records[loan, month - 1]
            counts[before, state] += 1
            money[before, state] += owed
    statuses = [(f"L{loan}", f"2026-{month:02}-28", state, "", f"{owed / 100:.2f}")
                for (loan, month), (state, owed) in records.items()]  # fmt: skip
    with duckdb.connect() as connection:
        rolled = rolls(_panel(tmp_path_factory.mktemp("book"), connection, statuses))
    grid = [(a, b) for a in rolled.states for b in rolled.states]
    assert {pair: n for pair, n in zip(grid, sum(rolled.count, ()), strict=True) if n} == dict(counts)
    if counts:
        found = {pair: n for pair, n in zip(grid, sum(rolled.balance, ()), strict=True) if n}
        assert found == {pair: n for pair, n in money.items() if n}


@pytest.fixture(scope="module")
def closes(tmp_path_factory):
    """Three month ends of one sample book."""
    folder = tmp_path_factory.mktemp("closes")
    make_sample(folder / "book", loans=3000, as_of=date(2026, 6, 30), seed=11)
    days = [date(2026, 4, 30), date(2026, 5, 31), date(2026, 6, 30)]
    return [close(folder / "book", as_of=day, out=folder / day.isoformat(), language="en") for day in days]


def test_closes_side_by_side_roll_as_the_last_one_says(closes):
    """Two ways to the same figures: the night's own months, and the accounts of three closes compared."""
    with duckdb.connect() as connection:
        made = panel_of_accounts([c.out for c in closes], connection)
        rolled, minor = rolls(made), made.minor_digits
    trend = {(r["to_date"][:7], r["from"], r["to"]): r["loans"] for r in closes[-1].portfolio["rolls"]["trend"]}
    for month in rolled.trend:
        counts = {
            (a, b): month.count[i][j] for i, a in enumerate(rolled.states) for j, b in enumerate(rolled.states)
        }
        steps = {step: n for step, n in trend.items() if step[0] == month.month}
        assert steps
        assert {step: counts.get(step[1:], 0) for step in steps} == steps
    latest = {(r["from"], r["to"]): r for r in closes[-1].portfolio["rolls"]["latest"]["rows"]}
    last = rolled.trend[-1]
    names = rolled.states
    counts = {(a, b): last.count[names.index(a)][names.index(b)] for a, b in latest}
    assert counts == {pair: r["loans"] for pair, r in latest.items()}
    assert minor == 2


def test_loans_not_yet_disbursed_are_in_no_state(closes):
    assert closes[0].portfolio["totals"]["not_disbursed"] > 0
    with duckdb.connect() as connection:
        made = panel_of_accounts([c.out for c in closes[:2]], connection)
    assert made.rows == sum(c.portfolio["totals"]["loans"] for c in closes[:2])


def test_what_is_no_close_is_refused(closes, tmp_path):
    with duckdb.connect() as connection:
        with pytest.raises(UnreadableFile, match="cannot be read"):
            panel_of_accounts([tmp_path / "accounts.parquet"], connection)
        with pytest.raises(WrongUse, match="two of the files are closes as of 2026-04-30"):
            panel_of_accounts([closes[0].out, closes[0].out], connection)
        (tmp_path / "accounts.parquet").write_bytes((closes[0].out / "accounts.parquet").read_bytes())
        with pytest.raises(UnreadableFile, match="nothing tells the date"):
            panel_of_accounts([tmp_path], connection)


def forbear(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from forbear.cli import main; main()", "rolls", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_on_closes(closes, tmp_path):
    said = forbear(*(c.out for c in closes), "--out", tmp_path / "out", "--format", "json")
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout) == json.loads((tmp_path / "out" / "rolls.json").read_text(encoding="utf-8"))
    lines = list(csv.DictReader((tmp_path / "out" / "rolls.csv").open(encoding="utf-8")))
    assert sum(int(line["moves"]) for line in lines) == json.loads(said.stdout)["transitions"]
    assert (tmp_path / "out" / "vintages.csv").is_file()


def test_statuses_of_one_day_have_no_shares_of_moves(tmp_path):
    (tmp_path / "statuses.csv").write_text("loan_id,on_date,state\nA,2026-01-31,M0\n")
    said = forbear(tmp_path)
    assert said.returncode == 0, said.stderr
    assert "0 moves, 2026-01-31 to 2026-01-31; better none, same none, worse none" in " ".join(said.stdout.split())


def test_the_printed_table_is_never_cut(tmp_path):
    """Wider than the 80 columns that a pipe is taken for."""
    states = [f"{first}-{first + 9}" for first in range(0, 150, 10)]
    lines = [f"L{i},2026-0{month}-28,{states[-i]},,9000000.00" for i in range(15) for month in (1, 2)]
    (tmp_path / "statuses.csv").write_text(
        "\n".join(["loan_id,on_date,state,dpd,balance", *lines, ""]), encoding="utf-8"
    )
    said = forbear(tmp_path, "--by", "balance")
    assert said.returncode == 0, said.stderr
    assert said.stdout.splitlines()[1].split() == ["from\\to", *states, "balance"]
    assert said.stdout.splitlines()[2].split() == ["0-9", "100.000", *["0.000"] * 14, "9000000.00"]


def test_the_command_refuses_a_book_of_events_and_faults(closes, tmp_path):
    book = closes[0].out.parent / "book"
    refused = forbear(book)
    assert refused.returncode == 2
    assert "no statuses" in refused.stderr
    lines = (
        "loan_id,on_date,state,dpd,balance",
        "A,2026-01-31,M0,-1,5.00",
        "A,2026-02-28,M0,0,5.00",
        "B,2026-02-28,M0,0,5.00",
    )
    text = "\n".join((*lines, ""))
    (tmp_path / "statuses.csv").write_text(text, encoding="utf-8")
    assert forbear(tmp_path).returncode == 1
    left = forbear(tmp_path, "--quarantine", "--format", "json")
    assert left.returncode == 0, left.stderr
    assert json.loads(left.stdout)["loans"] == 1
    assert "left out 1 loans" in left.stderr


def test_bad_buckets_are_wrong_use(tmp_path):
    for bad in ("30,0", "a,b", "0,0"):
        assert forbear(tmp_path, "--buckets", bad).returncode == 2


def real(name: str) -> dict:
    """What the statuses of a real book say, through its shipped mapping."""
    if not (DATA / name).is_dir():
        pytest.skip(f"{name} is not at {DATA}")
    with duckdb.connect() as connection:
        return told(panel_of_book(open_book(DATA / name, connection, mapping=name)))


def row(found: dict, state: str, measure: str = "count") -> list:
    return found["rolls"][measure]["percent"][found["rolls"]["states"].index(state)]


def test_credit_record_monthly():
    """Figures of the data's own notes, computed there with pandas."""
    found = real("credit_record_monthly")
    assert (found["loans"], found["transitions"]) == (36_801, 802_604)
    assert found["rolls"]["states"] == ["0", "1", "2", "3", "4", "5", "C", "X"]
    assert row(found, "1") == [50.012, 31.410, 5.408, 0.058, 0, 0.012, 9.324, 3.776]
    assert row(found, "3") == [8.203, 3.906, 6.641, 8.984, 60.156, 0.781, 6.641, 4.688]
    assert row(found, "X") == [16.029, 0.231, 0.019, 0.003, 0.003, 0.023, 1.043, 82.648]
    ever = {p["mob"]: (p["percent"], p["accounts"]) for p in found["vintages"]["together"]["60"]}
    assert (ever[6], ever[12], ever[24]) == ((0.610, 31_471), (1.408, 24_714), (2.219, 14_692))


def test_delinquency_snapshot_2012():
    found = real("delinquency_snapshot_2012")
    assert found["rolls"]["count"]["cells"][1:] == [
        [41, 215, 65, 0, 0],
        [6, 0, 52, 46, 0],
        [2, 0, 0, 26, 2],
        [7, 0, 0, 0, 15],
    ]
    assert [round(p, 2) for p in row(found, "1-30", "balance")] == [8.47, 70.48, 21.05, 0, 0]
    assert [round(p, 2) for p in row(found, "91+", "balance")] == [21.14, 0, 0, 0, 78.86]
    assert {way: m["percent"] for way, m in found["movement"].items()} == {
        "better": 13.63,
        "same": 20.55,
        "worse": 65.83,
    }
    pairs = list(pairwise(found["rolls"]["dpd_from"]))
    assert all(a < b for a, b in pairs)
