"""Planning by the million and judging one act give the same verdict: answer, instant, and each rule against."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from worlds import world

from forbear.basics.errors import WrongUse
from forbear.conduct import judge, load_packs
from forbear.conduct.engines import DuckEngine
from forbear.conduct.planning import plan

PACKS = Path(__file__).parent / "packs"
FACT_COLUMNS = ("borrower_id", "fact", "value", "since", "until", "loan_id", "number", "sender", "channel")
INSTANT = pa.timestamp("us")


def table(rows, columns):
    """Rows as an Arrow table with instants in UTC without a zone, as a book's views have them."""
    instants = {"at", "since", "until"}

    def cell(row, name):
        value = row.get(name)
        return value.replace(tzinfo=None) if name in instants and value else value

    def kind(name):
        if name in instants:
            return INSTANT
        return pa.int64() if rows and isinstance(rows[0].get(name), int) else pa.string()

    return pa.table({c: pa.array([cell(r, c) for r in rows], kind(c)) for c in columns})


def planned(acts, history, facts, packs):
    connection = duckdb.connect()
    connection.register("acts", table(acts, list(acts[0])))
    contact_columns = (
        "borrower_id",
        "at",
        "channel",
        "direction",
        "result",
        "party",
        "sender",
        "loan_id",
        "number",
    )
    connection.register("contacts", table(history, contact_columns))
    connection.register("facts", table(facts, FACT_COLUMNS))
    plan(DuckEngine(connection), packs)
    verdicts = {r[0]: (r[1], r[2]) for r in connection.execute("SELECT * FROM gate_verdicts").fetchall()}
    against = {}
    for act, rule, answer, until in connection.execute("SELECT * FROM gate_against").fetchall():
        against.setdefault(act, set()).add((rule, answer, until))
    return verdicts, against


def told(acts, history, facts, packs):
    verdicts, against = {}, {}
    for v in judge(acts, history, None, packs, facts=facts):
        bare = v.until.replace(tzinfo=None) if v.until else None
        verdicts[v.act_id] = (str(v.answer), bare)
        rows = {(a.rule_id, str(a.answer), a.until.replace(tzinfo=None) if a.until else None) for a in v.against}
        if rows:
            against[v.act_id] = rows
    return verdicts, against


@pytest.mark.parametrize("pack", ["trial", "trial-own"])
@pytest.mark.parametrize("seed", range(6))
def test_both_evaluators_agree_field_by_field(pack, seed):
    packs = load_packs([PACKS / pack])
    acts, history, facts = world(seed, 150)
    expected, reasons = told(acts, history, facts, packs)
    got, against = planned(acts, history, facts, packs)
    assert {a for a, _ in expected.values()} == {"allowed", "deferred", "denied"}, (
        "the worlds must try every answer"
    )
    assert against == reasons
    assert got == expected


def test_the_order_of_rows_does_not_matter():
    packs = load_packs([PACKS / "trial"])
    acts, history, facts = world(99, 80)
    forward = told(acts, history, facts, packs)
    backward = told(acts[::-1], history[::-1], facts[::-1], packs)
    assert forward == backward


@pytest.mark.parametrize(
    "wrong", [{"channel": "pigeon"}, {"party": "priest"}, {"actor": "nobody"}, {"at": None}, {"act_id": "same"}]
)
def test_acts_that_cannot_be_judged_are_refused(wrong):
    packs = load_packs([PACKS / "trial"])
    acts, history, facts = world(1, 2)
    acts = [{**a, "actor": "lender", **wrong} for a in acts]
    with pytest.raises(WrongUse):
        planned(acts, history, facts, packs)
