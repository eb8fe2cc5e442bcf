"""Planning on Spark gives every verdict, with every rule against it, that it gives on DuckDB."""

import shutil
from datetime import UTC
from pathlib import Path

import pytest
from test_planning import FACT_COLUMNS, planned
from worlds import world

from forbear.conduct import load_packs
from forbear.conduct.engines import SparkEngine
from forbear.conduct.planning import plan
from forbear.testing.spark import small_spark

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java"),
]
INSTANTS = ("at", "since", "until")
CONTACTS = ("borrower_id", "at", "channel", "direction", "result", "party", "sender", "loan_id", "number")


@pytest.fixture
def session():
    with small_spark() as running:
        yield running


def register(session, name, rows, columns):
    kinds = ", ".join(f"`{c}` {'TIMESTAMP' if c in INSTANTS else 'STRING'}" for c in columns)
    session.createDataFrame([tuple(row.get(c) for c in columns) for row in rows], kinds).createOrReplaceTempView(
        name
    )


def told(engine, query):
    return {(row[0], *map(str, row[1:])) for row in engine.rows(query)}


def test_spark_and_duckdb_give_the_same_verdicts(session, tmp_path):
    packs = load_packs([Path(__file__).parent / "packs" / "trial"])
    acts, history, facts = world(3, 15)
    assert all(a["at"].tzinfo is UTC for a in acts)
    verdicts, against = planned(acts, history, facts, packs)
    register(session, "acts", acts, list(acts[0]))
    register(session, "contacts", history, CONTACTS)
    register(session, "facts", facts, FACT_COLUMNS)
    engine = SparkEngine(session, tmp_path)
    plan(engine, packs)
    expected = {(act, *map(str, verdict)) for act, verdict in verdicts.items()}
    assert told(engine, "SELECT act_id, answer, until FROM gate_verdicts") == expected
    rules = {(act, *map(str, rule)) for act, found in against.items() for rule in found}
    assert told(engine, "SELECT act_id, rule, answer, until FROM gate_against") == rules
    assert {answer for _, answer, _ in expected} == {"allowed", "deferred", "denied"}
