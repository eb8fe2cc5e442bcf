"""A worked example on Regulation F put to the gate: its acts, one by one, with what was before each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from forbear.conduct.judge import RuleAnswer, judge_one
from forbear.conduct.regf_rows import FIRST_DAY, PERSON, Row, Told
from forbear.conduct.situation import contact, facts_of, proposal
from forbear.conduct.stack import Packs

CALLS, TALKED, CLOCK, KEEPING = "US-FREQ-01", "US-FREQ-02", "US-TIME-01", "US-RET-01"
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Asked:
    """One example: its facts, their rows, and the gate to ask."""

    facts: Mapping[str, Any]
    told: Told
    packs: Packs

    def ask(
        self, act: Mapping[str, Any], history: Iterable[Row] = (), facts: Iterable[Row] = ()
    ) -> dict[str, RuleAnswer]:
        """Each rule's answer to one act; the key `""` holds the gate's own."""
        row = {"borrower_id": PERSON, "sender": self.told.collector, "loan_id": list(self.told.debts), **act}
        held = facts_of([*self.told.facts, *facts])
        past = [contact(r, n) for n, r in enumerate(history, start=1)]
        verdict = judge_one(proposal(row, 1, None), held, past, self.packs)
        gate = RuleAnswer("", "", "", "", verdict.answer, verdict.until, "", {}, "", "", True)
        return {"": gate, **{a.rule_id: a for a in verdict.answers}}

    def call(self, at: datetime, debts: Iterable[str] = (), **more: Any) -> dict[str, RuleAnswer]:
        """The answers to a call at an instant, with what was before it."""
        before = [row for row in self.told.history if row["at"] <= at]
        named = {"loan_id": list(debts)} if debts else {}
        return self.ask({"channel": "call", "at": at, **named, **more}, before)

    @cached_property
    def candidates(self) -> list[tuple[Mapping[str, Any], dict[str, RuleAnswer]]]:
        """The calls the example asks about, with the answers to each."""
        listed = self.facts.get("candidate_calls") or [self.facts["candidate_call"]]
        return [(c, self.call(self.told.at(c["date"], c.get("time", "12:00")), c.get("debts", ()))) for c in listed]

    @cached_property
    def replayed(self) -> list[tuple[Row, dict[str, RuleAnswer]]]:
        """Each contact the collector made, asked as it was about to be made."""
        rows = self.told.history
        return [
            (row, self.ask({k: v for k, v in row.items() if k not in ("direction", "result")}, rows[:n]))
            for n, row in enumerate(rows)
            if row["direction"] == "out"
        ]

    @property
    def last_day(self) -> date:
        """The date at whose end the example counts."""
        said = self.facts.get("evaluate_at")
        if said:
            return date.fromisoformat(said)
        return max((row["at"].date() for row in self.told.history), default=FIRST_DAY)

    def count(self, debt: str = "", **more: Any) -> int:
        """How many calls have been counted by the end of the last day."""
        answers = self.call(self.told.at(self.last_day, "23:59"), (debt,) if debt else (), **more)
        return int(answers[CALLS].facts["count"])
