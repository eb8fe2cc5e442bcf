"""Circumstances that weigh for or against a presumption of Regulation F: no limits, but what a reviewer must see.

Comments 14(b)(2)(i)-2 and 14(b)(2)(ii)-2 name them. Where calls are told they are read from the calls; where an
example only describes a pattern, from its words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from forbear.conduct.mechanisms import is_holiday
from forbear.conduct.situation import UNANSWERED, counts_as

RAPID = timedelta(minutes=5)
DESCRIBED = {
    "sunday": "inconvenient_days",
    "holiday": "inconvenient_days",
    "voicemail": "voicemail_pattern",
    "rapid": "rapid_succession",
    "obscene": "collector_prior_conduct",
    "threat": "collector_prior_conduct",
    "stop calling": "consumer_prior_statements",
    "not mine": "consumer_prior_statements",
    "will not pay": "consumer_prior_statements",
    "refus": "consumer_prior_statements",
}
"""Words of a described pattern, and the circumstance they name."""
REASONS = ("required by law", "active litigation", "request", "time-sensitive", "time-critical")
"""Words of a reason that may rebut a presumption of violation."""


def flag(facts: Mapping[str, Any], placed: Sequence[Mapping[str, Any]]) -> str:
    """The circumstance that may rebut a presumption of compliance, or nothing.

    Args:
        facts: an example's facts; `pattern` describes in words what is not told as events.
        placed: the collector's calls as rows of history, in order.
    """
    said = str(facts.get("pattern", "")).lower()
    described = next((name for word, name in DESCRIBED.items() if word in said), "")
    return described or next((name for name, holds in _SEEN.items() if holds(placed)), "")


def may_rebut(reason: str) -> bool:
    """Whether a reason is one of those that may rebut a presumption of violation."""
    return any(word in reason.lower() for word in REASONS)


def _rapid(placed: Sequence[Mapping[str, Any]]) -> bool:
    """Two unanswered calls to one number within five minutes."""
    missed = [row for row in placed if row["channel"] == "call" and UNANSWERED in counts_as(row["result"])]
    pairs = ((one, two) for n, one in enumerate(missed) for two in missed[n + 1 :])
    return any(one["number"] == two["number"] and two["at"] - one["at"] <= RAPID for one, two in pairs)


def _all_on_a_day(placed: Sequence[Mapping[str, Any]]) -> bool:
    days = [row["at"].date() for row in placed if row["channel"] == "call"]
    return any(days.count(day) >= 7 for day in set(days))


def _on_days_of_rest(placed: Sequence[Mapping[str, Any]]) -> bool:
    days = [row["at"].date() for row in placed if row["channel"] == "call"]
    resting = [day for day in days if day.isoweekday() == 7 or is_holiday(day, "US")]
    return len(resting) >= 2 and 2 * len(resting) > len(days)


_SEEN = {"rapid_succession": _rapid, "highly_concentrated": _all_on_a_day, "inconvenient_days": _on_days_of_rest}
