"""Features: what they say of a hand-made loan, that no future moves them, that both engines agree."""

from __future__ import annotations

import shutil
import sys
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import risk_books as small

from forbear.basics.errors import WrongUse
from forbear.book import open_book
from forbear.risk.frame import catalog, frame_of, made_tables, moments_table
from forbear.risk.panel import scoring_blocks, scoring_frame, scoring_moments
from forbear.risk.placed import WRITTEN
from forbear.risk.tables import risk_tables


def all_moments(book, days):
    pairs = book.connection.execute("SELECT loan_id FROM book.loans ORDER BY 1").fetchall()
    return moments_table([(loan, day) for day in days for (loan,) in pairs])


def write(folder: Path, **tables: str) -> Path:
    folder.mkdir(parents=True)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


LOANS = """loan_id,borrower_id,disbursed_on,principal,annual_rate,term,x_city,x_seen,x_seen_known_on,x_when
A,P,2025-01-10,300,0,3,Wuxi,7,2025-03-01,2025-02-01
B,P,2025-03-20,100,0,1,,9,2025-09-01,2026-01-01
"""
INSTALLMENTS = """loan_id,number,due_on,principal_due,interest_due
A,1,2025-02-10,100,0
A,2,2025-03-10,100,0
A,3,2025-04-10,100,0
B,1,2025-04-20,100,0
"""
PAYMENTS = """payment_id,loan_id,paid_on,amount
1,A,2025-02-08,100
2,A,2025-03-15,60
3,A,2025-03-20,40
4,A,2025-05-01,100
"""


@pytest.fixture
def hand_made(tmp_path):
    folder = write(tmp_path / "hand", loans=LOANS, installments=INSTALLMENTS, payments=PAYMENTS)
    return open_book(folder, duckdb.connect())


def of_moment(book, loan, day, **more):
    frame = frame_of(book, moments_table([(loan, day)]), date(2025, 12, 31), **more)
    row = {name: float(frame.numbers[0, i]) for i, name in enumerate(frame.columns)}
    return frame, row


def test_a_loan_in_the_middle_of_its_life(hand_made):
    frame, row = of_moment(hand_made, "A", date(2025, 3, 25), outcomes=True)
    assert (row["dues_past_count"], row["lates"], row["last_days"], row["last2_days"]) == (2, 1, 10, -2)
    assert (row["kept_streak"], row["broken_streak"]) == (0, 1)
    assert row["dpd"] == 0
    assert row["days_to_due"] == 16
    assert (row["others"], row["others_open"]) == (1, 1)
    assert row["burden_30d"] == pytest.approx(200 / 300)  # its own third installment and B's only one
    assert np.isnan(row["since_festival"]) == (hand_made.currency != "CNY")
    outcome = {name: float(v[0]) for name, v in frame.outcomes.items()}
    assert outcome["next_late_days"] == 21
    assert outcome["paid_30d_after"] == 0
    assert np.isnan(outcome["cure_days"]) or outcome["cure_days"] == -5


def test_arrears_and_what_cures_them(hand_made):
    frame, row = of_moment(hand_made, "A", date(2025, 3, 17), outcomes=True)
    assert (row["dpd"], row["overdue_count"], row["arrears_ratio"]) == (7, 1, pytest.approx(40 / 300))
    assert frame.outcomes["cure_days"][0] == 3
    assert frame.marks["arrears"][0] == 4000


def test_an_unpaid_loan_goes_on_to_ninety_days(hand_made):
    frame, _ = of_moment(hand_made, "B", date(2025, 5, 20), outcomes=True)
    assert frame.outcomes["days_to_60"][0] == 30
    assert frame.outcomes["days_to_90"][0] == 60
    assert np.isnan(frame.outcomes["cure_days"][0])
    assert frame.outcomes["dpd_in_30d"][0] == 60


def test_a_column_is_blank_until_the_day_it_was_known(hand_made):
    before, after = of_moment(hand_made, "A", date(2025, 2, 20)), of_moment(hand_made, "A", date(2025, 3, 1))
    assert np.isnan(before[1]["x_seen"])
    assert after[1]["x_seen"] == 7
    assert before[1]["x_when"] == 19  # days since that date
    assert np.isnan(of_moment(hand_made, "B", date(2025, 5, 1))[1]["x_when"])  # a date in the future is not shown
    assert "x_seen_known_on" not in before[0].columns
    assert list(before[0].texts["x_city"]) == ["Wuxi"]


@pytest.mark.parametrize(("first", "second"), [("soon", "2025-09-01"), ("7", "8")])
def test_a_day_known_that_is_no_day_is_refused_where_it_stands(tmp_path, first, second):
    loans = LOANS.replace("2025-03-01", first).replace("2025-09-01", second)
    book = open_book(
        write(tmp_path / "b", loans=loans, installments=INSTALLMENTS, payments=PAYMENTS), duckdb.connect()
    )
    with pytest.raises(WrongUse, match=rf"loans\.csv, row 2, column x_seen_known_on: '?{first}'? is no day"):
        of_moment(book, "A", date(2025, 3, 1))


def test_a_column_that_was_never_known_is_blank(tmp_path):
    loans = LOANS.replace("2025-03-01", "").replace("2025-09-01", "")
    book = open_book(
        write(tmp_path / "b", loans=loans, installments=INSTALLMENTS, payments=PAYMENTS), duckdb.connect()
    )
    assert np.isnan(of_moment(book, "A", date(2025, 12, 1))[1]["x_seen"])
    frame = scoring_frame(book, date(2025, 12, 1))
    assert np.isnan(frame.column("x_seen")).all()


def test_loans_not_yet_disbursed_have_no_moment(hand_made):
    frame = frame_of(
        hand_made, moments_table([("B", date(2025, 3, 19)), ("B", date(2025, 3, 20))]), date(2025, 12, 31)
    )
    assert len(frame) == 1


def test_every_feature_is_in_the_catalog(hand_made):
    with made_tables(hand_made, moments_table([("A", date(2025, 3, 1))]), date(2025, 3, 1), ["features"]) as db:
        made = [r[0] for r in db.execute("DESCRIBE SELECT * FROM risk.features").fetchall()]
    assert list(catalog()) == made[made.index("principal_log") :]
    assert all(f.en and f.zh and f.sign in (-1, 0, 1) for f in catalog().values())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_future_moves_a_feature(book_folder, tmp_path, seed):
    """Everything after the day is shifted, doubled, dropped or renamed; not one number of any feature differs."""
    day = [small.AS_OF, *small.month_ends(2)][seed - 1]
    other = small.with_another_future(book_folder, tmp_path / "other", day, seed)
    days = [day, date(2025, 11, 3)]
    ours, theirs = small.opened(book_folder), small.opened(other)
    frames = [frame_of(b, all_moments(b, days), small.UNTIL, outcomes=True) for b in (ours, theirs)]
    kept = [f.take(np.ones(len(f), bool)) for f in frames]
    assert len(kept[0]) == len(kept[1]) > 500
    moved = ~np.isclose(kept[0].numbers, kept[1].numbers, equal_nan=True, rtol=1e-6)
    assert not moved.any(), [kept[0].columns[i] for i in np.flatnonzero(moved.any(axis=0))]
    for name, values in kept[0].texts.items():
        assert (values == kept[1].texts[name]).all(), name
    changed = ~np.isclose(kept[0].outcomes["paid_30d_after"], kept[1].outcomes["paid_30d_after"], equal_nan=True)
    assert changed.any(), "the future did not change: the test shows nothing"


def test_a_reversal_counts_once_it_is_known(book_folder):
    book = small.opened(book_folder)
    payment, loan, known = book.connection.execute(
        "SELECT payment_id, loan_id, recorded_on FROM book.events WHERE recorded_on IS NOT NULL"
        " AND kind = 'reversal' ORDER BY 1 LIMIT 1"
    ).fetchone()
    before, after = (
        frame_of(book, moments_table([(loan, day)]), small.UNTIL) for day in (known.replace(day=known.day), known)
    )
    assert after.column("reversals")[0] >= 1, payment
    earlier = frame_of(book, moments_table([(loan, date.fromordinal(known.toordinal() - 1))]), small.UNTIL)
    assert earlier.column("reversals")[0] == before.column("reversals")[0] - 1


@pytest.mark.spark
@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java: install openjdk-17-jre-headless")
def test_spark_says_the_same(book_folder, tmp_path):
    from forbear.risk.spark import spark_features
    from forbear.testing.spark import small_spark

    book = small.opened(book_folder)
    moments = all_moments(book, [small.AS_OF])
    with small_spark():
        theirs = spark_features(book, moments, small.UNTIL, tmp_path)
    with made_tables(book, moments, small.UNTIL, ["features"]) as db:
        ours = db.sql("SELECT * FROM risk.features ORDER BY moment").to_arrow_table()
    assert theirs.column_names == ours.column_names
    assert theirs.num_rows == ours.num_rows
    for name in ours.column_names:
        a, b = ours[name].to_pylist(), theirs[name].to_pylist()
        if isinstance(next((x for x in a if x is not None), None), float):
            a, b = (np.array([np.nan if x is None else x for x in v], float) for v in (a, b))
            assert np.allclose(a, b, equal_nan=True), name
        else:
            assert a == b, name


def test_there_are_tables_of_each_role():
    roles = {t.role for t in risk_tables().values()}
    assert roles == {"ledger", "seen", "outcome", "feature"}


@pytest.mark.parametrize("part_rows", [None, 700])
def test_columns_give_the_frame_that_the_files_give(book_folder, tmp_path, monkeypatch, part_rows):
    """Scoring's quick way against the SQL files, on a restless book, in one part or many."""
    folder = shutil.copytree(book_folder, tmp_path / "odd")
    db = duckdb.connect()
    paid, plan = (f"read_parquet('{folder}/{n}.parquet')" for n in ("payments", "installments"))
    odd = f"""SELECT * REPLACE (
        CASE WHEN hash(payment_id) % 9 = 0 THEN amount // 3 WHEN hash(payment_id) % 11 = 0 THEN amount * 2
            WHEN hash(payment_id) % 23 = 0 THEN amount * 60 WHEN hash(payment_id) % 97 = 0 THEN 0
            ELSE amount END AS amount,
        CASE WHEN hash(payment_id) % 5 = 0 THEN NULL ELSE source END AS source,
        CASE WHEN hash(payment_id) % 7 = 0 THEN NULL ELSE installment_number END AS installment_number) FROM {paid}"""
    db.execute(f"CREATE TABLE p AS {odd}; CREATE TABLE i AS SELECT * FROM {plan}")
    db.execute(
        "UPDATE i SET due_on = due_on + 31 WHERE number = 2 AND hash(loan_id) % 40 = 0"
    )  # two due on one day
    for name, table in (("payments", "p"), ("installments", "i")):
        db.execute(
            f"COPY (SELECT * FROM {table} ORDER BY hash(loan_id)) TO '{folder}/{name}.parquet' (FORMAT parquet)"
        )
    if part_rows:
        monkeypatch.setattr("forbear.book.parts.PART_ROWS", part_rows)
        monkeypatch.setattr("forbear.risk.one_day.PART_ROWS", part_rows)
    for day in (small.AS_OF, date(2025, 2, 10)):
        book = small.opened(folder)
        quick = scoring_frame(book, day)
        slow = frame_of(book, scoring_moments(book, day), day)
        assert len(quick) == len(slow) > 50
        for name, values in slow.marks.items():
            assert _same(values, quick.marks[name]), name
        differ = ~np.isclose(quick.numbers, slow.numbers, equal_nan=True, rtol=1e-6)
        assert not differ.any(), [slow.columns[i] for i in np.flatnonzero(differ.any(axis=0))]
        _in_blocks_as_a_whole(list(scoring_blocks(book, day, most=len(slow) // 3)), quick)


def _in_blocks_as_a_whole(blocks, whole):
    """Blocks of loans say what the frame of all says: marks of every loan, features of the open ones."""
    rows = {loan: row for row, loan in enumerate(whole.marks["loan_id"].tolist())}
    assert len(blocks) >= 3
    assert [loan for b in blocks for loan in b.marks["loan_id"].tolist()] == list(rows)
    for block in blocks:
        ids = block.marks["loan_id"].tolist()
        asked = block.asked.marks["loan_id"].tolist()
        theirs = whole.take(np.array([rows[loan] for loan in ids], dtype=int))
        assert all(_same(theirs.marks[name], block.marks[name]) for name in WRITTEN)
        open_ones = np.flatnonzero(~theirs.marks["is_closed"].astype(bool))
        assert block.places.tolist() == open_ones.tolist()
        assert asked == [ids[place] for place in open_ones]
        theirs = theirs.take(open_ones)
        assert all(_same(values, block.asked.marks[name]) for name, values in theirs.marks.items())
        assert np.array_equal(theirs.numbers, block.asked.numbers, equal_nan=True)
        assert all((theirs.texts[name] == values).all() for name, values in block.asked.texts.items())
    assert 0 < sum(len(block.asked) for block in blocks) < len(whole)


def _same(one, other):
    return all(a == b or (a != a and b != b) for a, b in zip(one.tolist(), other.tolist(), strict=True))
