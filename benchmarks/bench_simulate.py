"""The simulator measured: speed, trials, fit to real books, what a classifier can tell, what is not identified.

    python benchmarks/bench_simulate.py [--borrowers 100000]

Writes benchmarks/simulate.md. Without shared/data the parts about real books are left out and the page says so.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from reference_page import DATA, machine, today

from forbear.simulate.calibrate.fit import FREE, HABITS, distance
from forbear.simulate.calibrate.moments import Measured, Moments, of_event_book, of_simulation, of_status_book
from forbear.simulate.evidence import OF_OUR_OWN, parameters
from forbear.simulate.run import Setup, simulate
from forbear.simulate.strategies.lists import Ladder
from forbear.simulate.trials import repeat, trials
from forbear.simulate.worlds.catalog import world

HERE = Path(__file__).parent
SEED = 77
"""Of the simulated books shown here; not the seed of the fit."""


def speed(borrowers: int) -> str:
    """Seconds of one run, in and out of threads."""
    rows = ["| strategy | threads | seconds | seconds of processor | borrower-days a second |", "|" + " --- |" * 5]
    for strategy, threads in ((Ladder(), 1), (Ladder(), 2)):
        wall, own = time.perf_counter(), time.process_time()
        simulate(world("structural"), strategy, Setup(borrowers, 180, threads=threads))
        wall, own = time.perf_counter() - wall, time.process_time() - own
        rows.append(f"| {strategy.name} | {threads} | {wall:.1f} | {own:.1f} | {borrowers * 180 / wall:,.0f} |")
    said = f"{borrowers:,} borrowers, 180 days, structural world; held to a minute on 2 cores.\n\n"
    return "## Speed\n\n" + said + "\n".join(rows) + "\n"


def real_moments() -> dict[str, Moments]:
    """Moments of the halves that were fitted, the halves that were not, and a book of another country."""
    mobile, record, later = DATA / "superlender_ng", DATA / "credit_record_monthly", DATA / "xente_ug"
    halves = {}
    for name, half in (("fitted", 0), ("held out", 1)):
        rolls = of_status_book(record, "credit_record_monthly", half).moments()
        kept = {k: v for k, v in rolls.items() if k.startswith(("roll", "vintage"))}
        halves[name] = {**of_event_book(mobile, "superlender_ng", half).moments(), **kept}
    return {**halves, "xente_ug": of_event_book(later, "xente_ug").moments()}


def fit_page(ours: Moments, real: dict[str, Moments]) -> str:
    """Every moment beside those of the books."""
    rows = [
        "| moment | simulated, % | " + " | ".join(f"{n}, %" for n in real) + " |",
        "|" + " --- |" * (len(real) + 2),
    ]
    for name, value in ours.items():
        cells = [f"{100 * m[name]:.2f}" if name in m else "" for m in real.values()]
        rows.append(f"| {name} | {100 * value:.2f} | " + " | ".join(cells) + " |")
    far = {
        n: float(np.abs(distance(ours, {k: v for k, v in m.items() if k in ours})).mean()) for n, m in real.items()
    }
    table = "\n".join(rows)
    halves = float(np.abs(distance(real["held out"], real["fitted"])).mean())
    distances = ", ".join(f"{n} {d:.2f}" for n, d in far.items())
    return f"""## Fit to real books

Lateness and repetition: first installments of superlender_ng (mobile loans). Rolls and vintages:
credit_record_monthly (cards). Half the people of each were fitted to, half held out; xente_ug (pay-later) was never
fitted to. Simulated under the ladder, seed {SEED}.

{table}

Mean distance in weighted log-odds: {distances}; between the two real halves {halves:.2f}.

Two books of different products shaped these people, and they disagree: the card holders fall 30 days behind more often
than the mobile borrowers (2 % a month against 0.6 % of installments ever) and come back from there more often. One set
of habits cannot have both; the rolls from 30 days on show it. xente's borrowers are another people altogether.
"""


def told_apart(real: NDArray[np.int64], ours: NDArray[np.int64], seed: int = 1) -> float:
    """AUC of a gradient boosting classifier that tells real rows from simulated ones, cross-validated; 0.5 is blind."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict

    lot = np.random.default_rng(seed)
    size = min(len(real), len(ours), 3000)
    rows = np.concatenate([lot.choice(real, size, replace=False), lot.choice(ours, size, replace=False)])
    label = np.repeat([1, 0], size)
    model = HistGradientBoostingClassifier(max_iter=60, random_state=seed)
    chance = cross_val_predict(model, rows, label, cv=5, method="predict_proba")[:, 1]
    return float(roc_auc_score(label, chance))


def telling_page(ours: Measured, mobile: Measured, record: Measured, invented: Measured) -> str:
    """The classifier's success on lateness and on months."""
    pairs = {
        "two successive installments' days late": (np.stack(mobile.pairs, axis=1), np.stack(ours.pairs, axis=1)),
        "the same, paid within 15 days either way": tuple(_near(np.stack(m.pairs, axis=1)) for m in (mobile, ours)),
        "four month-end states in a row, not all 0": tuple(_eventful(m.months) for m in (record, ours)),
    }
    rows = ["| what it sees | AUC | real rows | simulated rows |", "| --- | --- | --- | --- |"]
    for name, (real, made) in pairs.items():
        rows.append(f"| {name} | {told_apart(real, made):.3f} | {len(real):,} | {len(made):,} |")
    half = np.arange(len(mobile.late)) % 2 == 0
    same = told_apart(mobile.late[half, None], mobile.late[~half, None])
    other = told_apart(mobile.late[:, None], invented.late[:, None])
    table = "\n".join(rows)
    return f"""## Real or simulated?

A gradient boosting classifier (scikit-learn) tries to tell real rows (held-out half) from simulated ones, five-fold;
0.5 is guessing.

{table}

For scale: real against real {same:.3f}; days late of superlender_ng against xente_ug, two real books, {other:.3f}.
"""


def _near(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    return pairs[(np.abs(pairs) <= 15).all(axis=1)]


def _eventful(months: NDArray[np.int8]) -> NDArray[np.int64]:
    return months[(months > 0).any(axis=1)].astype(np.int64)


def trials_page() -> str:
    """The field studies, on the seed fixed in advance and on four more."""
    rows = [
        "| trial | study | range, fixed in advance | effect, seed 2026 | on seeds 1 and 2 | within |",
        "|" + " --- |" * 6,
    ]
    for trial in trials():
        first = repeat(trial)
        more = [repeat(trial, seed=s) for s in (1, 2)]
        others = ", ".join(f"{100 * r.effect:+.2f}" for r in more)
        within = f"{'yes' if first.within else '**no**'}, {sum(r.within for r in more)} of 2"
        rows.append(
            f"| {trial.name} | {trial.study} | {100 * trial.range[0]:g} to {100 * trial.range[1]:g} | "
            f"{100 * first.effect:+.2f} | {others} | {within} |"
        )
    table = "\n".join(rows)
    return f"""## Field studies repeated

Effects in percent (reminder_before_due: relative) or percentage points; 8,000 borrowers, both arms on the same luck.
The ranges were fixed before the first run; sizes of effects were then chosen so that the studies come out, so this is
consistency, not validation.

{table}
"""


def ridge_page() -> str:
    """The combination of habits that the lateness of a book says least about, and what it does to a reminder."""
    names = (*HABITS, "population.memory")
    p = parameters()
    here = of_simulation(p, 6000, 200, SEED).moments()
    real = {k: v for k, v in here.items() if k.startswith(("lateness", "repeat"))}
    columns = []
    for name in names:
        step = FREE[name][2] if name in FREE else 0.08
        there = of_simulation(p.with_values({name: p[name] + step}), 6000, 200, SEED).moments()
        columns.append(distance(there, real))
    slopes = np.stack(columns, axis=1)
    _, sizes, ways = np.linalg.svd(slopes, full_matrices=False)
    rows = [
        "| habit | along the least identified direction (steps) | along the best identified |",
        "| --- | --- | --- |",
    ]
    rows += [f"| {n} | {ways[-1][i]:+.2f} | {ways[0][i]:+.2f} |" for i, n in enumerate(names)]
    table, values = "\n".join(rows), ", ".join(f"{s:.2f}" for s in sizes)
    on_studies = sum(e.source not in OF_OUR_OWN for e in p.entries.values())
    return f"""## What lateness does not identify

Singular values of the moments' derivatives by the habits, each in its own step: {values}. A move of one step along the
last direction changes the lateness of a book {sizes[0] / sizes[-1]:.0f} times less than along the first:

{table}

Numbers of contacts (reach, push, fatigue, grudge, complaints) have no derivative at all in a book without a record of
contacts. Of {len(p.entries)} numbers {_count("calibrated")} are calibrated, {_count("assumed")} assumed,
{_count("definition")} definitions, {on_studies} rest on a study.
"""


def _count(source: str) -> int:
    return sum(e.source == source for e in parameters().entries.values())


def main() -> None:
    """Measure and write the page, part by part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--borrowers", type=int, default=100_000)
    asked = parser.parse_args()
    head = f"# The simulator\n\n{today()}, {machine()}, by `python benchmarks/bench_simulate.py`.\n"
    made = [head]
    for part in (trials_page, books_page, ridge_page, lambda: speed(asked.borrowers)):
        made.append(part())
        (HERE / "simulate.md").write_text("\n".join(made), encoding="utf-8")


def books_page() -> str:
    """Fit and classifier, where the real books are at hand."""
    if not (DATA / "superlender_ng").is_dir():
        return "## Fit to real books\n\nNot measured: shared/data is not at hand.\n"
    ours = of_simulation(parameters(), 6000, seed=SEED)
    mobile = of_event_book(DATA / "superlender_ng", "superlender_ng", 1)
    record = of_status_book(DATA / "credit_record_monthly", "credit_record_monthly", 1)
    later = of_event_book(DATA / "xente_ug", "xente_ug")
    return fit_page(ours.moments(), real_moments()) + "\n" + telling_page(ours, mobile, record, later)


if __name__ == "__main__":
    main()
