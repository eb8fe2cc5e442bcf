"""Covenants and triggers: where each stands, its head-room, its trend, and whether the trend will break it.

The forecast of a metric is the line through its month ends whose slope is the median of all slopes between two of them
(Theil 1950, Sen 1968): one odd month does not turn it. It says where things go if nothing changes, no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median

from forbear.funding.facility.agreement import Promise
from forbear.funding.facility.metrics import METRICS, Measures
from forbear.funding.periods import Every, period_end

TREND_POINTS = 7
"""Month ends of a trend, the as-of date among them."""
AHEAD = 3
"""Months that a trend is drawn on."""
LEAST_POINTS = 4
"""Month ends without which a trend says nothing."""


@dataclass(frozen=True)
class Covenant:
    """Where a covenant stands.

    Attributes:
        promise: as agreed; a threshold of money is in the major unit there, in minor units in `threshold`.
        value: of the metric now; None when it cannot be told.
        threshold, margin: in the value's unit.
        headroom: how far the value may still go; negative: broken by so much.
        state: `met`, `near` (within the margin), `heading` (the trend breaks it within three months), `broken`
            (within its cure days), `event` (past them), or `unknown`.
        trend: the metric at each month end, oldest first, the as-of date last.
        ahead: the trend drawn on, one, two, three months; empty when too short.
        breaks_on: the month end by which the trend breaks it; None: not within three months.
        broken_since: the first month end of the breach that lasts; the trend may not reach its beginning.
        cure_until: the last day on which it may be cured.
    """

    promise: Promise
    value: Decimal | None
    threshold: Decimal
    margin: Decimal
    headroom: Decimal | None
    state: str
    trend: tuple[tuple[date, Decimal | None], ...]
    ahead: tuple[tuple[date, Decimal], ...]
    breaks_on: date | None
    broken_since: date | None
    cure_until: date | None


def covenants(promises: Sequence[Promise], series: Sequence[Measures], minor_digits: int) -> list[Covenant]:
    """Where each covenant stands.

    Args:
        promises: as agreed.
        series: the pool's measures at month ends, oldest first, the as-of date last.
        minor_digits: of the currency.
    """
    return [_stands(p, series, minor_digits) for p in promises]


def _stands(promise: Promise, series: Sequence[Measures], digits: int) -> Covenant:
    scale = Decimal(10) ** digits if METRICS[promise.metric].is_money else Decimal(1)
    threshold, margin = promise.threshold * scale, promise.margin * scale
    points = _averaged([(m.on, m.value(promise.metric)) for m in series], promise.average_months)
    trend = points[-TREND_POINTS:]
    as_of, value = trend[-1]
    ahead = _ahead(trend, as_of, METRICS[promise.metric].is_money)
    breaks_on = next((on for on, v in ahead if _room(promise, v, threshold) < 0), None)
    since = _since(promise, trend, threshold)
    cure_until = since + timedelta(days=promise.cure_days) if since else None
    headroom = None if value is None else _room(promise, value, threshold)
    if headroom is None:
        state = "unknown"
    elif headroom < 0:
        state = "event" if cure_until and as_of > cure_until else "broken"
    elif headroom < margin:
        state = "near"
    else:
        state = "heading" if breaks_on else "met"
    broken = headroom is not None and headroom < 0
    return Covenant(
        promise,
        value,
        threshold,
        margin,
        headroom,
        state,
        tuple(trend),
        ahead,
        None if broken else breaks_on,
        since,
        cure_until,
    )


def _room(promise: Promise, value: Decimal, threshold: Decimal) -> Decimal:
    return threshold - value if promise.direction == "at_most" else value - threshold


def _averaged(points: list[tuple[date, Decimal | None]], months: int) -> list[tuple[date, Decimal | None]]:
    """Each point as the mean of the last so many; a mean with a missing part is missing."""
    told: list[tuple[date, Decimal | None]] = []
    for place, (on, _) in enumerate(points):
        part = [v for _, v in points[max(0, place - months + 1) : place + 1] if v is not None]
        told.append((on, sum(part, Decimal(0)) / months if len(part) == months else None))
    return told


def _ahead(
    trend: Sequence[tuple[date, Decimal | None]], as_of: date, is_money: bool
) -> tuple[tuple[date, Decimal], ...]:
    known = [(Decimal(place), v) for place, (_, v) in enumerate(trend) if v is not None]
    if len(known) < LEAST_POINTS or trend[-1][1] is None:
        return ()
    slopes = [(b - a) / (y - x) for i, (x, a) in enumerate(known) for y, b in known[i + 1 :]]
    slope = median(slopes)
    last = known[-1][1]
    most = None if is_money else max(Decimal(1), last)  # a share of a whole goes no further than all of it
    steps = ((k, max(Decimal(0), last + slope * k)) for k in range(1, AHEAD + 1))
    return tuple((period_end(as_of, k, Every.month), v if most is None else min(v, most)) for k, v in steps)


def _since(promise: Promise, trend: Sequence[tuple[date, Decimal | None]], threshold: Decimal) -> date | None:
    since = None
    for on, value in reversed(trend):
        if value is None or _room(promise, value, threshold) >= 0:
            break
        since = on
    return since
