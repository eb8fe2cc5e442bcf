"""The allocation: against HiGHS on the whole, against every possible choice, and always the same."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forbear.testing import allocations as made
from forbear.treatment import blocks, finish, rows, solve
from forbear.treatment.allocate import allocate


def run(instance, folder: Path, **options):
    """The certificate's content and the decisions."""
    folder.mkdir(parents=True, exist_ok=True)
    values, capacities = made.write(instance, folder)
    certificate = allocate(values, capacities, folder / "out.parquet", **options).certificate.told
    return certificate, pq.read_table(folder / "out.parquet")


def hold(instance, told, decisions):
    """Every limit holds, nobody is there twice, each decision is a row with its value and uses, sums are as told."""
    table, limits = instance
    borrowers = decisions.column("borrower_id").to_pylist()
    assert borrowers == sorted(set(borrowers))
    for name, limit in limits.items():
        assert np.sum(decisions.column(name).to_numpy()) <= limit * (1 + 1e-9)
    known = set(zip(*(table.column(c).to_pylist() for c in decisions.column_names), strict=True))
    assert set(zip(*(c.to_pylist() for c in decisions.columns), strict=True)) <= known
    assert told["value"] == pytest.approx(np.sum(decisions.column("value").to_numpy()), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("kind", [*made.HOSTILE, "ordinary"])
def test_bound_is_that_of_the_linear_program(kind, tmp_path):
    maker = {**made.HOSTILE, "ordinary": made.ordinary}[kind]
    instance = maker(40 if kind == "scales" else 250, seed=7)
    told, decisions = run(instance, tmp_path)
    hold(instance, told, decisions)
    assert told["bound"] == pytest.approx(made.lp_bound(instance), rel=1e-6, abs=1e-9)
    assert told["value"] <= told["bound"] * (1 + 1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_small_books_get_the_best_whole_decision(seed, tmp_path):
    instance = made.dense(10 + seed, 2 + seed % 4, 1 + seed % 3, seed, tightness=0.1 + 0.05 * seed)
    told, decisions = run(instance, tmp_path)
    hold(instance, told, decisions)
    assert told["value"] == pytest.approx(made.best_whole(instance), rel=1e-9)


def test_the_gap_of_a_book_of_thousands_is_small(tmp_path):
    instance = made.ordinary(3000, seed=2)
    told, decisions = run(instance, tmp_path)
    hold(instance, told, decisions)
    assert told["gap"] <= 1e-4
    assert told["bound"] == pytest.approx(made.lp_bound(instance, "simplex"), rel=1e-8)


cell = st.tuples(st.integers(-3, 9), st.integers(0, 4), st.integers(0, 4))
persons = st.lists(st.lists(cell, min_size=1, max_size=3), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(persons, st.tuples(st.integers(0, 9), st.integers(0, 9)))
def test_nothing_better_exists_among_all_choices(tmp_path, people, limits):
    cells = [(n, f"a{a}", *c) for n, options in enumerate(people) for a, c in enumerate(options)]
    columns = [list(c) for c in zip(*cells, strict=True)]
    table = pa.table(dict(zip(("borrower_id", "action", "value", "one", "two"), columns, strict=True)))
    told, decisions = run((table, {"one": float(limits[0]), "two": float(limits[1])}), tmp_path)
    best = max(
        sum(c[0] for c in choice)
        for choice in itertools.product(*([(0, 0, 0), *options] for options in people))
        if sum(c[1] for c in choice) <= limits[0] and sum(c[2] for c in choice) <= limits[1]
    )
    assert told["value"] == pytest.approx(best, abs=1e-9)
    assert told["bound"] >= best - 1e-9
    assert decisions.num_rows == told["treated"]


@pytest.fixture
def small_parts(monkeypatch):
    """Limits so small that a small book takes every way of a large one."""
    monkeypatch.setattr(blocks, "PIECE", 1000)
    monkeypatch.setattr(blocks, "KEPT_BYTES", 0)
    monkeypatch.setattr(blocks, "SAMPLE", 700)
    monkeypatch.setattr(solve, "SAMPLED", (300, 300))


@pytest.mark.parametrize("kind", ["ordinary", "equal", "gaps"])
def test_a_book_too_large_for_memory_gives_the_same_bound(kind, tmp_path, small_parts):
    maker = {**made.HOSTILE, "ordinary": made.ordinary}[kind]
    instance = maker(2000, seed=4)
    told, decisions = run(instance, tmp_path)
    hold(instance, told, decisions)
    assert told["bound"] == pytest.approx(made.lp_bound(instance), rel=1e-8)
    assert told["gap"] <= 1e-3


def test_a_first_box_that_misses_the_prices_is_moved(tmp_path, small_parts, monkeypatch):
    monkeypatch.setattr(solve, "SPREAD", 0.0)
    monkeypatch.setattr(solve, "LEAST_SPREAD", 1e-4)
    monkeypatch.setattr(solve, "LEAST_PRICE", 1e-9)
    instance = made.ordinary(2000, seed=5)
    told, _ = run(instance, tmp_path)
    assert told["bound"] == pytest.approx(made.lp_bound(instance), rel=1e-8)


@pytest.mark.parametrize("kind", ["ordinary", "equal", "near ties"])
def test_neither_order_nor_threads_nor_memory_change_a_decision(kind, tmp_path, monkeypatch):
    maker = {**made.HOSTILE, "ordinary": made.ordinary}[kind]
    table, limits = maker(900, seed=9)
    first, decided = run((table, limits), tmp_path / "first")
    mixed = table.take(pa.array(np.random.default_rng(1).permutation(table.num_rows)))
    monkeypatch.setattr(rows, "THREADS", 1)
    second, again = run((mixed, limits), tmp_path / "mixed")
    monkeypatch.setattr(rows, "THREADS", 4)
    monkeypatch.setattr(blocks, "PIECE", 777)
    monkeypatch.setattr(blocks, "KEPT_BYTES", 0)
    third, once_more = run((table, limits), tmp_path / "third")
    assert decided.equals(again)
    assert decided.equals(once_more)
    for told in (second, third):
        told["sha256"]["values"] = first["sha256"]["values"]
        assert told == first


def test_the_key_decides_between_equals(tmp_path):
    instance = made.equal(600, seed=1)
    told, decided = run(instance, tmp_path)
    same, again = run(instance, tmp_path, key="forbear")
    other, otherwise = run(instance, tmp_path, key="another")
    assert (told, decided) == (same, again)
    assert not decided.equals(otherwise)
    assert other["value"] == told["value"]


def test_ids_may_be_text_and_files_csv(tmp_path):
    values, capacities, out = tmp_path / "v.csv", tmp_path / "c.csv", tmp_path / "o.csv"
    values.write_text("borrower_id,action,value,minutes\n张三,call,9.5,3\n张三,sms,4,0\n007,call,8,3\n")
    capacities.write_text("capacity,limit\nminutes,3\n")
    told = allocate(values, capacities, out, certificate_path=tmp_path / "cert.json").certificate.told
    text = out.read_text().splitlines()
    assert text[0] == '"borrower_id","action","value","minutes"'
    assert [line.replace('"', "") for line in text[1:]] == ["007,call,8,3", "张三,sms,4,0"]
    assert told["value"] == 12
    assert told["capacities"][0]["price"] == pytest.approx(5.5 / 3)
    assert json.loads((tmp_path / "cert.json").read_text()) == told


def test_sums_of_decimal_fractions_may_fill_a_limit(tmp_path):
    table = pa.table({"borrower_id": [1, 2, 3], "action": ["a"] * 3, "value": [1.0] * 3, "hours": [0.1] * 3})
    told, _ = run((table, {"hours": 0.3}), tmp_path)
    assert told["treated"] == 3


def test_more_actions_than_a_mask_has_bits(tmp_path):
    actions = [f"a{n}" for n in range(100)]
    table = pa.table({"borrower_id": [1] * 100, "action": actions, "value": list(range(100)), "n": [1] * 100})
    told, decided = run((table, {"n": 1.0}), tmp_path)
    assert decided.column("action").to_pylist() == ["a99"]
    assert told["treated"] == 1


def test_what_is_over_a_limit_is_given_back_where_it_loses_least():
    grid = rows.Grid.covering(3, 9.0, [1.0])
    open_rows = rows.Rows(
        np.arange(3), np.arange(3), np.zeros(3, np.int32), np.array([3.0, 1.0, 2.0]), (np.ones(3),)
    )
    problem = solve.Problem([open_rows], np.array([2.0]), grid.none(), grid)
    kept = finish._given_back(open_rows, np.arange(3), problem, np.zeros(1))
    assert kept.tolist() == [0, 2]
