"""The limitation clock: three years, started anew by what interrupts them, held by what suspends them (民法典 188-195).

An interruption counts while the time still runs; one that comes after its end starts nothing (what a borrower promises
then is another matter, for counsel). The last day is not moved on when it is a holiday: the strictest reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from forbear.basics.errors import WrongUse
from forbear.recovery.litigation.law import law

HELD = date.max
"""Stands for the day from which time runs while a proceeding goes on: not yet known."""


@dataclass(frozen=True)
class Event:
    """Something that interrupts.

    Args:
        kind: see `law.toml`, limitation.interruptions.
        on: the day on which it took effect (a demand: the day it arrived).
        proof: what shows it; without proof it does not count.
        ended_on: of a proceeding, the day it was over; None: it goes on.
    """

    kind: str
    on: date
    proof: str = ""
    ended_on: date | None = None


@dataclass(frozen=True)
class Obstacle:
    """What kept the lender from claiming (art. 194): force majeure, no representative, no heir; None: it goes on."""

    began_on: date
    ended_on: date | None
    why: str = ""


@dataclass(frozen=True)
class Step:
    """One line of the clock's account: what happened, what came of it, by which article; words in zh and en."""

    on: date
    what: Mapping[str, str]
    counted: bool
    why: Mapping[str, str]
    runs_from: date


@dataclass(frozen=True)
class Clock:
    """Where the time stands.

    Args:
        runs_from: the day from which it runs now.
        ends_on: the last day on which a claim is in time; None: it does not run (a proceeding or obstacle goes on).
        barred: it was over before `as_of`.
        days_left: from `as_of`, that day not counted; None: it does not run.
    """

    as_of: date
    runs_from: date
    ends_on: date | None
    barred: bool
    days_left: int | None
    steps: tuple[Step, ...]


def limitation(
    last_due_on: date,
    events: Iterable[Event] = (),
    obstacles: Sequence[Obstacle] = (),
    *,
    as_of: date,
    harmed_on: date | None = None,
) -> Clock:
    """The clock of one debt.

    Args:
        last_due_on: when the last installment fell due (art. 189), or the whole loan was called in.
        events: what may have interrupted; later ones than `as_of` are left out.
        obstacles: what may have suspended.
        as_of: the day that asks.
        harmed_on: when the right was harmed, for the twenty years; by default `last_due_on`.

    Raises:
        WrongUse: an event of an unknown kind, or an obstacle that ends before it begins.
    """
    known = law()["limitation"]["interruptions"]
    runs_from, steps = last_due_on, []
    for event in sorted(events, key=lambda one: (one.on, one.kind)):
        if event.kind not in known:
            raise WrongUse(f"nothing called {event.kind!r} interrupts", f"one of: {', '.join(known)}")
        if event.on > as_of:
            continue
        ends = _ends(runs_from, obstacles, as_of)
        step = _step(event, known[event.kind], runs_from, ends)
        steps.append(step)
        runs_from = step.runs_from
    latest = years_on(harmed_on or last_due_on, law()["limitation"]["most_years"])
    ends_on = _ends(runs_from, obstacles, as_of)
    if ends_on is not None or as_of > latest:
        ends_on = min(ends_on or latest, latest)
    if runs_from == HELD:  # a proceeding goes on: shown from the day it began
        runs_from = next(one.on for one in reversed(steps) if one.counted)
    days_left = None if ends_on is None else (ends_on - as_of).days
    return Clock(as_of, runs_from, ends_on, ends_on is not None and as_of > ends_on, days_left, tuple(steps))


def _step(event: Event, row: dict[str, Any], runs_from: date, ends: date | None) -> Step:
    what, article = {"zh": row["zh"], "en": row["en"]}, f"民法典 {row['article']}"
    if not event.proof.strip():
        return Step(
            event.on,
            what,
            False,
            _both(f"没有凭证（{row['proof']['zh']}）", f"not shown: {row['proof']['en']}"),
            runs_from,
        )
    if runs_from == HELD:
        return Step(event.on, what, False, _both("前一程序尚未终结", "an earlier proceeding goes on"), runs_from)
    if ends is not None and event.on > ends:
        over = _both(f"时效已于{ends}届满", f"the time was over on {ends}")
        return Step(event.on, what, False, over, runs_from)
    anew = (event.ended_on or HELD) if row.get("until_ended") else event.on
    if anew < runs_from:
        return Step(event.on, what, False, _both("时效尚未起算", "the time had not begun"), runs_from)
    return Step(event.on, what, True, _both(article, article), anew)


def _both(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


def _ends(runs_from: date, obstacles: Sequence[Obstacle], as_of: date) -> date | None:
    """The last day, with art. 194: an obstacle within the last six months leaves six months after its end."""
    if runs_from == HELD:
        return None
    rule = law()["limitation"]
    ends = years_on(runs_from, rule["years"])
    for one in sorted(obstacles, key=lambda one: one.began_on):
        if one.ended_on is not None and one.ended_on < one.began_on:
            raise WrongUse(f"an obstacle ends on {one.ended_on}, before it begins", "give both days in their order")
        begins = months_on(ends, -rule["suspended_months"])
        if one.began_on > ends or (one.ended_on is not None and one.ended_on < begins):
            continue
        if one.ended_on is None:
            return None
        ends = max(ends, months_on(one.ended_on, rule["suspended_months"]))
    return ends


def enforcement_until(performance_ends_on: date) -> date:
    """The last day to apply for enforcement (民事诉讼法 art. 250)."""
    return years_on(performance_ends_on, law()["limitation"]["enforcement_years"])


def years_on(day: date, years: int) -> date:
    """The same day so many years on; of a leap day the last of February."""
    return months_on(day, 12 * years)


def months_on(day: date, months: int) -> date:
    """The same day so many months on, or the month's last where it is shorter (民法典 art. 202)."""
    whole = day.year * 12 + day.month - 1 + months
    year, month = whole // 12, whole % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - date(year, month, 1)).days
    return date(year, month, min(day.day, last))
