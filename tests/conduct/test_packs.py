"""Every shipped pack: it loads, each rule is told and shown, examples hold both ways, every fact of the law is used."""

import re
from collections import Counter
from datetime import date, datetime
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from forbear.conduct import load_packs, shipped_names
from forbear.conduct.engines import DuckEngine
from forbear.conduct.examples import rows_of, run_examples
from forbear.conduct.planning import plan
from forbear.conduct.situation import instant

SHIPPED = shipped_names()
FACTS_OF_LAW = [
    line
    for line in (Path(__file__).parent / "law_facts.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
PACK_OF = {"CN": "cn", "US": "us", "UK": "uk", "IN": "in", "EU": "eu"}
FACT_ID = re.compile(r"\b(?:CN|US|UK|IN|EU)-[A-Z0-9]+(?:-[A-Z0-9]+)*")
HAN = re.compile(r"[一-鿿]")

loaded = cache(lambda name: load_packs([name]))


def own_rules(name):
    return [(pack, one) for pack, one in loaded(name).rules if pack.name == name]


def test_the_jurisdictions_are_there():
    assert set(PACK_OF.values()) <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_pack_bears_the_name_of_its_folder_and_has_rules(name):
    top = loaded(name).packs[-1]
    assert (top.name, top.folder.name) == (name, name)
    assert top.rules


def test_all_packs_load_together():
    together = load_packs(SHIPPED)
    assert {p.name for p in together.packs} == set(SHIPPED)
    assert len({one.id for _, one in together.rules}) == len(together.rules)


@pytest.mark.parametrize("name", SHIPPED)
def test_rules_are_told_in_both_languages_and_cited(name):
    untold = {one.id: said for _, one in own_rules(name) if (said := list(untold_in(one)))}
    assert not untold


def untold_in(one):
    if not (HAN.search(one.title.zh) and HAN.search(one.explanation.zh)):
        yield "Chinese text without Chinese in it"
    if HAN.search(one.title.en) or HAN.search(one.explanation.en):
        yield "English text with Chinese in it"
    if len(one.explanation.en.split()) < 5:
        yield "an explanation that says no more than a title"
    if not (one.instrument.strip() and one.source.strip()):
        yield "no citation"
    if (one.force == "policy") != (one.confidence == "policy"):
        yield "a policy is named as such, and nothing else is"


@pytest.mark.parametrize("name", SHIPPED)
def test_rules_are_shown_to_allow_and_not_to_allow(name):
    shown = {one.id: Counter(e["expect"] for e in one.examples) for _, one in own_rules(name)}
    assert [i for i, n in shown.items() if not n["allowed"]] == [], "no example is allowed"
    assert [i for i, n in shown.items() if not n["denied"] + n["deferred"]] == [], "no example is refused"


@pytest.mark.parametrize("name", SHIPPED)
def test_examples_hold_when_each_act_is_judged(name):
    failed = [o for o in run_examples(loaded(name)) if not o.passed]
    assert not failed


@cache
def all_planned(name):
    """Each example of a pack, numbered, with its rule and rows; and all of them planned at once."""
    examples = [(one, e) for _, one in own_rules(name) for e in one.examples]
    numbered = {str(n): (one, e, rows_of(e, f"B{n}")) for n, (one, e) in enumerate(examples)}
    return numbered, planned({n: rows for n, (_, _, rows) in numbered.items()}, loaded(name))


@pytest.mark.parametrize("name", SHIPPED)
def test_examples_hold_when_all_acts_are_planned(name):
    numbered, against = all_planned(name)
    wrong = []
    for n, (one, example, _) in numbered.items():
        got, until = against.get((n, one.id), ("allowed", None))
        same = got == ("allowed" if example["expect"] == "not asked" else example["expect"])
        same &= "until" not in example or until == bare(example["until"])
        if not same:
            wrong.append((one.id, example["name"], example["expect"], got, until))
    assert not wrong


@pytest.mark.parametrize("name", SHIPPED)
def test_both_ways_give_one_verdict_on_every_example(name):
    numbered, got = all_planned(name)
    expected = {}
    for n, (_, _, (act, facts, history)) in numbered.items():
        for said in judged(act, facts, history, loaded(name)).against:
            expected[n, said.rule_id] = (str(said.answer), bare(said.until) if said.until else None)
    assert got == expected


def judged(act, facts, history, stack):
    from forbear.conduct import judge

    return judge([act], history, None, stack, facts=facts)[0]


def planned(rows, stack):
    """The rules against each act by planning: (act, rule) -> (answer, until)."""
    connection = duckdb.connect()
    acts = [{**act, "act_id": n} for n, (act, _, _) in rows.items()]
    facts = [row for _, known, _ in rows.values() for row in known]
    history = [row for _, _, past in rows.values() for row in past]
    narrowing = ("borrower_id", "loan_id", "number", "sender", "channel")
    connection.register("acts", table(acts, sorted({c for a in acts for c in a})))
    connection.register("contacts", table(history, (*narrowing, "at", "direction", "result", "party")))
    connection.register("facts", table(facts, (*narrowing, "fact", "value", "since", "until")))
    plan(DuckEngine(connection), stack)
    found = connection.execute("SELECT act_id, rule, answer, until FROM gate_against").fetchall()
    assert len({(act, one) for act, one, *_ in found}) == len(found), "a rule answers an act once"
    return {(act, one): (answer, until) for act, one, answer, until in found}


def table(rows, columns):
    """Rows as Arrow: instants in UTC without a zone, all else as text."""

    def kind(name):
        return pa.timestamp("us") if name in ("at", "since", "until") else pa.string()

    def cell(value, name):
        if value is None:
            return None
        return bare(value) if name in ("at", "since", "until") else text(value)

    return pa.table({c: pa.array([cell(r.get(c), c) for r in rows], kind(c)) for c in columns})


def text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "|".join(map(text, value))
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def bare(value):
    return instant(value, "test").replace(tzinfo=None)


# --- the facts of the law -----------------------------------------------------------------------------------------


def accounted(jurisdiction):
    """Fact ids that some rule of a jurisdiction's packs cites (by its id or source) or some note explains."""
    found = set()
    for name in SHIPPED:
        if name.split("-")[0] == jurisdiction:
            found |= {note.fact for note in loaded(name).packs[-1].notes}
            for _, one in own_rules(name):
                found |= {one.id, *FACT_ID.findall(f"{one.source} {one.article}")}
    return found


@pytest.mark.parametrize("short", sorted(PACK_OF))
def test_every_fact_of_the_law_is_cited_or_noted(short):
    known = accounted(PACK_OF[short])
    wanted = [f for f in FACTS_OF_LAW if f.startswith(f"{short}-")]
    missing = [f for f in wanted if f not in known and not any(k.startswith(f"{f}-") for k in known)]
    assert wanted
    assert not missing, f"{len(missing)} of {len(wanted)} facts are neither cited nor noted"


def test_the_facts_of_the_law_are_each_listed_once():
    assert len(FACTS_OF_LAW) == len(set(FACTS_OF_LAW)) == 153
    assert all(FACT_ID.fullmatch(f) for f in FACTS_OF_LAW)


@pytest.mark.parametrize("name", SHIPPED)
def test_notes_and_sources_name_facts_that_exist(name):
    top = loaded(name).packs[-1]
    cited = {note.fact for note in top.notes}
    cited |= {f for one in top.rules for f in re.findall(r"\bfacts? ((?:[A-Z0-9-]+(?:, )?)+)", one.source)}
    ids = {f for said in cited for f in FACT_ID.findall(said)}
    assert ids <= set(FACTS_OF_LAW)
