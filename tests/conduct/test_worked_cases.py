"""Cases a checker would try, each with the verdict that the law's text gives: judging and planning both come to it.

`data/worked_cases.jsonl` holds one case a line: the law it is about, packs, act, facts and history as `docs/gate.md`
writes them, the verdict, and for some the instant (`first_free`) that a rule or the verdict itself names. The case's
name is its borrower.
"""

import json
from collections import defaultdict
from pathlib import Path

from test_planning import planned, told

from forbear.conduct import judge, load_packs
from forbear.conduct.situation import instant

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "worked_cases.jsonl").read_text(encoding="utf-8").splitlines()
]


def rows(cases, table):
    """The rows of one table of some cases; a case's name is its act and its borrower."""
    if table == "act":
        columns = {name for case in cases for name in case["act"]}
        return [
            {**dict.fromkeys(columns), **c["act"], "act_id": c["case"], "borrower_id": c["case"]} for c in cases
        ]
    return [{**row, "borrower_id": case["case"]} for case in cases for row in case[table]]


def dated(rows):
    """The rows with instants in place of words, as a book's views have them."""
    whole = {"at": 2200, "since": 9999, "until": 9999}
    return [{k: instant(v, k, whole[k]) if k in whole and v else v for k, v in row.items()} for row in rows]


def by_packs():
    found = defaultdict(list)
    for case in CASES:
        found[tuple(case["packs"])].append(case)
    return found.items()


def test_the_cases_are_many_and_of_every_answer():
    assert len(CASES) >= 280
    assert len({case["case"] for case in CASES}) == len(CASES)
    assert {case["expect"] for case in CASES} == {"allowed", "deferred", "denied"}


def test_each_case_is_judged_as_the_law_says():
    wrong = []
    for packs, cases in by_packs():
        verdicts = judge(
            rows(cases, "act"), rows(cases, "history"), None, load_packs(packs), facts=rows(cases, "facts")
        )
        for case, said in zip(cases, verdicts, strict=True):
            named = {said.until, *(a.until for a in said.against)}
            free = case.get("first_free")
            if said.answer != case["expect"] or (free and instant(free, "first_free") not in named):
                wrong.append((case["case"], case["law"], case["expect"], free, said.answer, said.until))
    assert not wrong


def test_planning_comes_to_the_same():
    for packs, cases in by_packs():
        tables = [dated(rows(cases, table)) for table in ("act", "history", "facts")]
        stack = load_packs(packs)
        assert planned(*tables, stack) == told(*tables, stack)
