"""Whether a rule that replaces another is at least as tight, mechanism by mechanism.

A pack may only tighten the pack below it. Added rules always do, since every rule must allow; a rule with the id of
one below takes its place, and is compared here in each thing that decides an answer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from forbear.conduct import rules as r
from forbear.conduct.situation import FALSE


def loosened(new: r.Rule, old: r.Rule) -> list[str]:
    """What `new` would loosen of `old`; empty when it only tightens."""
    said = [what for what, holds in _frame(new, old).items() if not holds]
    if new.mechanism != old.mechanism:
        return [*said, f"mechanism {new.mechanism} in place of {old.mechanism}"]
    for mine, theirs in _meeting(new, old):
        said += [
            f"{what} (from {mine.from_})"
            for what, holds in _COMPARE[new.mechanism](mine, theirs).items()
            if not holds
        ]
    return sorted(set(said))


def _frame(new: r.Rule, old: r.Rule) -> dict[str, bool]:
    ends = new.in_force.until is None or (
        old.in_force.until is not None and new.in_force.until >= old.in_force.until
    )
    return {
        "in_force: starts later": _begins(new) <= _begins(old),
        "in_force: ends earlier": ends,
        "acts: fewer": set(new.acts) >= set(old.acts),
        "actor: narrower": new.actor in ("both", old.actor),
        "parties: fewer": not new.parties or bool(old.parties and set(new.parties) >= set(old.parties)),
        "when: narrower": new.when is None or new.when == old.when,
        "except: wider": new.except_ is None
        or (old.except_ is not None and _sooner_over(new.except_, old.except_)),
        "except: evidence says less": _evidence_kept(new.except_, old.except_),
        "unless: wider": set(new.unless) <= set(old.unless),
        "unit: counts less together": new.unit in (old.unit, "person"),
    }


def _evidence_kept(new: r.Lifted | None, old: r.Lifted | None) -> bool:
    """Whether the evidence that an exception needs is still asked for, in the words of the rule below; more may be."""
    if new is None or old is None:
        return True
    return old.evidence.en in new.evidence.en and old.evidence.zh in new.evidence.zh


def _sooner_over(new: r.Lifted, old: r.Lifted) -> bool:
    return (
        new.fact == old.fact
        and (old.days is None or (new.days is not None and new.days <= old.days))
        and new.ends_with in (old.ends_with, "conversation")
    )


def _begins(rule: r.Rule) -> date:
    """The first day on which a rule is asked: in force, and with parameters."""
    first = rule.parameters[0].from_
    return max(first, rule.in_force.from_) if rule.in_force.from_ else first


def _meeting(new: r.Rule, old: r.Rule) -> list[tuple[Any, Any]]:
    """Pairs of parameters in force at one time."""
    starts = {x.in_force.from_ for x in (new, old) if x.in_force.from_}
    dates = sorted(starts | {p.from_ for p in (*new.parameters, *old.parameters)})
    return [(mine, theirs) for on in dates if (theirs := old.at(on)) and (mine := new.at(on))]


def _hours(new: r.Hours, old: r.Hours) -> dict[str, bool]:
    both_by_day = new.open < new.close and old.open < old.close
    return {
        "open: earlier": new.open >= old.open if both_by_day else new.open == old.open,
        "close: later": new.close <= old.close if both_by_day else new.close == old.close,
        "edges: wider": new.edges in (old.edges, "open"),
        "zone: another": new.zone == old.zone,
        "days: more": set(new.days) <= set(old.days),
        "not_on_holidays: lifted": new.not_on_holidays or not old.not_on_holidays,
    }


_KINDS_WITHIN = {
    "dial": {"dial", "attempt", "connection", "conversation", "unanswered"},
    "attempt": {"attempt", "connection", "conversation"},
    "connection": {"connection", "conversation"},
    "conversation": {"conversation"},
    "unanswered": {"unanswered"},
}


def _frequency(new: r.Frequency, old: r.Frequency) -> dict[str, bool]:
    return {
        "cap: higher": new.cap <= old.cap,
        "window: shorter": _longer(new.window, old.window),
        "channels: fewer": set(new.channels) >= set(old.channels),
        "count: less": old.count in _KINDS_WITHIN[new.count],
        "direction: narrower": new.direction in ("any", old.direction),
        "parties: fewer": _more_parties(new.parties, old.parties),
        "not_to: leaves out more": new.not_to in (None, old.not_to),
    }


def _longer(new: r.Window, old: r.Window) -> bool:
    if new.days and old.days:
        return new.days >= old.days
    return bool(new.hours and old.hours and new.hours >= old.hours)


def _more_parties(new: tuple[str, ...], old: tuple[str, ...]) -> bool:
    return "any" in new or set(new) >= set(old)


def _wait(new: r.Wait, old: r.Wait) -> dict[str, bool]:
    same = new.after == old.after
    wider = isinstance(new.after, str) and isinstance(old.after, str) and old.after in _KINDS_WITHIN[new.after]
    return {
        "after: another event": same or wider,
        "days or hours: fewer": (new.days or 0) >= (old.days or 0) and (new.hours or 0) >= (old.hours or 0),
        "channels: fewer": set(new.channels) >= set(old.channels),
        "direction: narrower": new.direction in ("any", old.direction),
        "parties: fewer": _more_parties(new.parties, old.parties),
        "not_to: leaves out more": new.not_to in (None, old.not_to),
    }


def _bar(new: r.Bar, old: r.Bar) -> dict[str, bool]:
    return {
        "states: fewer": set(new.states) >= set(old.states),
        "value: narrower": new.value == old.value or (new.value is None and not _says_no(old.value)),
    }


def _says_no(value: str | None) -> bool:
    """Whether a state is barred at a no, which a bar without a value lets pass."""
    return value is not None and value.strip().lower() in FALSE


def _need(new: r.Need, old: r.Need) -> dict[str, bool]:
    return {
        "facts: fewer": set(new.facts) >= set(old.facts),
        "at_least: lower": all(
            name in new.at_least and new.at_least[name] >= v for name, v in old.at_least.items()
        ),
        "at_most: higher": all(name in new.at_most and new.at_most[name] <= v for name, v in old.at_most.items()),
        "one_of: more": all(
            name in new.one_of and set(new.one_of[name]) <= set(v) for name, v in old.one_of.items()
        ),
    }


def _forbid(new: r.Forbid, old: r.Forbid) -> dict[str, bool]:
    return {"facts: fewer": set(new.facts) >= set(old.facts)}


def _notice(new: r.Notice, old: r.Notice) -> dict[str, bool]:
    return {
        "fact: another": new.fact == old.fact,
        "days: fewer": new.days >= old.days,
        "business: calendar days now": new.business or not old.business,
        "count_from: earlier": new.count_from in (old.count_from, "next_day"),
    }


def _fresh(new: r.Fresh, old: r.Fresh) -> dict[str, bool]:
    shorter = (
        new.days <= old.days
        if new.days is not None and old.days is not None
        else new.years is not None and old.years is not None and new.years <= old.years
    )
    return {
        "fact: another": new.fact == old.fact,
        "days or years: more": shorter,
        "missing: allowed": new.missing in (old.missing, "deny"),
    }


def _party(new: r.PartyRule, old: r.PartyRule) -> dict[str, bool]:
    kept = all(
        p in old.allow or set(facts) <= set(old.allow_when.get(p, ())) for p, facts in new.allow_when.items()
    )
    return {"allow: more": set(new.allow) <= set(old.allow), "allow_when: more": kept}


def _retain(new: r.Retain, old: r.Retain) -> dict[str, bool]:
    longer = (
        new.days >= old.days
        if new.days is not None and old.days is not None
        else new.years is not None and old.years is not None and new.years >= old.years
    )
    return {"days or years: fewer": longer, "from_event: another": new.from_event == old.from_event}


_COMPARE: dict[str, Callable[[Any, Any], dict[str, bool]]] = {
    "hours": _hours,
    "frequency": _frequency,
    "wait": _wait,
    "bar": _bar,
    "need": _need,
    "forbid": _forbid,
    "notice": _notice,
    "fresh": _fresh,
    "party": _party,
    "retain": _retain,
}
