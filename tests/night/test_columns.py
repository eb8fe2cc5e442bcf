"""Loans aged by columns and by the SQL files: the same rows of every table that a close is told from."""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "aging"))

import books
import oracle
import unrest

from forbear.aging import AgingSettings
from forbear.aging.columns.reading import Scratch
from forbear.book import open_book
from forbear.night import age, columns, duck
from forbear.night.duck import duck_night
from forbear.night.engines import night_sources, night_words
from forbear.night.portfolio import plan_night
from forbear.night.settings import NightSettings

EXAMPLES = int(os.environ.get("FORBEAR_EXAMPLES", "25"))
DIVIDED = {name: f"book.{name}" for name in ("loans", "installments", "payments", "events")}


def tables(book, as_of, using, *, by_columns, part_rows=None):
    """Every table of a close by name, as counted rows; sums that parts of a book add up to are added up."""
    plan = plan_night(book, using, as_of)
    words = night_words(book, using.aging, as_of)
    with (
        tempfile.TemporaryDirectory() as staging,
        duck_night(
            book,
            plan.wanted,
            words,
            plan.sources,
            Path(staging),
            own=plan.own,
            part_rows=part_rows,
            by_columns=by_columns,
        ) as night,
    ):
        made = {name: night.table(name) for name in plan.wanted}
    order = made["accounts"]["loan_id"].to_pylist()
    assert order == sorted(order)
    return {name: told(name, rows) for name, rows in made.items()}


def told(name, rows):
    if not name.startswith("month_"):
        return Counter(tuple(row.items()) for row in rows.to_pylist())
    summed = rows.group_by("month_number").aggregate([(c, "sum") for c in rows.column_names if c != "month_number"])
    return {
        row.pop("month_number"): row for row in summed.to_pylist() if any(v for k, v in row.items() if "_sum" in k)
    }


def agree(book, as_of, using, **ways):
    files = tables(book, as_of, using, by_columns=False)
    mine = tables(book, as_of, using, by_columns=True, **ways)
    assert files.keys() == mine.keys()
    for name in files:
        assert mine[name] == files[name], name
    return files


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    book=books.loans(),
    as_of=st.dates(date(2023, 3, 1), date(2025, 3, 1)),
    tolerance=st.sampled_from(["0", "0", "0.02", "1", "25.50"]),
    grace=st.integers(0, 5),
    after=st.booleans(),
)
def test_columns_and_files_agree_on_random_books(book, as_of, tolerance, grace, after):
    aging = AgingSettings(
        tolerance=Decimal(tolerance),
        grace_days=grace,
        grace_counts="after_grace" if after else "from_due_date",
    )
    with tempfile.TemporaryDirectory() as folder:
        opened = books.opened(book, Path(folder))
        agree(opened, as_of, NightSettings(aging=aging))
        opened.connection.close()


@pytest.fixture(scope="module")
def restless(tmp_path_factory):
    return unrest.restless(tmp_path_factory.mktemp("columns") / "book", loans=2_000, seed=5)


@pytest.fixture
def opened(restless):
    book = open_book(restless, duckdb.connect())
    yield book
    book.connection.close()


@pytest.mark.parametrize("tolerance", ["0", "5.00"])
def test_columns_and_files_agree_in_small_blocks_and_parts(opened, monkeypatch, tolerance):
    monkeypatch.setattr(columns, "BLOCK_ROWS", 700)
    made = agree(opened, unrest.AS_OF, NightSettings(aging=AgingSettings(tolerance=tolerance)), part_rows=6_000)
    assert sum(made["accounts"].values()) == 2_000


def by_columns(book, condition="TRUE", sources=DIVIDED):
    words = night_words(book, AgingSettings(), unrest.AS_OF)
    ladder = night_sources(AgingSettings())["ladder"]
    return columns.aged_by_columns(book.connection, sources, condition, {"aged"}, words, ladder, Scratch())


def test_only_loans_with_events_are_left_to_the_files(opened):
    made = by_columns(opened)
    eventful = (
        opened.connection.sql("SELECT DISTINCT loan_id FROM book.events").to_arrow_table()["loan_id"].to_pylist()
    )
    assert sorted(made.rest.to_pylist()) == sorted(eventful)
    assert 0 < len(made.rest) < 600
    assert made.tables["aged"].num_rows == 2_000 - len(made.rest)


@pytest.mark.parametrize(
    ("table", "oddity", "left"),
    [
        ("payments", "SELECT * REPLACE (CASE WHEN loan_id = 9 THEN 0 ELSE amount END AS amount) FROM book.payments", 9),
        ("installments", "SELECT * REPLACE (CASE WHEN loan_id = 9 AND number = 2 THEN -1 ELSE fees_due END AS fees_due)"
         " FROM book.installments", 9),
        ("installments", "SELECT * FROM book.installments WHERE loan_id <> 9", 9),
        ("installments", "SELECT * REPLACE (CASE WHEN loan_id = 9 THEN DATE '2025-01-01' ELSE due_on END AS due_on)"
         " FROM book.installments", 9),
        ("loans", "SELECT * REPLACE (CASE WHEN loan_id = 9 THEN DATE '2026-07-09' ELSE disbursed_on END"
         " AS disbursed_on) FROM book.loans", 9),
        ("payments", "SELECT * REPLACE (CASE WHEN loan_id = 9 THEN NULL ELSE amount END AS amount) FROM book.payments",
         None),
        ("payments", "SELECT * REPLACE (CASE WHEN loan_id = 9 THEN -5 ELSE loan_id END AS loan_id) FROM book.payments",
         None),
        ("loans", "SELECT * FROM book.loans UNION ALL SELECT * FROM book.loans WHERE loan_id = 9", None),
        ("loans", "SELECT * FROM book.loans WHERE FALSE", None),
        ("events", "SELECT * REPLACE (CAST(loan_id AS VARCHAR) AS loan_id) FROM book.events", None),
    ],
)  # fmt: skip
def test_what_is_odd_is_left_to_the_files(opened, table, oddity, left):
    """One loan when it is one loan's matter, all of the part when rows do not fit together."""
    usual = set(by_columns(opened).rest.to_pylist())
    assert 9 not in usual
    rest = by_columns(opened, sources={**DIVIDED, table: f"({oddity})"}).rest
    assert rest is None if left is None else set(rest.to_pylist()) == {*usual, left}


def test_rows_in_any_order_give_the_same(opened):
    mixed = {**DIVIDED, **{t: f"(SELECT * FROM book.{t} ORDER BY hash({t}))" for t in ("installments", "payments")}}
    straight, turned = by_columns(opened), by_columns(opened, sources=mixed)
    assert turned.tables["aged"].equals(straight.tables["aged"])
    assert turned.rest.equals(straight.rest)


def test_sums_too_large_to_be_exact_are_left_to_the_files(opened):
    huge = "(SELECT * REPLACE (CAST(9e15 AS BIGINT) AS amount) FROM book.payments)"
    assert len(by_columns(opened, sources={**DIVIDED, "payments": huge}).rest) == 2_000


def test_accounts_come_and_are_written_in_order_of_more_rows_than_one_thread_takes(opened, tmp_path):
    """Joins keep no order above some 120,000 rows, so none lies between the aged loans and their accounts."""
    using = NightSettings()
    words, small = night_words(opened, using.aging, unrest.AS_OF), night_sources(using.aging)
    opened.connection.execute("SET threads = 4")
    with duck_night(opened, frozenset({"accounts"}), words, small, tmp_path) as night:
        aged = night.gathered["aged"]
        many = pa.concat_tables([aged] * 200)
        ids = pa.array(range(many.num_rows), aged.schema.field("loan_id").type)
        many = many.set_column(many.column_names.index("loan_id"), "loan_id", ids).unify_dictionaries()
        night.connection.register("drawn", duck._drawn(night.connection, many))
        assert night.table("accounts")["loan_id"].to_pylist() == ids.to_pylist()
        night.write_accounts(tmp_path / "accounts.parquet")
    written = duckdb.read_parquet(str(tmp_path / "accounts.parquet")).to_arrow_table()
    assert written["loan_id"].to_pylist() == ids.to_pylist()


def test_cents_that_a_tolerance_forgives_stay_outstanding(tmp_path):
    """A loan whose last payment lacks less than the tolerance is closed, and still owes the cents."""
    start = date(2024, 1, 10)
    plan = [
        oracle.Installment(n, start + timedelta(days=30 * n), Decimal(100), Decimal(0), Decimal(0)) for n in (1, 2)
    ]
    paid = [
        oracle.Payment(f"p{n}", start + timedelta(days=30 * n), Decimal(100) - (n == 2) * Decimal("0.60"))
        for n in (1, 2)
    ]
    loan = oracle.Loan("L", "B", start, Decimal(200), plan, paid)
    using = AgingSettings(tolerance=Decimal(1))
    for loans in ([loan], [replace(loan, events=[oracle.Event("pause", start, start)])]):
        book = books.opened(loans, tmp_path / str(len(loans[0].events)))
        [row] = age(book, as_of=date(2024, 6, 1), settings=using).to_pylist()
        assert (row["status"], row["principal_outstanding"]) == ("closed", Decimal("0.60"))
        assert [row] == oracle.age_book(loans, date(2024, 6, 1), oracle.Ways(Decimal(1)))
        book.connection.close()
