"""The worked examples that stand beside each rule, run: the expected answer of that rule, and what it said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from forbear.basics.errors import WrongUse
from forbear.conduct.judge import judge_one
from forbear.conduct.rules import Answer, Rule
from forbear.conduct.situation import contact, facts_of, instant, proposal
from forbear.conduct.stack import Packs

KEYS = frozenset(("name", "source", "at", "act", "facts", "history", "expect", "until"))
PERSON = "B1"
_SPAN = re.compile(r"(\d+)([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class ExampleOutcome:
    """One example: what was expected of the rule and what it said; `asked` False when the rule did not govern."""

    pack: str
    rule_id: str
    name: str
    expected: str
    got: str
    passed: bool
    reason: str = ""


def run_examples(packs: Packs) -> Iterator[ExampleOutcome]:
    """Run every example of every rule in the stack.

    Raises:
        WrongUse: an example is malformed; names rule and example.
    """
    for pack, rule in packs.rules:
        for example in rule.examples:
            yield _run(pack.name, rule, example, packs)


def _run(pack: str, rule: Rule, example: Mapping[str, Any], packs: Packs) -> ExampleOutcome:
    name = str(example.get("name", "?"))
    where = f"{rule.id}, example {name!r}"
    strange = sorted(set(example) - KEYS)
    if strange or "expect" not in example or "at" not in example:
        raise WrongUse(f"{where}: keys are {', '.join(sorted(KEYS))}; at and expect must be there; not {strange}")
    asked, known, happened = rows_of(example)
    act = proposal(asked, 1, instant(example["at"], where), where)
    facts = facts_of(known, where)
    history = [contact(row, n, where) for n, row in enumerate(happened, start=1)]
    verdict = judge_one(act, facts, history, packs)
    said = next((a for a in verdict.answers if a.rule_id == rule.id), None)
    got = str(said.answer) if said else "not asked"
    until = said.until if said else None
    expected = str(example["expect"])
    if expected not in {*Answer, "not asked"}:
        raise WrongUse(f"{where}: expect is {expected!r}; it is allowed, deferred, denied or 'not asked'")
    passed = got == expected and ("until" not in example or until == instant(example["until"], where))
    wanted = f"{expected} until {example['until']}" if "until" in example else expected
    shown = f"{got} until {until.isoformat()}" if until else got
    return ExampleOutcome(pack, rule.id, name, wanted, shown, passed, said.reason if said else "")


Row = dict[str, Any]


def rows_of(example: Mapping[str, Any], person: str = PERSON) -> tuple[Row, list[Row], list[Row]]:
    """The example as rows of tables: its act, the facts and the history of a person."""
    act = {"borrower_id": person, "at": example["at"], **example.get("act", {})}
    facts = [{"borrower_id": person, **row} for row in _facts(example.get("facts", {}))]
    history = [{"borrower_id": person, **row} for row in _history(example.get("history", []))]
    return act, facts, history


def _facts(said: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> list[Row]:
    if isinstance(said, Mapping):
        return [{"fact": k, "value": v} for k, v in said.items()]
    return [dict(row) for row in said]


def _history(rows: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    """Rows of history; `repeat: N` with `every: 60m|2h|1d` stands for N of them."""
    for row in rows:
        own = {k: v for k, v in row.items() if k not in ("repeat", "every")}
        step = _step(str(row.get("every", "60m")))
        at = instant(row["at"], "history, at")
        for n in range(int(row.get("repeat", 1))):
            yield {**own, "at": at + n * step}


def _step(text: str) -> timedelta:
    match = _SPAN.fullmatch(text)
    if not match:
        raise WrongUse(f"every is {text!r}; write 60m, 2h or 1d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
