"""How far back a borrower's contacts can matter to an act, so that no more of them is read.

A rule on frequency looks back over its window, a rule on waiting over its wait; an exception that a conversation ends
looks back to where the exception began. Nothing else asks for contacts, but for retention, which looks at the last one
ever. The answer is never too short: calendar days are taken whole, in whatever zone, and of several dated parameters
the longest counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from forbear.conduct import rules as r
from forbear.conduct.situation import Fact
from forbear.conduct.stack import Packs

SLACK = timedelta(days=2)
"""A calendar day may begin fourteen hours before UTC's, and the act's own day counts whole."""


@dataclass(frozen=True)
class Horizon:
    """How far back an act's rules look.

    Args:
        back: the longest window or wait of those that count contacts; None: all that ever were.
        since_facts: facts that lift a rule until a conversation ends that: contacts count since each began.
    """

    back: timedelta | None
    since_facts: frozenset[str]

    def since(self, at: datetime, facts: Iterable[Fact]) -> datetime | None:
        """The instant from which contacts may matter to an act at `at`; None: all of them."""
        if self.back is None:
            return None
        began = [one.since for one in facts if one.name in self.since_facts]
        if None in began:
            return None
        return min([at - self.back, *(one for one in began if one)])


def horizon(packs: Packs, channel: str) -> Horizon:
    """How far back the packs' rules on a channel look."""
    return _horizon(_Key(packs, channel))


class _Key:
    """Packs compare by value, which is slow; here by identity."""

    def __init__(self, packs: Packs, channel: str) -> None:
        self.packs, self.channel = packs, channel

    def __hash__(self) -> int:
        return hash((id(self.packs), self.channel))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.packs is other.packs and self.channel == other.channel


@lru_cache(maxsize=256)
def _horizon(key: _Key) -> Horizon:
    governing = [rule for _, rule in key.packs.rules if key.channel in rule.acts]
    spans = [span for rule in governing for span in _spans(rule)]
    facts = {rule.except_.fact for rule in governing if rule.except_ and rule.except_.ends_with}
    known = [span for span in spans if span is not None]
    back = None if len(known) < len(spans) else max(known, default=timedelta()) + SLACK
    return Horizon(back, frozenset(facts))


def _spans(rule: r.Rule) -> Iterator[timedelta | None]:
    for entry in rule.parameters:
        match entry:
            case r.Frequency():
                yield _span(entry.window.days, entry.window.hours)
            case r.Wait() if not isinstance(entry.after, r.AfterFact):
                yield _span(entry.days, entry.hours)
            case r.Retain():
                yield None


def _span(days: int | None, hours: int | None) -> timedelta:
    return timedelta(days=days or 0, hours=hours or 0)
