"""Speed of the risk room against the night's aging in the same run, and of a fit against plain fits of the library.

Speed is told in processor seconds (user and system, all threads): wall time on a shared machine says little.

    .venv/bin/python benchmarks/bench_risk.py --loans 1000000 --out benchmarks/risk_speed.md

- aging: `forbear.night.age`, all columns of accounts.parquet.
- features and scores: every loan disbursed by the day, from the open book to the table of scores, with a model fitted
  on a sample book of --fit-loans loans. Closed loans have a row there, and neither features nor scores.
- fit: one chain on --rows made rows, calibration and scorecard included, against the mean of three plain CatBoost
  fits of the same rows and as many trees.

`--loans 0` leaves out the first two, `--rows 0` the last.
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
from typing import Any

import duckdb
import numpy as np
import pyarrow.compute as pc

AS_OF = date(2026, 6, 30)
FORBEAR = Path(sys.executable).parent / "forbear"


def made_book(loans: int, folder: Path) -> Path:
    book = folder / f"sample-{loans}"
    if not (book / "book.toml").exists():
        made = [str(FORBEAR), "sample", "--loans", str(loans), "--as-of", AS_OF.isoformat(), "--out", str(book)]
        subprocess.run(made, check=True, capture_output=True)
    return book


def run_aging(book: Path, _model: Path, threads: int) -> int:
    from forbear.book import open_book
    from forbear.night import age

    db = duckdb.connect()
    db.execute(f"SET threads = {threads}")
    return int(age(open_book(book, db), as_of=AS_OF).num_rows)


def run_scores(book: Path, model: Path, threads: int) -> int:
    """Score the book; how many loans something was asked of."""
    from forbear.book import open_book
    from forbear.risk.folder import load
    from forbear.risk.score import score

    db = duckdb.connect()
    db.execute(f"SET threads = {threads}")
    made = score(open_book(book, db), load(model), as_of=AS_OF, keep_frame=False)
    return int(pc.sum(pc.not_equal(made.table["model"], "none")).as_py())


WAYS = {"aging": run_aging, "features and scores": run_scores}


def cpu() -> float:
    """Processor seconds of this process so far, its threads' together."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measured(way: str, book: Path, model: Path, threads: int) -> dict[str, float]:
    where = ["--book", str(book), "--model", str(model), "--threads", str(threads)]
    order = [sys.executable, __file__, "--child", way, *where]
    done = subprocess.run(order, capture_output=True, text=True, check=True)
    return {"loans": int(book.name.removeprefix("sample-")), **json.loads(done.stdout.splitlines()[-1])}


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
    model = hazard.fit_chain(chain, frame, known, [~part], [part], np.arange(rows), [part | ~part])
    ours = cpu() - began
    assert not isinstance(model, str), model
    took = []
    for seed in range(3):
        began = cpu()
        settings = {**hazard.BOOSTER, "random_seed": seed}
        CatBoostClassifier(iterations=model.booster.tree_count_, **settings).fit(numbers, late.astype(int))
        took.append(cpu() - began)
    return ours, float(np.mean(took))


def measure(args: argparse.Namespace) -> list[dict[str, Any]]:
    """A row a run: of each way on the book, and of the fits."""
    return [*(_of_book(args) if args.loans else []), *(_of_rows(args.rows) if args.rows else [])]


def _of_book(args: argparse.Namespace) -> list[dict[str, Any]]:
    book, small = made_book(args.loans, args.folder), made_book(args.fit_loans, args.folder)
    model = args.folder / "risk-model"
    if not (model / "model.json").exists():
        order = [str(FORBEAR), "fit", str(small), "--as-of", AS_OF.isoformat(), "--out", str(model)]
        subprocess.run(order, check=True, capture_output=True)
    rows = []
    for _ in range(args.repeat):
        for way in WAYS:
            rows.append({"way": way, **measured(way, book, model, args.threads)})
            print(rows[-1], flush=True)
    return rows


def _of_rows(rows: int) -> list[dict[str, Any]]:
    ours, plain = of_fit(rows)
    return [{"way": "fit", "rows": rows, "seconds": ours, "plain": plain}]


def page(rows: list[dict[str, Any]], threads: int) -> str:
    """The page of all runs kept: of several of one kind the quickest."""
    load, today = os.getloadavg()[0], date.today()  # noqa: DTZ011
    lines = [
        "# Risk: speed",
        "",
        f"{today}, {os.cpu_count()} cores (load {load:.1f} from other work), {platform.platform()},"
        f" Python {platform.python_version()}, DuckDB {duckdb.__version__}; {threads} threads.",
        "",
        "Command: `.venv/bin/python benchmarks/bench_risk.py --loans N --rows N`. Processor seconds (user and system).",
        "",
        "| what | processor seconds | microseconds a loan or row | peak memory, GiB |",
        "| --- | ---: | ---: | ---: |",
    ]
    ratios = []
    for loans in sorted({row["loans"] for row in rows if row["way"] in WAYS}):
        took = {}
        for way in WAYS:
            best = min((r for r in rows if r["way"] == way and r["loans"] == loans), key=lambda r: r["seconds"])
            took[way] = best["seconds"]
            each = best["seconds"] / loans * 1e6
            asked = best["asked"]
            what = f"{way}, {loans:,} loans" + (f" ({asked:,} of them open)" if asked < loans else "")
            lines.append(f"| {what} | {best['seconds']:.1f} | {each:.2f} | {best['peak_gib']:.2f} |")
        ratio = took["features and scores"] / took["aging"]
        ratios.append(f"| features and scores / aging, {loans:,} loans | {ratio:.2f} | at most 3 |")
    for row in (r for r in rows if r["way"] == "fit"):
        for what, seconds in (
            ("fit of one chain", row["seconds"]),
            ("plain CatBoost fit, as many trees", row["plain"]),
        ):
            lines.append(f"| {what}, {row['rows']:,} rows | {seconds:.1f} | {seconds / row['rows'] * 1e6:.1f} | |")
        ratio = row["seconds"] / row["plain"]
        ratios.append(f"| fit of one chain / plain fit, {row['rows']:,} rows | {ratio:.2f} | at most 3 |")
    return "\n".join([*lines, "", "| ratio | measured | wanted |", "| --- | ---: | --- |", *ratios, ""])


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--loans", type=int, default=1_000_000)
    asked.add_argument("--fit-loans", type=int, default=5_000)
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "forbear-bench")
    asked.add_argument("--repeat", type=int, default=2)
    asked.add_argument("--threads", type=int, default=2)
    asked.add_argument("--out", type=Path)
    asked.add_argument("--only-page", action="store_true", help="write the page of the runs kept in --folder")
    asked.add_argument("--child")
    asked.add_argument("--book", type=Path)
    asked.add_argument("--model", type=Path)
    args = asked.parse_args()
    if args.child:
        began, used = time.perf_counter(), cpu()
        loans = WAYS[args.child](args.book, args.model, args.threads)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        wall = time.perf_counter() - began
        print(json.dumps({"seconds": cpu() - used, "wall": wall, "peak_gib": peak, "asked": loans}))
        return
    args.folder.mkdir(parents=True, exist_ok=True)
    kept = args.folder / "risk-speed.jsonl"
    if not args.only_page:
        with kept.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in measure(args))
    text = page([json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()], args.threads)
    print(text)
    if args.out:
        args.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
