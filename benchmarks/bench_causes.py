"""Are the named causes of arrears right? Held against the simulator's truth: benchmarks/causes.md.

    python benchmarks/bench_causes.py [--borrowers 20000] [--days 300] [--seed 3] [--out benchmarks/causes.md]

A simulated book is written with its truth, and `forbear.risk.causes` names a cause for every loan in arrears from the
book alone. Beside it stand the majority's cause, and a classifier that learns from the truth itself with the same
features (cross-fitted): more than it can do the book does not hold.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import timedelta
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray
from reference_page import machine, today

from forbear.book import open_book
from forbear.risk.causes import Causes, causes
from forbear.risk.frame import Frame
from forbear.risk.panel import scoring_frame
from forbear.simulate.book import write_book
from forbear.simulate.run import START, Setup
from forbear.simulate.worlds.catalog import world

HERE = Path(__file__).parent
MEANS = {
    "forgot": "slip",
    "operational": "slip",
    "cannot_for_now": "cash",
    "cannot_for_long": "lasting",
    "will_not": "unwilling",
    "disputes": "dispute",
}
"""The simulator's word: ours. `slow` and `wrong_number` have no counterpart and are left out."""
Texts = NDArray[np.object_]


def made(folder: Path, setup: Setup) -> tuple[Frame, Texts]:
    """(frame of the loans in arrears on the last day, their true causes in our words)."""
    write_book(folder, world("structural"), "ladder", setup)
    last = START + timedelta(days=setup.days - 1)
    with duckdb.connect() as engine:
        frame = scoring_frame(open_book(folder, engine), last)
    overdue = np.flatnonzero(frame.marks["overdue"].astype(float) > 0)
    part = frame.take(overdue)
    with duckdb.connect() as connection:
        rows = connection.execute(f"SELECT borrower_id, cause FROM '{folder}/_truth/people.parquet'").fetchall()
    truth = {str(one): MEANS.get(why, "") for one, why in rows}
    why = np.array([truth[str(loan)] for loan in part.marks["loan_id"]], dtype=object)
    known = np.flatnonzero(why != "")
    return part.take(known), why[known]


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
    """The likeliest of the causes that the simulator has, whether or not it is sure enough to be named."""
    keep = [i for i, name in enumerate(found.names) if name in among]
    return np.array(found.names, dtype=object)[np.array(keep)[found.chances[:, keep].argmax(axis=1)]]


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


def calibration(found: Causes, true: Texts) -> float:
    """Expected error of the chance of the likeliest cause, ten bins."""
    best = found.chances[:, :-1].argmax(axis=1)
    chance = found.chances[np.arange(len(true)), best]
    right = np.array(found.names, dtype=object)[best] == true
    bins = np.minimum((chance * 10).astype(int), 9)
    gaps = [abs(chance[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    return float(sum(gaps))


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--borrowers", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=300)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--out", type=Path, default=HERE / "causes.md")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        frame, true = made(Path(folder) / "book", Setup(asked.borrowers, asked.days, seed=asked.seed))
    found = causes(frame)
    names, counts = np.unique(true, return_counts=True)
    majority = np.full(len(true), names[counts.argmax()], dtype=object)
    sure = found.named != "unknown"
    told = {
        "the majority's cause": majority,
        "`forbear.risk.causes`, likeliest": best_named(found, set(names)),
        "`forbear.risk.causes`, where one is named": found.named,
        "taught by the truth, same features": taught(frame, true),
    }
    rows = [f"| {name} | {macro_f1(true, one)[0]:.2f} | {(one == true).mean():.2f} |" for name, one in told.items()]
    _, each = macro_f1(true, told["`forbear.risk.causes`, likeliest"])
    by_cause = [
        f"| {n} | {c:,} | {each[n][0]:.2f} | {each[n][1]:.2f} | {each[n][2]:.2f} |"
        for n, c in zip(names, counts, strict=True)
    ]
    page = f"""# Causes of arrears against the simulator's truth

{today()}, {machine()}, by `python benchmarks/bench_causes.py --borrowers {asked.borrowers} --days {asked.days}`.
{len(true):,} loans in arrears on the last day whose true cause has a counterpart among ours.

| | macro F1 | right |
| --- | --- | --- |
{chr(10).join(rows)}

Held to a macro F1 of 0.6. A cause is named for {sure.mean():.0%}; chance of the likeliest against how often it is
right: {calibration(found, true):.2f} apart on average.

| cause | loans | precision | recall | F1 |
| --- | --- | --- | --- | --- |
{chr(10).join(by_cause)}

Simulated borrowers: no claim about real ones is made.
"""
    asked.out.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
