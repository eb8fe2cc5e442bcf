"""Experiments on borrowers: who gets which strategy, and when the difference may be believed, watched every day.

Assignment is sticky (a function of key, experiment and borrower once made) and balanced within strata. The comparison
is anytime-valid: its interval holds at all times at once, so looking daily and stopping when one likes is no cheating
(asymptotic confidence sequences: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, Annals of Statistics 52(6), 2024,
theorem 2.2). Guard rails on harm use the same interval and stop an arm by themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from forbear.basics.errors import WrongUse

Floats = NDArray[np.float64]
TIGHTEST_AT = 1_000
"""Borrowers in an arm at which the interval is tightest; a choice, never a condition of its truth."""
LEAST = 30
"""Borrowers in each arm before anything is said: the interval is asymptotic."""


@dataclass(frozen=True)
class Arm:
    """One strategy on trial.

    Attributes:
        name: of the strategy.
        share: of the borrowers.
    """

    name: str
    share: Decimal


@dataclass(frozen=True)
class Experiment:
    """Champion and challengers.

    Attributes:
        name: no other experiment's.
        arms: the first is the champion; one of them may be the least contact that the law and the contract ask.
        key: of the lots; whoever has it can check them, nobody else can steer them.
    """

    name: str
    arms: tuple[Arm, ...]
    key: str

    def __post_init__(self) -> None:
        if len(self.arms) < 2 or len({arm.name for arm in self.arms}) < len(self.arms):
            raise WrongUse(f"experiment {self.name}: needs two arms or more, each with a name of its own")
        if sum((arm.share for arm in self.arms), Decimal(0)) != 1 or any(arm.share <= 0 for arm in self.arms):
            raise WrongUse(f"experiment {self.name}: shares are above 0 and add up to 1")


def lot(experiment: Experiment, borrower: str) -> int:
    """A borrower's lot, 64 bits of a keyed hash."""
    text = "\x1f".join((experiment.key, experiment.name, borrower))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def assign(
    experiment: Experiment, strata: Mapping[str, str], before: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The arm of every borrower.

    Who has one keeps it. Within each stratum newcomers, in order of their lots, go one by one to the arm that is
    furthest below its share, so no arm is ever more than a borrower away from it.

    Args:
        experiment: its arms and key.
        strata: by borrower.
        before: arms given earlier.

    Raises:
        WrongUse: an arm given earlier is none of this experiment's.
    """
    known = dict(before or {})
    shares = {arm.name: arm.share for arm in experiment.arms}
    strangers = sorted({arm for arm in known.values() if arm not in shares})
    if strangers:
        raise WrongUse(f"experiment {experiment.name}: no arm called {', '.join(strangers)}")
    made: dict[str, str] = {}
    for stratum in sorted(set(strata.values())):
        members = [one for one in strata if strata[one] == stratum]
        counts = dict.fromkeys(shares, 0)
        for one in members:
            if one in known:
                made[one] = known[one]
                counts[known[one]] += 1
        newcomers = sorted(
            (one for one in members if one not in known), key=lambda one: (lot(experiment, one), one)
        )
        for one in newcomers:
            total = sum(counts.values()) + 1
            arm = max(shares, key=lambda name: (shares[name] * total - counts[name], shares[name]))
            made[one] = arm
            counts[arm] += 1
    return made


@dataclass(frozen=True)
class Difference:
    """Mean of an arm less mean of another, with an interval that holds at all times at once.

    Attributes:
        value: the difference; NaN before both arms have `LEAST` borrowers.
        low, high: of the interval.
        of: borrowers in the two arms.
    """

    value: float
    low: float
    high: float
    of: tuple[int, int]

    @property
    def is_better(self) -> bool:
        """Surely above 0."""
        return self.low > 0

    @property
    def is_worse(self) -> bool:
        """Surely below 0."""
        return self.high < 0


def difference(arm: Floats, other: Floats, alpha: float = 0.05) -> Difference:
    """Compare results so far, one a borrower, in the order in which they became known.

    Each arm's mean has an interval at `alpha / 2`; the difference's is as wide as both, so it holds at `alpha`.

    Args:
        arm: results of its borrowers whose time is over.
        other: the same of the other arm.
        alpha: chance that the interval ever misses the truth, however often one looks.
    """
    if min(len(arm), len(other)) < LEAST:
        return Difference(float("nan"), float("-inf"), float("inf"), (len(arm), len(other)))
    half = _radius(arm, alpha / 2) + _radius(other, alpha / 2)
    value = float(arm.mean() - other.mean())
    return Difference(value, value - half, value + half, (len(arm), len(other)))


def _radius(values: Floats, alpha: float) -> float:
    """Half of the width of the interval of a mean (two-sided), at all times at once."""
    n = len(values)
    tight = (-2 * log(alpha) + log(-2 * log(alpha)) + 1) / TIGHTEST_AT
    inside = 2 * (n * tight + 1) / (n**2 * tight) * log(sqrt(n * tight + 1) / alpha)
    return float(values.std(ddof=1)) * sqrt(inside)


@dataclass(frozen=True)
class Guard:
    """A rail: the arm stops when its rate is surely above the champion's by more than `margin`.

    Attributes:
        of: what is counted, such as complaints.
        margin: how much worse is borne.
    """

    of: str
    margin: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """What may be said of a challenger today.

    Attributes:
        gain: of the result, against the champion.
        harms: by guard.
        stopped_by: guards that stop it; it gets nobody more, and its borrowers go to the champion.
    """

    gain: Difference
    harms: Mapping[str, Difference] = field(default_factory=dict)
    stopped_by: tuple[str, ...] = ()


def judged(
    challenger: Mapping[str, Floats], champion: Mapping[str, Floats], guards: Sequence[Guard], alpha: float = 0.05
) -> Verdict:
    """Today's verdict on a challenger.

    Args:
        challenger: `result` and each guard's counts, one a borrower.
        champion: the same.
        guards: rails; the chance of a false stop is shared among them.
        alpha: chance of ever being wrong.
    """
    gain = difference(challenger["result"], champion["result"], alpha)
    each = alpha / max(1, len(guards))
    harms = {g.of: difference(challenger[g.of], champion[g.of], each) for g in guards}
    stopped = tuple(g.of for g in guards if harms[g.of].low > g.margin)
    return Verdict(gain, harms, stopped)
