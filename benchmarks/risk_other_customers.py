"""Models tried on other customers of the same real books: does each hold what its model card claims?

    .venv/bin/python benchmarks/risk_other_customers.py [--only superlender_ng ...] [--out FILE.md]

A random half of each book's customers is taken away. `forbear fit` learns from the other half as of a day, and
`forbear score` scores the half that was taken away on several days, both as commands on folders of files. A column's
AUC there is held against the claim on the model's card: for moments after the model's last day (out of time too),
and for moments of the window that the card's own rehearsal measured (other customers alone).

The books lie outside the repository, in ../shared/data or $FORBEAR_SHARED/data.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
from reference_page import machine, today
from risk_real_data import DATA

from forbear.book import open_book
from forbear.risk.chains import chains, labels
from forbear.risk.frame import Frame, frame_of, moments_table
from forbear.risk.measures import auc, calibration
from forbear.risk.panel import kind_of
from forbear.risk.record import record_frame
from forbear.risk.score import NUMBERS

HERE = Path(__file__).parent
FORBEAR = Path(sys.executable).with_name("forbear")
LEAST_EVENTS = 25
ALWAYS = ("loan_id", "as_of", *NUMBERS, "first_time", "history", "model")


@dataclass(frozen=True)
class Trial:
    """One book: its files with the column that names the customer, the fit's day, and the days of scoring."""

    name: str
    mapping: str
    files: dict[str, str]
    fit_on: date
    score_on: tuple[date, ...]
    until: date


def _weeks(first: date, count: int, step: int = 7) -> tuple[date, ...]:
    return tuple(first + timedelta(days=step * k) for k in range(count))


SUPER = {"trainprevloans.csv.gz": "customerid", "traindemographics_no_gps.csv.gz": "customerid"}
TRIALS = (
    Trial("superlender_ng", "superlender_ng", SUPER, date(2017, 4, 30), _weeks(date(2017, 5, 2), 10),
          date(2017, 7, 31)),
    Trial("superlender_ng, whole history", "superlender_ng", SUPER, date(2017, 7, 31), _weeks(date(2017, 5, 2), 10),
          date(2017, 7, 31)),
    Trial("uci_credit_default", "uci_credit_default", {"UCI_Credit_Card.csv.gz": "ID"}, date(2005, 12, 31),
          (date(2005, 9, 30),), date(2005, 12, 31)),
    Trial("credit_record_monthly", "credit_record_monthly", {"credit_record.parquet": "ID"}, date(2018, 12, 31),
          (date(2018, 12, 31), date(2019, 1, 31), date(2019, 3, 31), date(2019, 6, 30), date(2019, 9, 30)),
          date(2020, 1, 1)),
    Trial("credit_record_monthly, whole history", "credit_record_monthly", {"credit_record.parquet": "ID"},
          date(2020, 1, 1), (date(2018, 6, 30), date(2018, 12, 31), date(2019, 6, 30), date(2019, 9, 30)),
          date(2020, 1, 1)),
    Trial("xente_ug", "xente_ug", {"Train.csv.gz": "CustomerId"}, date(2019, 7, 15),
          _weeks(date(2019, 2, 15), 8), date(2019, 7, 15)),
)  # fmt: skip


def halves(trial: Trial, folder: Path) -> tuple[Path, Path]:
    """Two folders of the same files with the same columns, each with its half of the customers."""
    made = folder / "learned", folder / "others"
    for side, place in enumerate(made):
        place.mkdir(parents=True, exist_ok=True)
        for name, key in trial.files.items():
            _part(DATA / trial.mapping.removesuffix("_next") / name, place / name, key, side)
    return made


def _part(source: Path, target: Path, key: str, side: int) -> None:
    db = duckdb.connect()
    db.create_function("half", _half, ["VARCHAR"], "INTEGER")
    reads = (
        f"read_parquet('{source}')" if source.suffix == ".parquet" else f"read_csv('{source}', all_varchar = true)"
    )
    form = "PARQUET" if source.suffix == ".parquet" else "CSV, HEADER, COMPRESSION gzip"
    chosen = f'SELECT * FROM {reads} WHERE "{key}" IN (SELECT k FROM (SELECT DISTINCT "{key}" AS k FROM {reads})'
    db.execute(f"COPY ({chosen} WHERE half(CAST(k AS VARCHAR)) = {side})) TO '{target}' (FORMAT {form})")


def _half(name: str) -> int:
    return hashlib.sha256(f"half {name}".encode()).digest()[0] % 2


def told(*order: str | Path) -> dict:
    """What a command of ours says in JSON."""
    done = subprocess.run(
        [FORBEAR, *map(str, order), "--format", "json"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{order}: {done.returncode}: {done.stdout[-500:]} {done.stderr[-1500:]}")
    return json.loads(done.stdout)


def outcomes(book_folder: Path, mapping: str, day: date, until: date) -> tuple[str, Frame]:
    """(kind, labelled frame of the loans that stand on that day)."""
    with duckdb.connect() as db:
        book = open_book(book_folder, db, mapping=mapping)
        kind = kind_of(book)
        table = "statuses" if kind == "statuses" else "loans"
        known = "on_date" if kind == "statuses" else "disbursed_on"
        rows = db.sql(
            f"SELECT DISTINCT loan_id, DATE '{day}' AS as_of FROM book.{table} WHERE {known} <= DATE '{day}' ORDER BY 1"
        ).to_arrow_table()
        maker = record_frame if kind == "statuses" else frame_of
        return kind, maker(book, moments_table(rows), until, outcomes=True)


def scored_on(trial: Trial, others: Path, model: Path, day: date, folder: Path) -> dict[str, tuple[list, list]]:
    """(outcomes, chances) of each column on one day."""
    out = folder / f"{day}.parquet"
    told("score", others, "--mapping", trial.mapping, "--as-of", day, "--model", model, "--out", out)
    table = pq.read_table(out)
    assert tuple(table.column_names) == ALWAYS, table.column_names
    kind, frame = outcomes(others, trial.mapping, day, trial.until)
    place = {str(loan): i for i, loan in enumerate(table["loan_id"].to_pylist())}
    where = np.array([place[str(loan)] for loan in frame.marks["loan_id"]])
    found = {}
    for chain in chains(kind):
        known = labels(chain, frame, untouched=False)
        for column, (step, is_end) in chain.outputs.items():
            p = np.asarray(table[column].to_numpy(zero_copy_only=False), dtype=float)[where]
            y = known.stays(step, chain.steps) ^ is_end
            on = known.known_for(step, chain.steps) & ~np.isnan(p)
            found[column] = y[on].tolist(), p[on].tolist()
    return found


def measured(trial: Trial, folder: Path) -> Iterator[str]:
    """Rows of the page: each column's claim, and what it is on other customers."""
    learned, others = halves(trial, folder)
    model = folder / "model"
    said = told("fit", learned, "--mapping", trial.mapping, "--as-of", trial.fit_on, "--out", model)
    got: dict[str, tuple[list, list]] = {}
    for day in trial.score_on:
        for column, (y, p) in scored_on(trial, others, model, day, folder).items():
            both = got.setdefault(column, ([], []))
            both[0].extend(y)
            both[1].extend(p)
    for column, claim in said["claims"].items():
        y, p = (np.array(part, dtype=float) for part in got.get(column, ([], [])))
        events = int(min(y.sum(), len(y) - y.sum())) if len(y) else 0
        if events < LEAST_EVENTS:
            continue
        here, all_of = auc(y, p), claim["all"]
        error = np.sqrt(here * (1 - here) / events)  # of the rarer class: the usual rough one
        slope, _ = calibration(y, p)
        stated = all_of["auc"]
        apart = "" if stated is None else f"{here - stated:+.3f}"
        yield (
            f"| {trial.name} | `{column}` | {stated or float('nan'):.3f} | {all_of['events']:,} "
            f"| {here:.3f} ± {1.96 * error:.3f} | {len(y):,} | {int(y.sum()):,} "
            f"| {apart} | {slope:.2f} | {p.mean():.4f} / {y.mean():.4f} |"
        )


TITLES = ("book", "column", "claimed AUC", "events", "AUC on other customers", "rows", "events", "apart", "slope",
          "predicted / seen")  # fmt: skip
HEAD = f"| {' | '.join(TITLES)} |\n| --- | --- |{' ---: |' * 8}"


def main() -> None:
    """Measure, print, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=[t.name for t in TRIALS])
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    rows = []
    for trial in (t for t in TRIALS if t.name in asked.only):
        with tempfile.TemporaryDirectory() as folder:
            for row in measured(trial, Path(folder)):
                print(row, flush=True)
                rows.append(row)
    by = f"{today()}, {machine()}, by `python benchmarks/risk_other_customers.py`."
    page = ["# Risk: other customers of the same books", "", by, "",
            *(__doc__ or "").strip().splitlines()[4:9], "", HEAD, *rows, ""]  # fmt: skip
    if asked.out:
        asked.out.write_text("\n".join(page), encoding="utf-8")


if __name__ == "__main__":
    main()
