"""The passes as SQL: DuckDB and Spark decide the same, and the same as on files."""

from __future__ import annotations

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forbear.basics.errors import UnreadableFile
from forbear.testing import allocations as made
from forbear.testing.spark import small_spark
from forbear.treatment import solve
from forbear.treatment.allocate import allocate
from forbear.treatment.certify import certify
from forbear.treatment.sql_source import Engine


def decided(instance, folder, engine):
    """The certificate's content and the decisions, made on an engine and certified."""
    folder.mkdir(exist_ok=True)
    values, capacities = made.write(instance, folder)
    out, certificate = folder / f"{engine}.parquet", folder / f"{engine}.json"
    told = allocate(values, capacities, out, certificate_path=certificate, engine=engine).certificate.told
    assert certify(certificate, values, capacities, out).holds
    return told, pq.read_table(out)


@pytest.mark.parametrize("kind", [made.ordinary, made.equal, made.all_negative])
def test_sql_decides_as_files_do(kind, tmp_path):
    instance = kind(500, seed=2)
    assert decided(instance, tmp_path, Engine.duckdb) == decided(instance, tmp_path, Engine.files)


def test_a_large_book_by_sql_goes_through_samples(tmp_path, monkeypatch):
    monkeypatch.setattr(solve, "SAMPLED", (300, 300))
    instance = made.ordinary(2000, seed=6)
    told, _ = decided(instance, tmp_path, Engine.duckdb)
    assert told["bound"] == pytest.approx(made.lp_bound(instance), rel=1e-8)
    assert told["gap"] < 1e-3


@pytest.mark.spark
@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java")
def test_spark_decides_as_duckdb_does(tmp_path, monkeypatch):
    monkeypatch.setattr(solve, "SAMPLED", (100, 100))
    instance = made.ordinary(600, seed=2)
    with small_spark():
        spark = decided(instance, tmp_path, Engine.spark)
    assert spark == decided(instance, tmp_path, Engine.duckdb)


def test_bad_values_are_refused_by_sql_too(tmp_path):
    (tmp_path / "c.csv").write_text("capacity,limit\nn,3\n")
    columns = {"borrower_id": [1, 1], "action": ["a", "b"], "value": [1.0, 2.0], "n": [1.0, 1.0]}
    for changed, said in (
        ({"value": [1.0, None]}, "1 rows with a cell"),
        ({"n": [1.0, -1.0]}, "1 rows with a cell"),
        ({"value": [float("nan"), float("inf")]}, "2 rows with a cell"),
        ({"value": [1.0, -1e101]}, "1 rows with a cell"),
        ({"borrower_id": [1, None]}, "1 rows with a cell"),
        ({"action": ["a", " "]}, "1 rows with a cell"),
        ({"action": ["a", "a"]}, "the same action twice"),
    ):
        pq.write_table(pa.table(columns | changed), tmp_path / "v.parquet")
        with pytest.raises(UnreadableFile, match=said):
            allocate(tmp_path / "v.parquet", tmp_path / "c.csv", tmp_path / "o.parquet", engine=Engine.duckdb)


def test_spaces_in_ids_and_actions_make_no_two_rows_alike(tmp_path):
    columns = {"borrower_id": ["a", "a b"], "action": ["b c", "c"], "value": [1.0, 2.0], "n": [1.0, 1.0]}
    pq.write_table(pa.table(columns), tmp_path / "v.parquet")
    (tmp_path / "c.csv").write_text("capacity,limit\nn,3\n")
    made_so = allocate(tmp_path / "v.parquet", tmp_path / "c.csv", tmp_path / "o.parquet", engine=Engine.duckdb)
    assert made_so.certificate.told["value"] == 3
