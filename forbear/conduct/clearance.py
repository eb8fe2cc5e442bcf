"""What the gate hands out: a `Cleared` act or a `Refusal`.

Whatever sends, reports, charges or places takes cleared acts alone. Treatment proposes an act; only `ask` turns it
into a `Cleared`. One made any other way (by its constructor, by copying, by unpickling) raises, so that a path
around the gate does not run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NoReturn

from forbear.basics.errors import ForbearError
from forbear.conduct.judge import Verdict, judge_one
from forbear.conduct.rules import Answer, citation
from forbear.conduct.situation import Contact, Fact, Proposal
from forbear.conduct.stack import Packs

_SEAL = object()


class NotCleared(ForbearError):
    """Something that must be cleared by the gate was not."""


class Cleared:
    """An act that the gate allowed, with its verdict. Only `ask` makes one; it cannot be changed or copied."""

    __slots__ = ("_act", "_seal", "_verdict")

    def __init__(self, act: Proposal, verdict: Verdict, seal: object = None) -> None:
        if seal is not _SEAL or verdict.answer is not Answer.allowed or verdict.act != act:
            raise NotCleared("an act is cleared by the gate alone", "use forbear.conduct.ask")
        object.__setattr__(self, "_act", act)
        object.__setattr__(self, "_verdict", verdict)
        object.__setattr__(self, "_seal", seal)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise NotCleared(f"a cleared act cannot be changed ({name})")

    def __reduce__(self) -> NoReturn:
        raise NotCleared("a cleared act is for here and now: it cannot be stored and revived", "store its verdict")

    def __copy__(self) -> NoReturn:
        raise NotCleared("a cleared act cannot be copied")

    def __deepcopy__(self, memo: dict[int, Any]) -> NoReturn:
        raise NotCleared("a cleared act cannot be copied")

    @property
    def act(self) -> Proposal:
        """The act."""
        return self._act  # type: ignore[no-any-return,attr-defined]

    @property
    def verdict(self) -> Verdict:
        """Why it may happen."""
        return self._verdict  # type: ignore[no-any-return,attr-defined]


class Refusal:
    """An act that may not happen now: codes of the rules against it, their citations, and until when."""

    __slots__ = ("act", "citations", "codes", "until", "verdict")

    def __init__(self, verdict: Verdict) -> None:
        self.act: Proposal = verdict.act
        self.verdict: Verdict = verdict
        self.codes: tuple[str, ...] = tuple(a.rule_id for a in verdict.against)
        self.citations: tuple[str, ...] = tuple(citation(a.instrument, a.article) for a in verdict.against)
        self.until: datetime | None = verdict.until


def ask(act: Proposal, facts: Sequence[Fact], history: Sequence[Contact], packs: Packs) -> Cleared | Refusal:
    """Ask the gate for one act, now."""
    verdict = judge_one(act, facts, history, packs)
    return Cleared(act, verdict, _SEAL) if verdict.allowed else Refusal(verdict)


class Batch:
    """Asks the gate for many acts; acts that no rule can tell apart are judged once.

    No rule looks at who a borrower is, only at what is known of her. Two acts at one instant that agree in channel,
    party, sender and facts, of borrowers with the same facts and no contact that counts, get the same answers. As soon
    as a contact, a number or a debt of its own comes into it, an act is judged by itself.
    """

    def __init__(self, packs: Packs) -> None:
        self.packs = packs
        self._alike: dict[Any, Verdict] = {}

    def ask(self, act: Proposal, facts: Sequence[Fact], history: Sequence[Contact]) -> Cleared | Refusal:
        """As `ask`."""
        if history or any(one.number or one.loan for one in facts):
            return ask(act, facts, history, self.packs)
        known = frozenset((f.name, f.value, f.since, f.until, f.sender, f.channel) for f in facts)
        own = (act.channel, act.at, act.sender, act.actor, act.party, min(len(act.loans), 2), bool(act.number))
        key = (own, frozenset(act.facts.items()), known)
        if key not in self._alike:
            self._alike[key] = judge_one(act, facts, history, self.packs)
        verdict = replace(self._alike[key], act=act)
        return Cleared(act, verdict, _SEAL) if verdict.allowed else Refusal(verdict)


def require_cleared(thing: object) -> Cleared:
    """`thing` if it is a cleared act.

    Raises:
        NotCleared: it is not.
    """
    if not isinstance(thing, Cleared) or getattr(thing, "_seal", None) is not _SEAL:
        raise NotCleared(f"{type(thing).__name__} is not cleared by the gate", "use forbear.conduct.ask")
    return thing
