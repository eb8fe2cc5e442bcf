"""docs/compliance.md and its Chinese twin say what the packs hold and what the gate answers."""

import csv
import io
import json
import re

import compliance_page as guide
import pytest

from forbear.basics.errors import WrongUse
from forbear.conduct import load_packs
from forbear.conduct.listing import language_of, rewritten, tables, unverified

ENGLISH, CHINESE = guide.PAGES
both = pytest.mark.parametrize("page", guide.PAGES, ids=language_of)
REFRESH = "write the pages anew: .venv/bin/python tests/conduct/compliance_page.py"


@both
def test_its_tables_are_those_of_the_packs(page):
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"<!-- (\w+: [\w-]+) -->", text)) == {"rules: cn", "rules: cn-lender", "unverified: cn"}
    assert rewritten(text, language_of(page)) == text, REFRESH


@both
def test_every_rule_stands_in_a_table_and_every_unverified_one_in_two(page):
    text = page.read_text(encoding="utf-8")
    for pack, rule in load_packs(["cn-lender"]).rules:
        rows = re.findall(rf"^\| {rule.id} \|.*$", text, re.MULTILINE)
        assert len(rows) == (2 if rule.confidence in ("secondary", "from_memory") else 1), (pack.name, rule.id)
        assert (rule.title.zh if page == CHINESE else rule.title.en) in rows[0]
        assert rule.force.value == "policy" or rule.instrument in rows[0]


def test_a_chinese_table_cites_in_chinese():
    cells = [row.split(" | ") for row in rows_of("zh")]
    assert [c for c in cells if re.search(r"not seen|not verified|policy", "".join(c[1:]))] == []


def rows_of(language):
    packs = load_packs(["cn-lender"]).packs
    return [row for pack in packs for row in tables(pack, language).splitlines() if row.startswith("| ")]


def test_a_table_would_show_a_changed_rule():
    (pack,) = load_packs(["cn"]).packs
    rule = pack.rules[0]
    other = rule.model_copy(update={"title": rule.title.model_copy(update={"en": "Something else"})})
    changed = pack.__class__(pack.head, (other, *pack.rules[1:]), pack.places)
    assert tables(changed, "en") != tables(pack, "en")
    assert "Something else" in tables(changed, "en")


def test_policy_is_never_listed_as_unverified_law():
    policy = load_packs(["cn-lender"]).packs[1]
    assert policy.name == "cn-lender"
    assert unverified(policy, "en").count("\n") == 1
    assert {rule.force.value for rule in policy.rules} == {"policy"}


@both
def test_its_commands_answer_what_it_shows(page):
    commands = guide.COMMAND.findall(page.read_text(encoding="utf-8"))
    assert len(commands) >= 6
    for command, answer in commands:
        assert guide.shown(command) == answer, f"{command}: {REFRESH}"


@both
def test_its_verdict_is_the_gates(page):
    ((act_id, said),) = guide.VERDICT.findall(page.read_text(encoding="utf-8"))
    shown, now = json.loads(said), json.loads(guide.verdict(act_id))
    for answer in (*shown["answers"], *now["answers"]):
        assert re.fullmatch(r"[0-9a-f]{12}", answer.pop("version"))
    assert shown == now, REFRESH


def test_both_pages_show_the_same_files():
    assert guide.files(ENGLISH) == guide.files(CHINESE)
    assert set(guide.files(ENGLISH)) >= {"mybank/pack.yaml", "loose/pack.yaml", "acts.csv", "contacts.csv"}


def test_the_tightening_pack_is_accepted_and_its_examples_hold():
    packs = load_packs([guide.folder() / "mybank", "cn-lender"])
    assert [p.name for p in packs.packs] == ["cn", "cn-lender", "mybank"]
    assert packs.rule("LENDER-FREQ-01")[0].name == "mybank"
    assert packs.rule("LENDER-FREQ-01")[1].parameters[0].cap == 3
    code, said = guide.run("gate test --pack mybank")
    assert code == 0, said


def test_the_loosening_pack_is_refused_with_file_line_and_reason():
    with pytest.raises(WrongUse, match=r"loose/calls\.yaml, line 2: CN-FREQ-01 would loosen cn: cap: higher"):
        load_packs([guide.folder() / "loose"])
    assert guide.run("gate rules --pack loose")[0] == 2


@pytest.mark.parametrize(
    ("act_id", "answer", "rules"),
    [
        ("C-101", "allowed", set()),
        ("C-102", "allowed", set()),
        ("C-103", "allowed", set()),
        ("C-104", "deferred", {"CN-FREQ-01"}),
        ("C-105", "deferred", {"CN-TIME-01", "CN-TIME-01-LOCAL", "CN-TIME-02"}),
    ],
)
def test_the_complaint_is_answered_as_the_standard_says(act_id, answer, rules):
    """Three conversations a debtor a day over all loans and senders; nothing from ten at night."""
    told = {v["act_id"]: v for v in json.loads(guide.run(guide.JUDGED)[1])}
    assert told[act_id]["answer"] == answer
    assert {because["rule"] for because in told[act_id]["because"]} == rules


def test_every_press_source_of_the_pack_is_resolved():
    keys = {key for rule in load_packs(["cn"]).packs[0].rules for key in re.findall(r"S-[A-Z]+\d*", rule.source)}
    assert keys
    for page in guide.PAGES:
        text = page.read_text(encoding="utf-8")
        assert [key for key in sorted(keys) if f"\n| {key} | " not in text] == []


def test_the_files_of_the_proof_are_tables():
    for name in ("acts.csv", "contacts.csv", "facts.csv", "older.csv"):
        rows = list(csv.reader(io.StringIO(guide.files(ENGLISH)[name])))
        assert len({len(row) for row in rows}) == 1, name
