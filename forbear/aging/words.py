"""The settings as the words that the SQL files use: `$as_of` and its like, and the ladder from dpd to bucket.

Grace is folded into thresholds here, once, so that every table that asks "was it ever 30 days past due" asks the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from forbear.aging.settings import AgingSettings
from forbear.basics.money import to_minor

Word = int | str | bool | date
END_OF_TIME = date(9999, 12, 31)
THRESHOLDS = (1, 30, 60, 90)
NO_CONTAGION = 100_000_000
SHARE_SCALE = 1_000_000


@dataclass(frozen=True)
class Rung:
    """What a loan with these days past due is called; the top rung stands for all beyond it."""

    dpd: int
    bucket: str
    bucket_order: int
    category: str


def words(settings: AgingSettings, as_of: date, currency: str) -> dict[str, Word]:
    """The values of the SQL files' `$` words.

    Raises:
        WrongUse: the tolerance is finer than the currency's minor unit.
    """
    after = as_of + timedelta(days=1)
    tolerance = to_minor(settings.tolerance, currency)
    off = settings.grace_days if settings.grace_counts == "after_grace" else 0
    rule = settings.contagion()
    return {
        "as_of": as_of,
        "after": after,
        "known_on": as_of if settings.events_known == "recorded" else END_OF_TIME,
        "slack": max(tolerance - 1, 0),
        "grace": settings.grace_days,
        "grace_off": off,
        **{f"at_{days}": raw_days(days, settings) for days in THRESHOLDS},
        "default_days": settings.default_days,
        "first_payment_days": raw_days(settings.first_payment_days, settings),
        "ladder_top": ladder(settings)[-1].dpd,
        "contagion_over": rule.over if rule else NO_CONTAGION,
        "contagion_share": int(rule.share * SHARE_SCALE) if rule else 0,
        "contagion_category": rule.at_least if rule else "",
        "contagion_below": _over(settings, rule.at_least) if rule else -1,
    }


def number(given: Mapping[str, Word], name: str) -> int:
    """The value of a word that is a whole number."""
    value = given[name]
    assert isinstance(value, int), f"${name} is no number"
    return value


def raw_days(dpd: int, settings: AgingSettings) -> int:
    """The days since the due date (pauses taken off) from which the dpd is at least `dpd` (1 or more)."""
    if settings.grace_counts == "after_grace":
        return dpd + settings.grace_days
    return max(dpd, settings.grace_days + 1)


def _over(settings: AgingSettings, category: str) -> int:
    """The dpd that loans of a category exceed."""
    return next(c.over or 0 for c in settings.scheme().categories if c.category == category)


def ladder(settings: AgingSettings) -> tuple[Rung, ...]:
    """One rung a dpd, from 0 to the first at which nothing changes any more."""
    buckets, scheme = settings.bucket_set(), settings.scheme()
    top = max([b.dpd_from for b in buckets] + [(c.over or 0) + 1 for c in scheme.categories])
    rungs = []
    for dpd in range(top + 1):
        order = max(i for i, b in enumerate(buckets) if b.dpd_from <= dpd)
        rungs.append(Rung(dpd, buckets[order].bucket, order, scheme.category_at(dpd)))
    return tuple(rungs)
