"""The gate: acts in, verdicts out, each with every rule that was asked and the facts it saw.

`judge` is the meaning of the rules, one act at a time. An act is allowed only when at least one rule governs it and
every rule that does allows it. A deferral is proved: the instant it names is asked again, and moved on until the
gate itself would allow the act then. What cannot be decided is denied.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from forbear.conduct.mechanisms import MEANING, Outcome, allow, deny, excepted
from forbear.conduct.rules import Answer, Dated, Lifted, Rule
from forbear.conduct.situation import (
    LAST_YEAR,
    TRUE,
    Contact,
    Fact,
    Proposal,
    Situation,
    contact,
    facts_of,
    proposal,
    says_otherwise,
)
from forbear.conduct.stack import Pack, Packs

CLOCK = "FORBEAR-CLOCK"
UNGOVERNED = "FORBEAR-UNGOVERNED"
MOST_STEPS = 64
"""How often a deferral is moved on; a lawful instant further off than so many refusals is none."""


@dataclass(frozen=True)
class RuleAnswer:
    """What one rule said to one act.

    Attributes:
        version: fingerprint of the rule's content.
        since: the date from which the parameters used are in force.
        until: UTC, when deferred.
        facts: what the rule saw.
        verified: whether the rule's own text was seen; if not it was read at its strictest.
    """

    rule_id: str
    pack: str
    version: str
    since: str
    answer: Answer
    until: datetime | None
    reason: str
    facts: Mapping[str, Any]
    instrument: str
    article: str
    verified: bool


@dataclass(frozen=True)
class Verdict:
    """The gate's answer to one act.

    Attributes:
        answer: allowed, deferred or denied.
        until: when deferred: the next instant at which the gate would allow the act (UTC), all else unchanged.
        answers: every rule asked, in the order of the packs.
    """

    act: Proposal
    answer: Answer
    until: datetime | None
    answers: tuple[RuleAnswer, ...] = field(default=())

    @property
    def act_id(self) -> str:
        """The act's name."""
        return self.act.act_id

    @property
    def allowed(self) -> bool:
        """Whether the act may happen now."""
        return self.answer is Answer.allowed

    @property
    def against(self) -> tuple[RuleAnswer, ...]:
        """The rules that do not allow the act now."""
        return tuple(a for a in self.answers if a.answer is not Answer.allowed)

    def to_json(self) -> dict[str, Any]:
        """The verdict as plain values, for the audit."""
        said: dict[str, Any] = plain(
            {
                "act_id": self.act.act_id,
                "borrower_id": self.act.borrower_id,
                "channel": self.act.channel,
                "at": self.act.at,
                "answer": self.answer,
                "until": self.until,
                "because": [{"rule": a.rule_id, "reason": a.reason} for a in self.against],
                "answers": [asdict(a) for a in self.answers],
            }
        )
        return said


def plain(value: Any) -> Any:
    """`value` as JSON's own types: instants in ISO, tuples as lists, the rest as text."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | frozenset | set):
        return [plain(v) for v in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | float) else str(value)


Rows = Iterable[Mapping[str, Any]]


def judge(
    acts: Rows,
    history: Rows,
    at: datetime | None,
    packs: Packs,
    *,
    facts: Rows = (),
    as_then: bool = False,
    sources: tuple[str, str, str] = ("acts", "history", "facts"),
) -> list[Verdict]:
    """Judge acts against packs.

    Args:
        acts: rows of proposed acts, as `docs/gate.md` describes them; independent of each other.
        history: rows of past contacts.
        at: the instant of acts that carry none of their own.
        packs: from `load_packs`.
        facts: rows of facts, long or wide.
        as_then: judge past acts as on their day: contacts after an act are left out, and so is the act's own
            record (a contact of its instant and channel whose contact_id is its act_id). Without it a history that
            reaches past the act denies it, since a clock is wrong.
        sources: what an error calls the three tables; the command gives the files' names.

    Raises:
        WrongUse: a row lacks what it must have; names table and row.
    """
    of_acts, of_history, of_facts = sources
    proposals = [proposal(row, number, at, of_acts) for number, row in enumerate(acts, start=1)]
    past: dict[str, list[Contact]] = defaultdict(list)
    for number, row in enumerate(history, start=1):
        known = contact(row, number, of_history)
        past[known.borrower_id].append(known)
    held: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts_of(facts, of_facts):
        held[fact.borrower_id].append(fact)
    return [
        judge_one(act, held[act.borrower_id], past[act.borrower_id], packs, as_then=as_then) for act in proposals
    ]


def judge_one(
    act: Proposal, facts: Sequence[Fact], history: Sequence[Contact], packs: Packs, *, as_then: bool = False
) -> Verdict:
    """Judge one act on plain values: the facts and contacts of its borrower, in any order."""
    known = [c for c in history if c.at <= act.at and not _is_itself(c, act)] if as_then else list(history)
    ordered = tuple(sorted(known, key=lambda c: c.at))
    situation = Situation(act, tuple(facts), ordered)
    answers = _ask(situation, packs)
    answer = max((a.answer for a in answers), key=list(Answer).index)
    until = _proved(situation, packs, answers) if answer is Answer.deferred else None
    if answer is Answer.deferred and until is None:
        answer = Answer.denied
    return Verdict(act, answer, until, answers)


def _is_itself(past: Contact, act: Proposal) -> bool:
    """Whether a contact on record is the act judged as on its day: a contact does not count against itself."""
    return past.contact_id == act.act_id and past.at == act.at and past.channel == act.channel


def _ask(situation: Situation, packs: Packs) -> tuple[RuleAnswer, ...]:
    asked = []
    legal: dict[int, tuple[Situation, date]] = {}
    for pack, rule in packs.on_channel(situation.act.channel):
        if id(pack) not in legal:
            s = _legal(pack, situation)
            legal[id(pack)] = s, s.legal_date()
        s, on = legal[id(pack)]
        parameters = rule.at(on)
        if parameters is not None and _governs(rule, s):
            asked.append(_answer(pack, rule, parameters, s))
    return (*_own_checks(situation, bool(asked)), *asked)


def _own_checks(s: Situation, governed: bool) -> list[RuleAnswer]:
    """The gate's own: a clock that jumped, an act that no rule governs."""
    found = []
    last = max((c.at for c in s.history), default=None)
    if last and last > s.at:
        found.append(_gates_own(CLOCK, f"history reaches {last.isoformat()}, after the act: a clock is wrong"))
    if not governed:
        found.append(_gates_own(UNGOVERNED, "no rule of these packs governs this act, so nothing allows it"))
    return found


def _gates_own(rule_id: str, reason: str) -> RuleAnswer:
    return RuleAnswer(rule_id, "forbear", "1", "", Answer.denied, None, reason, {}, "Forbear", "", True)


def _legal(pack: Pack, s: Situation) -> Situation:
    return Situation(s.act, s.facts, s.history, pack.head.zone, pack.head.holidays)


def _governs(rule: Rule, s: Situation) -> bool:
    if rule.actor not in (s.act.actor, "both"):
        return False
    if rule.parties and s.act.party not in rule.parties:
        return False
    if rule.when is None:
        return True
    value = s.value(rule.when.fact)
    return value is None or not says_otherwise(value, rule.when.is_)


def _answer(pack: Pack, rule: Rule, parameters: Dated, s: Situation) -> RuleAnswer:
    outcome = _lifted(rule, s) or MEANING[rule.mechanism](parameters, s, rule)
    return RuleAnswer(
        rule.id,
        pack.name,
        rule.version,
        parameters.from_.isoformat(),
        outcome.answer,
        outcome.until,
        outcome.reason,
        outcome.facts,
        rule.instrument,
        rule.article,
        rule.verified,
    )


def _lifted(rule: Rule, s: Situation) -> Outcome | None:
    """Allowed because an exception is on record; a window of hours as its value is for the mechanism to read."""
    for name in rule.unless:
        if (s.own(name) or "").lower() in TRUE:
            return allow(unless=name)
    if rule.except_ and _excepted(rule, rule.except_, s):
        return allow(**{"except": rule.except_.fact})
    return None


def _excepted(rule: Rule, lifted: Lifted, s: Situation) -> bool:
    """Whether the exception is on record; one that ends by itself is looked at in its time."""
    own = s.own(lifted.fact)
    if lifted.limited and own is None:
        return excepted(rule, s, s.at)
    return (s.value(lifted.fact) or "").lower() in TRUE


def _proved(situation: Situation, packs: Packs, answers: Sequence[RuleAnswer]) -> datetime | None:
    """The first instant the rules' own deferrals lead to at which every rule allows the act."""
    s = situation
    for _ in range(MOST_STEPS):
        at = max(a.until for a in answers if a.until)
        if at.year > LAST_YEAR:
            return at  # a state without end in sight; no clock reaches so far
        s = Situation(s.act.moved(at), s.facts, s.history)
        answers = _ask(s, packs)
        worst = max((a.answer for a in answers), key=list(Answer).index)
        if worst is Answer.allowed:
            return at
        if worst is Answer.denied:
            return None
    return None


__all__ = ["CLOCK", "UNGOVERNED", "RuleAnswer", "Verdict", "deny", "judge", "judge_one", "plain"]
