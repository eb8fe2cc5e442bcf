"""The formulas of expected credit loss, plain: what a textbook's worked example can be put through.

ECL = sum over periods of marginal PD x LGD x EAD x discount factor at the effective interest rate (IFRS 9
5.5.17, B5.5.28,
B5.5.44). PDs and discount factors are floats; money is a Decimal and is rounded once, by whoever asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from forbear.basics.errors import WrongUse

WEIGHTS_APART = Decimal("0.000001")


@dataclass(frozen=True)
class Scenario:
    """A future and its weight; `pd_odds` multiplies the odds of default in each period, `lgd` the loss given
    default.
    """

    name: str
    weight: Decimal
    pd_odds: Decimal = Decimal(1)
    lgd: Decimal = Decimal(1)
    title: dict[str, str] | None = None


def marginal(hazards: Sequence[float]) -> list[float]:
    """The chance of defaulting in each period, from the chance of defaulting in it when none came before."""
    alive, told = 1.0, []
    for hazard in hazards:
        told.append(alive * hazard)
        alive *= 1 - hazard
    return told


def hazards(marginals: Sequence[float]) -> list[float]:
    """The inverse of `marginal`."""
    alive, told = 1.0, []
    for chance in marginals:
        told.append(min(1.0, chance / alive) if alive > 0 else 1.0)
        alive -= chance
    return told


def worse_odds(hazard: float, times: float) -> float:
    """A chance whose odds are multiplied: it stays between 0 and 1."""
    return times * hazard / (1 - hazard + times * hazard)


def discount(rate: float, periods: float) -> float:
    """The factor for money so many periods away, at a rate a period."""
    return float((1 + rate) ** -periods)


def expected_loss(
    marginals: Sequence[float],
    lgd: Decimal,
    exposures: Sequence[Decimal],
    rate: float,
    timing: float = 1.0,
) -> Decimal:
    """Expected credit loss.

    Args:
        marginals: chance of defaulting in each period.
        lgd: share of the exposure that is lost.
        exposures: exposure at default in each period, any unit.
        rate: effective interest rate a period.
        timing: when in its period a default falls: 1 at its end, 0.5 in its middle.

    Returns:
        In the exposures' unit, not rounded.
    """
    told = Decimal(0)
    for place, (chance, exposure) in enumerate(zip(marginals, exposures, strict=True)):
        told += Decimal(chance * discount(rate, place + timing)) * lgd * exposure
    return told


def loss_rate(defaults_lost: Decimal, whole: Decimal) -> Decimal:
    """The loss rate approach: the present value of what a group lost over what it owed (IFRS 9 IE53 to IE57)."""
    return defaults_lost / whole


def provision_matrix(carrying: Sequence[Decimal], rates: Sequence[Decimal]) -> list[Decimal]:
    """The practical expedient: lifetime losses by range of days past due (IFRS 9 B5.5.35, IE74 to IE77)."""
    return [c * r for c, r in zip(carrying, rates, strict=True)]


def weighted(losses: Sequence[Decimal], scenarios: Sequence[Scenario]) -> Decimal:
    """The probability-weighted amount (IFRS 9 5.5.17 a).

    Raises:
        WrongUse: the weights do not add up to one.
    """
    checked(scenarios)
    return sum((x * s.weight for x, s in zip(losses, scenarios, strict=True)), Decimal(0))


def checked(scenarios: Sequence[Scenario]) -> None:
    """Refuse weights that do not add up to one.

    Raises:
        WrongUse: they do not, or one is negative.
    """
    total = sum((s.weight for s in scenarios), Decimal(0))
    if abs(total - 1) > WEIGHTS_APART or any(s.weight < 0 for s in scenarios):
        raise WrongUse(f"the scenarios' weights add up to {total}, not to 1", "change their weights")
