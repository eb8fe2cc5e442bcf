"""Do the doubly robust intervals cover the truth? 500 trials on simulated borrowers: benchmarks/offpolicy.md.

    python benchmarks/bench_offpolicy.py [--trials 500] [--decisions 1500] [--out benchmarks/offpolicy.md]

Every borrower who is late on a day is taken into 24 futures under each of three acts, so that all potential outcomes
are known. A trial draws borrowers, a future for each, and an act by logged chances; the estimate of another strategy is
held against that strategy's true mean over all borrowers and futures.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from reference_page import machine, today

from forbear.simulate.acts import menu
from forbear.simulate.days import days
from forbear.simulate.record import fall_due
from forbear.simulate.run import Setup, advance, simulate
from forbear.simulate.seen import see
from forbear.simulate.strategies.learned import columns
from forbear.simulate.strategies.lists import Ladder
from forbear.simulate.values import _rows as copied
from forbear.simulate.worlds.catalog import world
from forbear.simulate.worlds.contact import effects
from forbear.treatment.offpolicy import Logged, cross_fitted, evaluate

HERE = Path(__file__).parent
ACTS = ("wait", "sms", "human_call")
CHANCES = (0.5, 0.25, 0.25)
FEATURES = (
    "dpd",
    "unpaid_installments",
    "score",
    "days_to_due",
    "days_since_payment",
    "arrears_share",
    "text_rate",
)
AHEAD = 21
Floats = NDArray[np.float64]


def outcomes(borrowers: int, futures: int) -> tuple[Floats, Floats]:
    """(features of the late, money in installments: futures x acts x borrowers)."""
    place, setup = world("structural"), Setup(borrowers, 30, seed=11)
    state = simulate(place, Ladder(), setup)
    calendar = days(setup.start, setup.days + AHEAD)
    late = np.flatnonzero(state.record.dpd > 0)
    table = columns(see(copied(state, late).record, calendar, setup.days))
    part = state.record.part[late]
    came = np.zeros((futures, len(ACTS), len(late)))
    effect = effects(place.parameters)
    for future in range(futures):
        for number, name in enumerate(ACTS):
            then = copied(state, late)
            for day in range(setup.days, setup.days + AHEAD):
                fall_due(then.record, calendar, day)
                done = menu().index(name) if day == setup.days else 0
                act = np.full(len(late), done, dtype=np.int8)
                paid, _ = advance(place, effect, calendar, 1_000 + future, then, act, day)
                came[future, number] += paid / part
    return np.column_stack([table[name] for name in FEATURES]), came


def target_of(features: Floats) -> Floats:
    """The strategy to judge: calls those late for more than ten days, messages the rest, a tenth by lot."""
    late = features[:, FEATURES.index("dpd")] > 10
    best = np.where(late[:, None], [0, 0, 1.0], [0, 1.0, 0])
    told: Floats = 0.9 * best + 0.1 / len(ACTS)
    return told


def trial(features: Floats, came: Floats, size: int, seed: int) -> tuple[float, float, float]:
    """Estimate and interval of one trial."""
    luck = np.random.default_rng(seed)
    who = luck.choice(len(features), size, replace=False)
    act = luck.choice(len(ACTS), size, p=CHANCES)
    result = came[luck.integers(0, len(came), size), act, who]
    logged = Logged(act, np.tile(CHANCES, (size, 1)), result)
    expected = cross_fitted(features[who], logged, folds=2, seed=seed)
    found = evaluate(logged, target_of(features[who]), expected).dr
    assert found is not None
    return found.value, found.low, found.high


def main() -> None:
    """Run the trials and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--decisions", type=int, default=1500)
    parser.add_argument("--borrowers", type=int, default=60_000)
    parser.add_argument("--futures", type=int, default=24)
    parser.add_argument("--out", type=Path, default=HERE / "offpolicy.md")
    asked = parser.parse_args()
    features, came = outcomes(asked.borrowers, asked.futures)
    truth = float((came.mean(axis=0).T * target_of(features)).sum(axis=1).mean())
    told = np.array([trial(features, came, asked.decisions, seed) for seed in range(asked.trials)])
    covered = float(((told[:, 1] <= truth) & (truth <= told[:, 2])).mean())
    bias, miss = float(told[:, 0].mean() / truth - 1), float(np.abs(told[:, 0] / truth - 1).mean())
    width = float((told[:, 2] - told[:, 1]).mean())
    error = 1.96 * (covered * (1 - covered) / asked.trials) ** 0.5
    page = f"""# Off-policy evaluation against the simulator's truth

{today()}, {machine()}, by `python benchmarks/bench_offpolicy.py --trials {asked.trials} --decisions {asked.decisions}`.
{len(features):,} late borrowers with {asked.futures} futures under each of {len(ACTS)} acts; a trial logs
{asked.decisions:,} decisions drawn by lot and estimates another strategy doubly robust (models fitted on the other
half).

| | measured | held to |
| --- | --- | --- |
| 95 % intervals that cover the truth | {covered:.1%} ± {error:.1%} of {asked.trials} trials | 92 to 97 % |
| error: the mean estimate against the truth | {bias:+.2%} | 3 % at most |
| mean size of a single trial's error | {miss:.1%} | by its number of decisions |

True mean {truth:.4f} installments within {AHEAD} days; mean width of an interval {width:.4f}.
Simulated borrowers: no claim about real ones is made.
"""
    asked.out.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
