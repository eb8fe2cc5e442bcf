"""What a borrower asked for, beside what the rules allow: it narrows, never widens.

| fact | value | meaning |
| --- | --- | --- |
| `channel_declined` | true, with the channel | do not use this channel |
| `preferred_channel` | sms, email, … | use this one, if it can be had: for whoever plans (`preferred`) |
| `contact_window` | 18:00-21:00 | reach me within these hours, where I am |

A consent that compliance asks for on a channel is the gate's matter (docs/gate-facts.md); these are hers alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from forbear.conduct.mechanisms import Clocks
from forbear.conduct.rules import clock
from forbear.conduct.situation import Fact, known_zone

HER_HOURS = "outside the hours she asked for"
"""Why a contact waits that only her own hours stand against."""
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


def declined(facts: Iterable[Fact], channel: str, at: datetime) -> bool:
    """Whether she does not want this channel."""
    return any(
        one.name == "channel_declined" and one.true and one.holds(at) and one.channel in ("", channel)
        for one in facts
    )


def window_opens(facts: Sequence[Fact], at: datetime) -> datetime | None:
    """When her own hours open next; None: they are open, or she named none that can be read."""
    windows = [one.value for one in facts if one.name == "contact_window" and one.holds(at)]
    zones = tuple(
        sorted(
            {z.strip() for one in facts if one.name == "time_zone" and one.holds(at) for z in one.value.split("|")}
        )
    )
    if not windows or not zones or not all(map(known_zone, zones)):
        return None
    latest: datetime | None = None
    for value in windows:
        opens, closes = _minutes(value)
        if opens == closes:
            continue
        hours = Clocks(zones, opens, closes, False, EVERY_DAY, None)
        if hours.shut_in(at) is not None and (then := hours.next_open(at)):
            latest = max(latest, then) if latest else then
    return latest


def preferred(borrower_facts: Iterable[Fact], usable: Sequence[str], at: datetime) -> str | None:
    """The channel she prefers, if it is among those that can be used; for whoever plans."""
    named = [one.value for one in borrower_facts if one.name == "preferred_channel" and one.holds(at)]
    return next((channel for channel in named if channel in usable), None)


def _minutes(value: str) -> tuple[int, int]:
    opens, _, closes = value.partition("-")
    try:
        both = [clock(one.strip()).split(":") for one in (opens, closes)]
    except ValueError:
        return 0, 0
    first, last = (int(hours) * 60 + int(minutes) for hours, minutes in both)
    return first, last


def dead(facts: Iterable[Fact], pseudonym: str | None, at: datetime) -> bool:
    """Whether a provider said that nobody is at this address (`dead_number`, written from receipts)."""
    return pseudonym is not None and any(
        one.name == "dead_number" and one.number == pseudonym and one.true and one.holds(at) for one in facts
    )
