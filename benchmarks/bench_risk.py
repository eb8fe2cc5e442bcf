"""Speed of the risk room against the night's aging in the same run, and of a fit against plain fits of the library.

Speed is told in processor seconds (user and system, all threads): wall time on a shared machine says little.

    .venv/bin/python benchmarks/bench_risk.py --loans 1000000 --out benchmarks/risk_speed.md

- aging: `forbear.night.age`, all columns of accounts.parquet.
- features and scores: every loan disbursed by the day, from the open book to the table of scores, with a model fitted
  on a sample book of --fit-loans loans.
- fit: one chain on --rows made rows, calibration and scorecard included, against the mean of three plain CatBoost
  fits of the same rows and as many trees.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb
import numpy as np

AS_OF = date(2026, 6, 30)
FORBEAR = Path(sys.executable).parent / "forbear"


def made_book(loans: int, folder: Path) -> Path:
    book = folder / f"sample-{loans}"
    if not (book / "book.toml").exists():
        made = [FORBEAR, "sample", "--loans", str(loans), "--as-of", AS_OF.isoformat(), "--out", book]
        subprocess.run(made, check=True, capture_output=True)
    return book


def run_aging(book: Path, _model: Path, threads: int) -> None:
    from forbear.book import open_book
    from forbear.night import age

    db = duckdb.connect()
    db.execute(f"SET threads = {threads}")
    age(open_book(book, db), as_of=AS_OF)


def run_scores(book: Path, model: Path, threads: int) -> None:
    from forbear.book import open_book
    from forbear.risk.folder import load
    from forbear.risk.score import score

    db = duckdb.connect()
    db.execute(f"SET threads = {threads}")
    score(open_book(book, db), load(model), as_of=AS_OF, keep_frame=False)


WAYS = {"aging": run_aging, "features and scores": run_scores}


def cpu() -> float:
    """Processor seconds of this process so far, its threads' together."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measured(way: str, book: Path, model: Path, threads: int) -> dict[str, float]:
    order = [sys.executable, __file__, "--child", way, "--book", book, "--model", model, "--threads", str(threads)]
    done = subprocess.run(order, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def of_fit(rows: int) -> tuple[float, float]:
    """Processor seconds of one chain's fit, and of a plain fit of the same rows with as many trees."""
    from catboost import CatBoostClassifier

    from forbear.risk import hazard
    from forbear.risk.chains import Chain, Labels
    from forbear.risk.frame import Frame, catalog

    random = np.random.default_rng(1)
    names = tuple(catalog())[:60]
    numbers = random.normal(size=(rows, len(names))).astype(np.float32)
    late = random.random(rows) < 1 / (1 + np.exp(1.5 - numbers[:, :6].sum(axis=1)))
    marks = {"history": random.integers(0, 20, rows), "borrower_id": np.arange(rows)}
    frame = Frame(names, numbers, {}, marks)
    chain = Chain("late", (0,), {"p_late_next": (0, False)}, 1, "", True)
    known = Labels(np.ones(rows, bool), np.where(late, 5.0, -1.0), np.full(rows, 99.0), np.zeros(rows))
    part = np.arange(rows) % 5 == 4
    hazard.MOST_STACKED = rows  # all of them, as the plain fit
    began = cpu()
    model = hazard.fit_chain(chain, frame, known, [~part], [part], np.arange(rows))
    ours = cpu() - began
    took = []
    for seed in range(3):
        began = cpu()
        settings = {**hazard.BOOSTER, "random_seed": seed}
        CatBoostClassifier(iterations=model.booster.tree_count_, **settings).fit(numbers, late.astype(int))
        took.append(cpu() - began)
    return ours, float(np.mean(took))


def page(args: argparse.Namespace) -> str:
    book, small = made_book(args.loans, args.folder), made_book(args.fit_loans, args.folder)
    model = args.folder / "risk-model"
    if not (model / "model.json").exists():
        order = [FORBEAR, "fit", small, "--as-of", AS_OF.isoformat(), "--out", model]
        subprocess.run(order, check=True, capture_output=True)
    best: dict[str, dict[str, float]] = {}
    for _ in range(args.repeat):
        for way in WAYS:
            got = measured(way, book, model, args.threads)
            print(way, got, flush=True)
            if way not in best or got["seconds"] < best[way]["seconds"]:
                best[way] = got
    ours, plain = of_fit(args.rows)
    ratio = best["features and scores"]["seconds"] / best["aging"]["seconds"]
    load, today = os.getloadavg()[0], date.today()  # noqa: DTZ011
    lines = [
        "# Risk: speed",
        "",
        f"{today}, {os.cpu_count()} cores (load {load:.1f} from other work), {platform.platform()},"
        f" Python {platform.python_version()}, DuckDB {duckdb.__version__}; {args.threads} threads.",
        "",
        f"Command: `.venv/bin/python benchmarks/bench_risk.py --loans {args.loans} --rows {args.rows}`."
        " What is measured stands at the head of the script.",
        "",
        "| what | processor seconds | microseconds a loan | peak memory, GiB |",
        "| --- | ---: | ---: | ---: |",
        *(
            f"| {way}, {args.loans:,} loans | {b['seconds']:.1f} | {b['seconds'] / args.loans * 1e6:.2f} "
            f"| {b['peak_gib']:.2f} |"
            for way, b in best.items()
        ),
        f"| fit of one chain, {args.rows:,} rows | {ours:.1f} | | |",
        f"| plain CatBoost fit, the same rows and trees | {plain:.1f} | | |",
        "",
        "| ratio | measured | wanted |",
        "| --- | ---: | --- |",
        f"| features and scores / aging | {ratio:.2f} | at most 3 |",
        f"| fit of one chain / plain fit | {ours / plain:.2f} | at most 3 |",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--loans", type=int, default=1_000_000)
    asked.add_argument("--fit-loans", type=int, default=5_000)
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "forbear-bench")
    asked.add_argument("--repeat", type=int, default=2)
    asked.add_argument("--threads", type=int, default=2)
    asked.add_argument("--out", type=Path)
    asked.add_argument("--child")
    asked.add_argument("--book", type=Path)
    asked.add_argument("--model", type=Path)
    args = asked.parse_args()
    if args.child:
        began, used = time.perf_counter(), cpu()
        WAYS[args.child](args.book, args.model, args.threads)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        wall = time.perf_counter() - began
        print(json.dumps({"seconds": cpu() - used, "wall": wall, "peak_gib": peak}))
        return
    args.folder.mkdir(parents=True, exist_ok=True)
    text = page(args)
    print(text)
    if args.out:
        args.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
