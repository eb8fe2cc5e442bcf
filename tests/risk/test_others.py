"""A borrower's other loans by columns say what subjects.sql and family.sql say."""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from forbear.risk import others
from forbear.risk.columns import EPOCH
from forbear.risk.tables import render, risk_tables

AS_OF = date(2025, 6, 30)
STANDING = ("is_closed", "overdue", "outstanding", "due_30d", "dues_past", "closed_on", "installments")
HABITS = ("lates", "lates_7", "mean_days", "worst_days", "first_days")


def made_rows(seed: int, loans: int = 240, *, texts: bool = False) -> pa.Table:
    """Loans of few and of many per borrower; some without a schedule, some not yet disbursed, some without habits."""
    random = np.random.default_rng(seed)
    whose = np.where(random.random(loans) < 0.2, 3, random.integers(10, 90, loans)) * (1 if texts else 7)
    there = random.random(loans) < 0.9
    known = there & (random.random(loans) < 0.7)
    dues = np.where(known, random.integers(1, 9, loans), 0)
    closed = there & (random.random(loans) < 0.3)
    day = random.integers(-400, 30, loans) + (AS_OF - EPOCH).days

    def of(values, mask, kind):
        return pa.array(values, mask=~mask).cast(kind)

    def days(values, mask):
        return pa.array(values.astype(np.int32), mask=~mask).cast(pa.date32())

    everywhere = np.ones(loans, bool)
    lates = np.minimum(dues, random.integers(0, 4, loans))
    return pa.table(
        {
            "t_loan_id": pa.array([f"L{i:04d}" for i in range(loans)]),
            "t_borrower_id": pa.array([f"B{w}" for w in whose]) if texts else pa.array(whose),
            "t_disbursed_on": days(day, everywhere),
            "t_principal": pa.array(random.integers(1, 9, loans) * 1000),
            "s_installments": of(random.integers(1, 12, loans), there, pa.int64()),
            "s_is_closed": of(closed, there, pa.bool_()),
            "s_overdue": of(random.integers(0, 3, loans), there, pa.int32()),
            "s_outstanding": of(random.integers(0, 9000, loans), there, pa.int64()),
            "s_due_30d": of(random.integers(0, 500, loans), there, pa.int64()),
            "s_dues_past": of(dues, there, pa.int32()),
            "s_closed_on": days(day + random.integers(1, 90, loans), closed),
            "h_lates": of(lates, known, pa.int32()),
            "h_lates_7": of(np.minimum(lates, 1), known, pa.int32()),
            "h_mean_days": of(random.integers(-30, 90, loans) / np.maximum(dues, 1), known, pa.float64()),
            "h_worst_days": of(random.integers(-31, 90, loans), known, pa.int32()),
            "h_first_days": of(random.integers(-2, 3, loans), known, pa.int32()),
        }
    )


def by_files(rows: pa.Table) -> dict[str, dict]:
    """What the SQL says, by loan: its turn, and the columns of family.sql."""
    db = duckdb.connect()
    db.register("given", rows)
    day = f"DATE '{AS_OF}' AS as_of"
    db.execute(
        f"""CREATE TABLE loans AS SELECT t_loan_id AS loan_id, t_borrower_id AS borrower_id,
            t_disbursed_on AS disbursed_on, t_principal AS principal FROM given;
        CREATE TABLE moments AS SELECT row_number() OVER () AS moment, t_loan_id AS loan_id, {day} FROM given;
        CREATE TABLE standing AS SELECT t_loan_id AS loan_id, {day}, {", ".join(f"s_{n} AS {n}" for n in STANDING)}
            FROM given WHERE s_installments IS NOT NULL AND t_disbursed_on <= DATE '{AS_OF}';
        CREATE TABLE habits AS SELECT t_loan_id AS loan_id, {day}, {", ".join(f"h_{n} AS {n}" for n in HABITS)}
            FROM given WHERE h_lates IS NOT NULL"""
    )
    for name in ("subjects", "family"):
        db.execute(f"CREATE TABLE {name} AS {render(risk_tables()[name], {})}")
    found = db.sql(
        "SELECT s.turn, f.* EXCLUDE (loan_id, as_of), s.loan_id FROM subjects s LEFT JOIN family f USING (loan_id)"
    )
    return {row["loan_id"]: row for row in found.to_arrow_table().to_pylist()}


@pytest.mark.parametrize(("seed", "pairs"), [(1, 200_000), (2, 40), (3, 1)])
@pytest.mark.parametrize("texts", [False, True])
def test_other_loans_by_columns(monkeypatch, seed, pairs, texts):
    monkeypatch.setattr(others, "MOST_PAIRS", pairs)
    rows = made_rows(seed, texts=texts)
    if seed == 2:  # as in books whose loans are numbered by age
        rows = rows.sort_by([("t_disbursed_on", "ascending"), ("t_loan_id", "ascending")])
    day = (AS_OF - EPOCH).days
    seen = rows["t_disbursed_on"].cast(pa.int32()).to_numpy() <= day
    work = others.Others(rows, seen, day)
    wanted = by_files(rows)
    asked = np.flatnonzero(seen & rows["s_installments"].is_valid().to_numpy())
    got = pa.table({**work.of(asked), "turn": work.turn[asked], "dues": work.dues(asked)}).to_pylist()
    assert any(row["others"] is None for row in got)
    assert max(row["others"] or 0 for row in got) > 20
    for loan, row in zip(asked.tolist(), got, strict=True):
        right = wanted[rows["t_loan_id"][loan].as_py()]
        assert row.pop("dues") == right["others_dues"]
        for name, value in row.items():
            assert value == (right[name] if right[name] is None else pytest.approx(right[name])) or (
                value == right[name]
            ), (loan, name)


def test_nothing_is_asked_of_no_loans():
    rows = made_rows(4)
    work = others.Others(rows, np.ones(rows.num_rows, bool), (AS_OF - EPOCH).days)
    made = work.of(np.zeros(0, np.int64))
    assert set(made) == set(others.NAMES)
    assert all(len(column) == 0 for column in made.values())
