"""Models tried on other customers of the same real books: does each hold what its model card claims?

    .venv/bin/python benchmarks/risk_other_customers.py [--only superlender_ng ...] [--out FILE.md]

A random half of each book's customers is taken away. `forbear fit` learns from the other half as of a day, and
`forbear score` scores the half that was taken away on several days, both as commands on folders of files. A column's
AUC there, within each day, is held against the claim on the model's card: for days after the model's last (out of time
too), and, where a book's whole history was learned from, for days before it (other customers alone). The flagged loans
are scored on their day of disbursal and held against the claim for that. Both AUCs have a 95 % interval by borrowers.
A model of half a book claims less surely, and is worth less, than one of the whole.

sba_7a answers none of the columns: it tells of nothing between disbursal and charge-off ([risk.md](risk.md)).

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
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet as pq
from reference_page import machine, today
from risk_real_data import DATA

from forbear.book import open_book
from forbear.risk.chains import chains, labels
from forbear.risk.claims import Tried, auc_interval
from forbear.risk.frame import Frame, frame_of, moments_table
from forbear.risk.measures import calibration
from forbear.risk.panel import kind_of
from forbear.risk.record import record_frame
from forbear.risk.score import NUMBERS

HERE = Path(__file__).parent
FORBEAR = Path(sys.executable).with_name("forbear")
LEAST_EVENTS, MANY_EVENTS = 30, 200
NEAR = 0.02
ALWAYS = ("loan_id", "as_of", *NUMBERS, "first_time", "history", "model")


@dataclass(frozen=True)
class Trial:
    """One book: its files with the column that names the customer, the fit's day, and the days of scoring.

    `at` is how `forbear score` looks at loans, `which` an SQL condition on the loans that are judged.
    """

    name: str
    mapping: str
    files: dict[str, str]
    fit_on: date
    score_on: tuple[date, ...]
    until: date
    at: str = "as-of"
    which: str = "true"


def _weeks(first: date, count: int, step: int = 7) -> tuple[date, ...]:
    return tuple(first + timedelta(days=step * k) for k in range(count))


SUPER = {"trainprevloans.csv.gz": "customerid", "traindemographics_no_gps.csv.gz": "customerid"}
NEXT = {**SUPER, "trainperf.csv.gz": "customerid"}
FLAGGED = "loan_id NOT IN (SELECT loan_id FROM book.payments WHERE source <> 'flag')"
MONTHS = (date(2018, 6, 28), date(2018, 9, 28), date(2018, 12, 28), date(2019, 3, 28), date(2019, 6, 28))


def _of(name: str, files: dict[str, str], fit_on: date, score_on: tuple[date, ...], until: date) -> Trial:
    """A trial of a book up to a day."""
    return Trial(f"{name}, to {fit_on}", name, files, fit_on, score_on, until)


SUPER_END, CREDIT_END, XENTE_END = date(2017, 7, 31), date(2020, 1, 1), date(2019, 7, 15)
RECORD = {"credit_record.parquet": "ID"}
TRIALS = (
    *(_of("superlender_ng", SUPER, day, _weeks(day + timedelta(days=2), 4, 17), SUPER_END)
      for day in (date(2017, 3, 31), date(2017, 4, 30))),
    _of("superlender_ng", SUPER, SUPER_END, _weeks(date(2017, 3, 2), 4, 27), SUPER_END),
    Trial("superlender_ng_next, flagged loans", "superlender_ng_next", NEXT, date(2017, 12, 31), (date(2017, 12, 31),),
          date(2017, 12, 31), "disbursal", FLAGGED),
    Trial("uci_credit_default", "uci_credit_default", {"UCI_Credit_Card.csv.gz": "ID"}, date(2005, 12, 31),
          (date(2005, 9, 30),), date(2005, 12, 31)),
    *(_of("credit_record_monthly", RECORD, day, tuple(m for m in MONTHS if m >= day), CREDIT_END)
      for day in (date(2018, 6, 28), date(2018, 12, 28))),
    _of("credit_record_monthly", RECORD, CREDIT_END, MONTHS, CREDIT_END),
    _of("xente_ug", {"Train.csv.gz": "CustomerId"}, XENTE_END, _weeks(date(2019, 2, 15), 4, 14), XENTE_END),
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


def told(*order: str | Path | date) -> dict[str, Any]:
    """What a command of ours says in JSON."""
    done = subprocess.run(
        [FORBEAR, *map(str, order), "--format", "json"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{order}: {done.returncode}: {done.stdout[-500:]} {done.stderr[-1500:]}")
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def outcomes(trial: Trial, others: Path, day: date) -> tuple[str, Frame]:
    """(kind, labelled frame of the loans that stand on that day, or of each on its own)."""
    with duckdb.connect() as db:
        book = open_book(others, db, mapping=trial.mapping)
        kind = kind_of(book)
        table = "statuses" if kind == "statuses" else "loans"
        known = "on_date" if kind == "statuses" else "disbursed_on"
        when = known if trial.at == "disbursal" else f"DATE '{day}'"
        rows = db.sql(
            f"SELECT DISTINCT loan_id, {when} AS as_of FROM book.{table} "
            f"WHERE {known} <= DATE '{day}' AND {trial.which} ORDER BY 1"
        ).to_arrow_table()
        maker = record_frame if kind == "statuses" else frame_of
        return kind, maker(book, moments_table(rows), trial.until, outcomes=True)


def scored_on(
    trial: Trial, others: Path, model: Path, day: date, folder: Path
) -> dict[str, tuple[np.ndarray, ...]]:
    """(outcomes, chances, borrowers) of each column on one day."""
    out = folder / f"{day}.parquet"
    how = ("--mapping", trial.mapping, "--as-of", day, "--model", model, "--out", out, "--at", trial.at)
    told("score", others, *how)
    table = pq.read_table(out)
    assert tuple(table.column_names) == ALWAYS, table.column_names
    kind, frame = outcomes(trial, others, day)
    place = {str(loan): i for i, loan in enumerate(table["loan_id"].to_pylist())}
    where = np.array([place[str(loan)] for loan in frame.marks["loan_id"]])
    found: dict[str, tuple[np.ndarray, ...]] = {}
    for chain in chains(kind):
        known = labels(chain, frame, untouched=False)
        for column, (step, is_end) in chain.outputs.items():
            p = np.asarray(table[column].to_numpy(zero_copy_only=False), dtype=float)[where]
            y = known.stays(step, chain.steps) ^ is_end
            on = known.known_for(step, chain.steps) & ~np.isnan(p)
            found[column] = y[on], p[on], frame.marks["borrower_id"].astype(str)[on]
    return found


@dataclass(frozen=True)
class Row:
    """A column of a trial: what was claimed on how many events, what was found on how many, and their intervals."""

    trial: str
    column: str
    claimed: tuple[float, float, float]
    claimed_on: int
    found: tuple[float, float, float]
    rows: int
    events: int
    found_on: int
    slope: float
    means: tuple[float, float]

    def text(self) -> str:
        """As a row of the page."""
        claim, got = (f"{a:.3f} ({low:.3f} to {high:.3f})" for a, low, high in (self.claimed, self.found))
        here = np.isfinite(self.claimed[0])
        return (
            f"| {self.trial} | `{self.column}` | {claim if here else 'none'} | {self.claimed_on:,} | {got} "
            f"| {self.rows:,} | {self.events:,} | {f'{self.apart:+.3f}' if here else ''} | {self.slope:.2f} "
            f"| {self.means[0]:.4f} / {self.means[1]:.4f} |"
        )

    @property
    def apart(self) -> float:
        """By how much other customers' AUC is above the claim."""
        return self.found[0] - self.claimed[0]

    @property
    def by_chance(self) -> bool:
        """Whether the difference lies within its own 95 % interval."""
        spread = sum(((high - low) / 2) ** 2 for _, low, high in (self.claimed, self.found)) ** 0.5
        return bool(abs(self.apart) <= spread)


def measured(trial: Trial, folder: Path) -> Iterator[Row]:
    """Each column's claim, and what it is on other customers."""
    learned, others = halves(trial, folder)
    model = folder / "model"
    said = told("fit", learned, "--mapping", trial.mapping, "--as-of", trial.fit_on, "--out", model)
    got: dict[str, list[tuple[np.ndarray, ...]]] = {}
    for number, day in enumerate(trial.score_on):
        for column, parts in scored_on(trial, others, model, day, folder).items():
            got.setdefault(column, []).append((*parts, np.full(len(parts[0]), number)))
    for column, claim in said["claims"].items():
        y, p, who, days = (np.concatenate(part) for part in zip(*got[column], strict=True))
        rarer = int(min(y.sum(), (~y).sum()))
        if rarer < LEAST_EVENTS:
            continue
        of = claim["at_disbursal" if trial.at == "disbursal" else "all"]
        auc, low, high = (float("nan") if of[k] is None else of[k] for k in ("auc", "auc_low", "auc_high"))
        found = auc_interval(Tried(y, p, who, days))
        slope, _ = calibration(y, p)
        yield Row(
            trial.name,
            column,
            (auc, low, high),
            of["ranked"],
            found,
            len(y),
            int(y.sum()),
            rarer,
            slope,
            (p.mean(), y.mean()),
        )


def summary(rows: list[Row]) -> str:
    """How far apart claims and other customers are where both rest on many events."""
    told = [r for r in rows if np.isfinite(r.claimed[0])]
    many = [r for r in told if min(r.claimed_on, r.found_on) >= MANY_EVENTS]
    if not many:
        return ""
    near = sum(abs(r.apart) <= NEAR for r in many)
    return (
        f"Where claim and check both rest on {MANY_EVENTS} outcomes of the rarer kind or more: {near} of {len(many)} "
        f"within {NEAR}, {np.mean([abs(r.apart) for r in many]):.3f} apart on average "
        f"({np.mean([r.apart for r in many]):+.3f} with its sign). Of all {len(told)} claims "
        f"{sum(r.by_chance for r in told)} differ by no more than the two intervals allow."
    )


TITLES = ("book", "column", "claimed AUC", "outcomes", "AUC on other customers", "rows", "events", "apart", "slope",
          "predicted / seen")  # fmt: skip
HEAD = f"| {' | '.join(TITLES)} |\n| --- | --- |{' ---: |' * 8}"


def main() -> None:
    """Measure, print, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=[t.name for t in TRIALS])
    parser.add_argument("--kept", type=Path, help="JSON lines: rows of earlier runs, to which these are added")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    rows = _kept(asked.kept)
    for trial in (t for t in TRIALS if t.name in asked.only):
        rows = [row for row in rows if row.trial != trial.name]
        with tempfile.TemporaryDirectory() as folder:
            for row in measured(trial, Path(folder)):
                print(row.text(), flush=True)
                rows.append(row)
        if asked.kept:
            asked.kept.write_text("".join(json.dumps(asdict(row)) + "\n" for row in rows), encoding="utf-8")
    names = [t.name for t in TRIALS]
    rows.sort(key=lambda row: names.index(row.trial))
    how = "`python benchmarks/risk_other_customers.py`, one `--only` at a time with `--kept`"
    by = f"{today()}, {machine()}, by {how}."
    about = (__doc__ or "").strip().splitlines()[4:13]
    table = [HEAD, *(row.text() for row in rows)]
    if asked.out:
        page = ["# Risk: other customers of the same books", "", by, "", *about, "", summary(rows), "", *table, ""]
        asked.out.write_text("\n".join(page), encoding="utf-8")
    print(summary(rows), flush=True)


def _kept(file: Path | None) -> list[Row]:
    """Rows of earlier runs."""
    if file is None or not file.exists():
        return []
    told = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    rows: list[dict[str, Any]] = [
        {k: tuple(v) if isinstance(v, list) else v for k, v in one.items()} for one in told
    ]
    return [Row(**row) for row in rows]


if __name__ == "__main__":
    main()
