"""Both engines give the same answer: every column of every row of every table that a close is told from."""

from __future__ import annotations

import shutil
import sys
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import unrest

from forbear.aging import AgingSettings
from forbear.book import open_book
from forbear.night.engines import Engine, night_words, run_night
from forbear.night.portfolio import plan_night
from forbear.night.settings import NightSettings
from forbear.testing.spark import small_spark

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java: install openjdk-17-jre-headless"),
]


def tables_of(engine, folder, as_of, settings, staging):
    """Every table that a close reads, by name, its rows in one order."""
    staging.mkdir()
    book = open_book(folder, duckdb.connect())
    plan = plan_night(book, settings, as_of)
    words = night_words(book, settings.aging, as_of)
    with run_night(engine, book, plan.wanted, words, plan.sources, staging, lambda *_: None, own=plan.own) as night:
        made = {name: night.table(name) for name in sorted(plan.wanted)}
        night.write_accounts(staging / "accounts.parquet")
    book.connection.close()
    return made, pq.read_table(staging / "accounts.parquet")


def sorted_rows(table):
    return table.sort_by([(name, "ascending") for name in table.column_names])


def same_column(left, right):
    if pa.types.is_decimal(left.type) and pa.types.is_decimal(right.type):
        assert left.type.scale == right.type.scale
        left = left.cast(right.type) if left.type.precision <= right.type.precision else left
        right = right.cast(left.type)
    elif left.type != right.type:
        assert not pa.types.is_floating(left.type), "a float where money is exact"
        right = right.cast(left.type)
    differs = pc.fill_null(pc.not_equal(left, right), False)
    unequal_nulls = pc.not_equal(pc.is_null(left), pc.is_null(right))
    return pc.sum(pc.or_(differs, unequal_nulls)).as_py()


def same(name, left, right):
    assert left.column_names == right.column_names, name
    assert left.num_rows == right.num_rows, name
    if name != "accounts":
        left, right = sorted_rows(left), sorted_rows(right)
    wrong = {
        c: n for c in left.column_names if (n := same_column(left[c].combine_chunks(), right[c].combine_chunks()))
    }
    assert not wrong, f"{name}: rows that differ, by column: {wrong}"


def both_agree(folder, as_of, settings, tmp_path):
    ours, written = tables_of(Engine.duckdb, folder, as_of, settings, tmp_path / "duckdb")
    theirs, also = tables_of(Engine.spark, folder, as_of, settings, tmp_path / "spark")
    assert ours.keys() == theirs.keys()
    for name in ours:
        same(name, ours[name], theirs[name])
    assert written.equals(also), "accounts.parquet: rows, order or types differ"
    return ours


def test_a_hundred_thousand_loans_alike(tmp_path):
    made = both_agree(
        unrest.restless(tmp_path / "book", loans=100_000), date(2026, 6, 30), NightSettings(), tmp_path
    )
    accounts = made["accounts"]
    assert accounts.num_rows == 100_000
    assert {"closed", "prepaid", "overdue", "current", "not_due"} <= set(accounts["status"].unique().to_pylist())
    assert pc.sum(pc.greater(accounts["worst_dpd"], 90)).as_py() > 100


def test_text_ids_another_date_and_other_settings_alike(tmp_path):
    book = unrest.with_text_ids(unrest.restless(tmp_path / "whole", loans=4_000, seed=7), tmp_path / "book")
    aging = AgingSettings(tolerance="1.00", grace_days=3, grace_counts="after_grace", events_known="recorded")
    with small_spark():
        both_agree(book, date(2026, 2, 28), NightSettings(aging=aging), tmp_path)
