"""Are the named causes of arrears right? Held against the simulator's truth: benchmarks/causes.md.

    python benchmarks/bench_causes.py [--borrowers 40000] [--days 240] [--seeds 5 6 7] [--out benchmarks/causes.md]
    python benchmarks/bench_causes.py --teach        # learn forbear/risk/causes_learned.toml anew, from other seeds

Simulated books are written with their truth, and `forbear.risk.causes` names a cause for every loan in arrears from the
book alone. Beside it stand the majority's cause, and a classifier that learns from the truth itself with all features
(cross-fitted): about what the book holds. Then the same with other assumptions about what people say of themselves, and
how far two halves of each real book agree.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray
from reference_page import machine, today

from forbear.book import open_book
from forbear.risk.causes import UNKNOWN, Causes, causes, pieces_of, rules
from forbear.risk.frame import Frame
from forbear.risk.measures import error as gap
from forbear.risk.panel import borrower_hash, scoring_frame
from forbear.simulate.book import write_book
from forbear.simulate.run import START, Setup
from forbear.simulate.worlds.catalog import world

HERE = Path(__file__).parent
LEARNED = HERE.parent / "forbear" / "risk" / "causes_learned.toml"
MEANS = {
    "forgot": "slip",
    "operational": "slip",
    "cannot_for_now": "cash",
    "cannot_for_long": "lasting",
    "will_not": "unwilling",
    "disputes": "dispute",
    "slow": UNKNOWN,
    "wrong_number": UNKNOWN,
}
"""The simulator's word: ours. Who is slow by habit, or never hears of it, has none of our causes."""
CAUSES = ("cash", "dispute", "lasting", "slip", "unwilling")
LEARNED_NAMES = ("cash", "dispute", "lasting", "slip", UNKNOWN, "unwilling")
TEACH_SEEDS = (12, 13, 14, 15, 16, 17, 18)
TEACH_BORROWERS = 16_000
RIDGE = 0.3
"""Strength of the learning: 1 / the penalty of scikit-learn's logistic regression."""
SAYINGS = {"half as often": 0.5, "never": 0.0}
"""Other assumptions about how often people say why: factors on all `told.*`, other chances as they are."""
REAL = {
    "superlender_ng": date(2017, 6, 30),
    "xente_ug": date(2019, 4, 15),
    "ibm_ar": date(2013, 6, 30),
}
Texts = NDArray[np.object_]


def made(folder: Path, setup: Setup, sayings: float = 1.0) -> tuple[Frame, Texts]:
    """(frame of the loans in arrears on the last day, their true causes in our words)."""
    place = world("structural")
    told = {n: v * sayings for n, v in place.parameters.values().items() if n.startswith("told.")}
    place = replace(place, parameters=place.parameters.with_values(told))
    write_book(folder, place, "ladder", setup)
    last = START + timedelta(days=setup.days - 1)
    with duckdb.connect() as engine:
        frame = scoring_frame(open_book(folder, engine), last)
    overdue = np.flatnonzero(frame.marks["overdue"].astype(float) > 0)
    part = frame.take(overdue)
    with duckdb.connect() as connection:
        rows = connection.execute(f"SELECT borrower_id, cause FROM '{folder}/_truth/people.parquet'").fetchall()
    truth = {str(one): why for one, why in rows}
    return part, np.array([MEANS[truth[str(loan)]] for loan in part.marks["loan_id"]], dtype=object)


def simulated(setup: Setup, sayings: float = 1.0) -> tuple[Frame, Texts]:
    """As `made`, in a folder that goes."""
    with tempfile.TemporaryDirectory() as folder:
        return made(Path(folder) / "book", setup, sayings)


def together(books: list[tuple[Frame, Texts]]) -> tuple[Frame, Texts]:
    """Rows of several books as one."""
    frames = [frame for frame, _ in books]
    numbers = np.concatenate([f.numbers for f in frames])
    marks = {"overdue": np.concatenate([f.marks["overdue"] for f in frames])}
    return Frame(frames[0].columns, numbers, {}, marks), np.concatenate([why for _, why in books])


def with_a_cause(frame: Frame, true: Texts) -> tuple[Frame, Texts]:
    """The loans whose true cause is one of ours."""
    rows = np.flatnonzero(true != UNKNOWN)
    return frame.take(rows), true[rows]


def teach(days: int) -> str:
    """The text of causes_learned.toml: a ridge logistic regression of the truth on the pieces of evidence."""
    from sklearn.linear_model import LogisticRegression

    learned = [simulated(Setup(TEACH_BORROWERS, days, seed=seed)) for seed in TEACH_SEEDS]
    x = np.concatenate([pieces_of(frame) for frame, _ in learned]).astype(float)
    true = np.concatenate([why for _, why in learned]).astype(str)
    fitted = LogisticRegression(C=RIDGE, max_iter=2000).fit(x, true)
    assert tuple(fitted.classes_) == LEARNED_NAMES, fitted.classes_
    usual = [float((true == name).mean()) for name in LEARNED_NAMES]
    lines = [
        "# What each piece of evidence of causes.toml adds to the log odds of the causes with a truth, and of none.",
        f"# Learned from {len(true):,} simulated loans in arrears by",
        "# `python benchmarks/bench_causes.py --teach`; not by hand.",
        f"causes = {list(LEARNED_NAMES)}".replace("'", '"'),
        f"usual = [{', '.join(f'{u:.4f}' for u in usual)}]",
        f"without = [{', '.join(f'{w:.2f}' for w in fitted.intercept_)}]",
        "[weights]",
        *(
            f'"{piece.en}" = [{", ".join(f"{w:.2f}" for w in fitted.coef_[:, i])}]'
            for i, piece in enumerate(rules().evidence)
        ),
    ]
    return "\n".join(lines) + "\n"


def macro_f1(true: Texts, named: Texts) -> tuple[float, dict[str, tuple[float, float, float]]]:
    """Macro F1 over the true causes, and (precision, recall, F1) of each."""
    found = {}
    for one in sorted(set(true)):
        hits = float(((named == one) & (true == one)).sum())
        precision = hits / max(1.0, float((named == one).sum()))
        recall = hits / float((true == one).sum())
        found[one] = (precision, recall, 2 * precision * recall / max(1e-9, precision + recall))
    return float(np.mean([f for _, _, f in found.values()])), found


def best_named(found: Causes, among: set[str]) -> Texts:
    """The likeliest of the causes that the simulator has, rare ones preferred as the naming does."""
    known = rules()
    keep = [found.names.index(name) for name in known.learned if name in among]
    usual = known.usual[[known.learned.index(found.names[i]) for i in keep]]
    best = (found.chances[:, keep] / usual**known.evenly).argmax(axis=1)
    named: Texts = np.array(found.names, dtype=object)[np.array(keep)[best]]
    return named


def taught(frame: Frame, true: Texts) -> Texts:
    """What a classifier says that learned the truth of the other half, classes weighted alike."""
    from catboost import CatBoostClassifier

    x = np.column_stack([frame.column(name).astype(float) for name in frame.columns])
    half = np.random.default_rng(1).integers(0, 2, len(true))
    told = np.empty(len(true), dtype=object)
    for one in (0, 1):
        model = CatBoostClassifier(
            iterations=150, depth=5, learning_rate=0.08, auto_class_weights="SqrtBalanced", random_seed=1,
            thread_count=2, verbose=False, allow_writing_files=False,
        )  # fmt: skip
        model.fit(x[half != one], true[half != one].astype(str))
        told[half == one] = model.predict(x[half == one]).ravel()
    return told


def calibration(found: Causes, true: Texts) -> tuple[float, list[str]]:
    """(expected error of the chance of the likeliest cause, rows of its table), ten bins, all loans in arrears."""
    best = found.chances[:, :-1].argmax(axis=1)
    chance = found.chances[np.arange(len(true)), best]
    right = np.array(found.names, dtype=object)[best] == true
    bins = np.minimum((chance * 10).astype(int), 9)
    each = [(b, chance[bins == b].mean(), right[bins == b].mean(), int((bins == b).sum())) for b in np.unique(bins)]
    error = sum(abs(told - seen) * n for _, told, seen, n in each) / len(true)
    rows = [
        f"| {b / 10:.1f} to {(b + 1) / 10:.1f} | {n:,} | {told:.2f} | {seen:.2f} |" for b, told, seen, n in each
    ]
    return float(error), rows


def each_calibration(found: Causes, true: Texts) -> list[str]:
    """Of each cause, and of none: its chance on average, how often it is true, and the mean gap over ten equal bins."""
    rows = []
    for name in LEARNED_NAMES:
        p, y = found.chances[:, found.names.index(name)], (true == name).astype(float)
        rows.append(f"| {name} | {p.mean():.3f} | {y.mean():.3f} | {gap(y, p, 10):.3f} |")
    return rows


def confusion(true: Texts, named: Texts) -> list[str]:
    """A row a true cause: how many were named what."""
    columns = [*CAUSES, "indebted", "misjudged", UNKNOWN]
    head = [f"| true \\ named | {' | '.join(columns)} |", "| --- |" + " ---: |" * len(columns)]
    rows = [
        f"| {t} | {' | '.join(str(int(((true == t) & (named == n)).sum())) for n in columns)} |" for t in CAUSES
    ]
    return [*head, *rows]


def of_real() -> Iterator[str]:
    """Shares of named causes in two random halves of each real book's customers."""
    data = Path(os.environ.get("FORBEAR_SHARED", HERE.parents[1] / "shared")) / "data"
    data = data if data.is_dir() else Path("/work/shared/data")
    for name, day in REAL.items():
        with duckdb.connect() as engine:
            frame = scoring_frame(open_book(data / name, engine, mapping=name), day)
        frame = frame.take(np.flatnonzero(frame.marks["overdue"].astype(float) > 0))
        half = borrower_hash(frame) % 2
        named = causes(frame).named
        shown, apart = [], 0.0
        for one in (*rules().causes, UNKNOWN):
            shares = [float((named[half == h] == one).mean()) for h in (0, 1)]
            apart = max(apart, abs(shares[0] - shares[1]))
            if max(shares) > 0:
                shown.append(f"{one} {shares[0]:.0%} / {shares[1]:.0%}")
        yield f"| {name} | {day} | {len(frame):,} | {', '.join(shown)} | {apart:.2f} |"


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--borrowers", type=int, default=40_000)
    parser.add_argument("--days", type=int, default=240)
    parser.add_argument("--seeds", type=int, nargs="+", default=[5, 6, 7])
    parser.add_argument("--teach", action="store_true")
    parser.add_argument("--out", type=Path, default=HERE / "causes.md")
    asked = parser.parse_args()
    if asked.teach:
        LEARNED.write_text(teach(asked.days), encoding="utf-8")
        return
    setup = Setup(asked.borrowers, asked.days, seed=asked.seeds[0])
    everybody, whose = together([simulated(replace(setup, seed=seed)) for seed in asked.seeds])
    error, bins = calibration(causes(everybody), whose)
    per_cause = each_calibration(causes(everybody), whose)
    frame, true = with_a_cause(everybody, whose)
    found = causes(frame)
    names, counts = np.unique(true, return_counts=True)
    majority = np.full(len(true), names[counts.argmax()], dtype=object)
    sure = found.named != UNKNOWN
    likeliest = best_named(found, set(names))
    told = {
        "the majority's cause": majority,
        "`forbear.risk.causes`, likeliest": likeliest,
        "`forbear.risk.causes`, where one is named (others count as missed)": found.named,
        "taught by the truth, all features": taught(frame, true),
    }
    rows = [f"| {name} | {macro_f1(true, one)[0]:.2f} | {(one == true).mean():.2f} |" for name, one in told.items()]
    for how, factor in SAYINGS.items():
        other, why = with_a_cause(*simulated(replace(setup, borrowers=setup.borrowers // 2), factor))
        named = best_named(causes(other), set(why))
        rows.append(
            f"| likeliest, if people said why {how} | {macro_f1(why, named)[0]:.2f} | {(named == why).mean():.2f} |"
        )
    _, each = macro_f1(true, likeliest)
    by_cause = [
        f"| {n} | {c:,} | {each[n][0]:.2f} | {each[n][1]:.2f} | {each[n][2]:.2f} |"
        for n, c in zip(names, counts, strict=True)
    ]
    lines = "\n".join
    page = f"""# Causes of arrears against the simulator's truth

{today()}, {machine()}, by `python benchmarks/bench_causes.py
--borrowers {asked.borrowers} --days {asked.days} --seeds {" ".join(map(str, asked.seeds))}`.
{len(true):,} loans in arrears on the last day whose true cause has a counterpart among ours. The weights were learned
from seeds {TEACH_SEEDS[0]} to {TEACH_SEEDS[-1]}, other people.

| | macro F1 | right |
| --- | --- | --- |
{lines(rows)}

Held to a macro F1 of 0.6. A cause is named for {sure.mean():.0%}, and right for
{(found.named == true)[sure].mean():.0%} of these.

| cause | loans | precision | recall | F1 |
| --- | --- | --- | --- | --- |
{lines(by_cause)}

## What is taken for what

{lines(confusion(true, found.named))}

## Calibration

Of all {len(whose):,} loans in arrears, those with none of our causes among them
({(whose == UNKNOWN).mean():.0%}: people who are slow by habit, or never hear of it). Chance of the likeliest cause
against how often it is right: {error:.3f} apart on average.

| chance | loans | told | right |
| --- | ---: | ---: | ---: |
{lines(bins)}

| cause | chance on average | true of | mean gap over ten equal bins |
| --- | ---: | ---: | ---: |
{lines(per_cause)}

## Two halves of real books

No cause is known there; shares of the causes named in two halves of the customers, and the largest difference. None of
these books tells of contacts.

| book | day | loans in arrears | causes named | apart |
| --- | --- | ---: | --- | ---: |
{lines(list(of_real()))}

Simulated borrowers: no claim about real ones is made.
"""
    asked.out.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
