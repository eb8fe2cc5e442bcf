"""Cash back to lend again, period by period: what the forecast brings, less what the facility is owed, added up.

`low` is what comes at least at the stated rate of the forecast's intervals for sums: what a careful treasurer
counts on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from forbear.basics.money import to_minor
from forbear.funding.facility.agreement import Service
from forbear.funding.forecast import Forecast


@dataclass(frozen=True)
class Free:
    """A period of the liquidity view; money in minor units, `total` and `low` from the as-of date on."""

    ends_on: date
    cash: int
    principal: int
    service: int
    free: int
    total: int
    low: int


def liquidity(told: Forecast, service: Sequence[Service], currency: str) -> list[Free]:
    """Cash free to be lent, by period.

    Args:
        told: the forecast.
        service: what the facility is owed, and when.
        currency: of its amounts.
    """
    made, paid = [], 0
    for period in told.periods:
        owed = sum(to_minor(s.amount, currency) for s in service if period.begins_after < s.on <= period.ends_on)
        paid += owed
        made.append(
            Free(
                period.ends_on,
                period.expected,
                period.principal,
                owed,
                period.expected - owed,
                period.total - paid,
                period.total_low - paid,
            )
        )
    return made
