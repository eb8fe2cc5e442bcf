"""Whether a claim is worth a suit, by what the desk knows and what somebody says of the borrower's means.

Her states come from the facts that the gate sees, the time from the limitation clock, mediation from the suit's stages;
her surplus, what she has, and which papers are there are said by whoever asks. Nobody is sued against this answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from forbear.conduct.situation import FALSE
from forbear.desk.litigation.clocks import clock_of
from forbear.desk.litigation.models import Suit
from forbear.desk.record.models import Fact
from forbear.recovery.litigation import Assessment, SuitCase, assess
from forbear.recovery.litigation.worth import BARS, CARE

HAD = ("statement", "contacts")
"""Papers that the desk makes itself."""


@dataclass(frozen=True)
class Means:
    """What is said of her means and of the papers; minor units. A surplus that is not known is None."""

    surplus: int | None
    assets: int = 0
    papers: tuple[str, ...] = ()
    average_wage: int | None = None
    can_be_served: bool = True


def weighed(suit: Suit, claimed: int, means: Means, at: datetime) -> Assessment:
    """Whether to sue, and how."""
    clock = clock_of(suit.loan, at).clock
    case = SuitCase(
        claim=claimed,
        surplus=means.surplus,
        assets=means.assets,
        states=frozenset(states_of(suit, at)),
        evidence=frozenset([*HAD, *means.papers]),
        days_left=clock.days_left,
        barred=clock.barred,
        mediated=suit.events.filter(stage="mediation_failed").exists(),
        average_wage=means.average_wage,
        can_be_served=means.can_be_served,
    )
    return assess(case)


def states_of(suit: Suit, at: datetime) -> Iterable[str]:
    """The states that keep a borrower from being sued and hold now."""
    holds = Q(since__isnull=True) | Q(since__lte=at), Q(until__isnull=True) | Q(until__gt=at)
    about = Q(loan_id__isnull=True) | Q(loan_id="") | Q(loan_id=suit.loan_id)
    found = Fact.objects.filter(*holds, about, borrower_id=suit.borrower_id, fact__in=[*BARS, *CARE])
    return {one.fact for one in found if (one.value or "true").strip().lower() not in FALSE}
