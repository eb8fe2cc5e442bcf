"""How many overdue loans of real books could be left in peace for a week (books by the month: for a month)?

    .venv/bin/python benchmarks/risk_self_curers.py [--only superlender_ng ...] [--out benchmarks/risk_self_curers.md]

Every overdue moment is predicted by a chain of cures fitted on other customers, in five folds. For each fold the
threshold is the lowest chance at which the other four folds' predictions reach the wanted precision (on 20 moments or
more); it is then applied to the fold, so that neither the model nor the threshold has seen whom it is judged on.
Beside it stands the best that a choice with hindsight among the same predictions could claim. Days are not held apart:
`later` in the page tells the ranking on the last fifth of the days by a fit on the days before.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
from reference_page import machine, today
from risk_real_data import CREDIT_MOST, opened

from forbear.risk.chains import Labels, chains
from forbear.risk.fit import _labels
from forbear.risk.frame import Frame
from forbear.risk.measures import auc
from forbear.risk.panel import MOST_ROWS, borrower_hash, kind_of, training_frame
from forbear.risk.rehearsal import Work, cuts_of, usable

HERE = Path(__file__).parent
WANTED = (0.95, 0.9, 0.8, 0.7)
FOLDS, LEAST = 5, 20
BOOKS = {
    "superlender_ng": ("superlender_ng", date(2017, 7, 31)),
    "xente_ug": ("xente_ug", date(2019, 7, 15)),
    "credit_record_monthly": ("credit_record_monthly", date(2020, 1, 1)),
    "ibm_ar (invoices, likely invented)": ("ibm_ar", date(2013, 12, 31)),
}


def wilson(hits: float, of: float) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    if not of:
        return 0.0, 1.0
    z, share = 1.96, hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * np.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def threshold(p: np.ndarray, y: np.ndarray, wanted: float) -> float:
    """The lowest chance from which on so many were cured; above 1 when none is."""
    order = np.argsort(-p, kind="stable")
    precision = np.cumsum(y[order]) / np.arange(1, len(p) + 1)
    held = np.flatnonzero((precision >= wanted) & (np.arange(1, len(p) + 1) >= LEAST))
    return float(p[order][held[-1]]) if len(held) else 2.0


def predicted(frame: Frame, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
    """(rows, fold, chance, cured) of every overdue moment whose end is known, and the AUC on later days."""
    chain = next(c for c in chains(kind) if c.name == "cure")
    step = 1 if kind == "events" else 0
    known, groups = _labels(chain, frame, None), borrower_hash(frame)
    days = frame.marks["as_of"].astype("datetime64[D]")
    work = Work(chain, frame, known, groups, days, cuts_of(days, usable(chain, known)))
    fold, part = (groups // 7) % FOLDS, groups % 5 == 4
    every = np.flatnonzero(known.known_for(step, chain.steps))
    p = np.full(len(frame), np.nan)
    for one in range(FOLDS):
        others = fold != one
        model = work.fit(work._same(others & ~part), work._same(others & part))
        rows = every[fold[every] == one]
        if not isinstance(model, str) and len(rows):
            p[rows] = 1 - model.stays(frame.take(rows))[:, step]
    rows = every[~np.isnan(p[every])]
    cured = ~known.stays(step, chain.steps)
    return rows, fold[rows], p[rows], cured[rows], _later(work, known, days, step, cured)


def _later(work: Work, known: Labels, days: np.ndarray, step: int, cured: np.ndarray) -> float:
    if work.cuts.test is None:
        return float("nan")
    p, y = [], []
    for one in range(3):
        apart = (work.groups // 7) % 3 == one
        rows = np.flatnonzero(apart & (days >= work.cuts.test) & known.known_for(step, work.chain.steps))
        model = work.rehearsal(~apart)
        if not isinstance(model, str) and len(rows):
            p.append(1 - model.stays(work.frame.take(rows))[:, step])
            y.append(cured[rows])
    return auc(np.concatenate(y), np.concatenate(p)) if p else float("nan")


def table(name: str, fold: np.ndarray, p: np.ndarray, y: np.ndarray, later: float) -> Iterator[str]:
    """A row for each wanted precision."""
    for wanted in WANTED:
        left = np.zeros(len(p), dtype=bool)
        for one in range(FOLDS):
            others = fold != one
            left[~others] = p[~others] >= threshold(p[others], y[others], wanted)
        hits, count = int(y[left].sum()), int(left.sum())
        low, high = wilson(hits, count)
        seen = f"{100 * hits / count:.1f} % ({100 * low:.0f} to {100 * high:.0f})" if count else "none left"
        best = (p >= threshold(p, y, wanted)).mean()
        yield (
            f"| {name} | {len(p):,} | {100 * y.mean():.1f} % | {auc(y, p):.3f} | {later:.3f} | {100 * wanted:.0f} % "
            f"| {100 * left.mean():.1f} % | {seen} | {100 * best:.1f} % | {100 * left.mean():.0f} |"
        )


def measured(name: str, mapping: str, until: date) -> Iterator[str]:
    """Rows of the page for one book; of a book of statuses, for each status too."""
    book = opened(mapping, mapping)
    kind = kind_of(book)
    frame = training_frame(book, until, most=CREDIT_MOST if kind == "statuses" else MOST_ROWS)
    chain = next(c for c in chains(kind) if c.name == "cure")
    frame = frame.take(np.flatnonzero(_labels(chain, frame, None).eligible))
    rows, fold, p, y, later = predicted(frame, kind)
    yield from table(name, fold, p, y, later)
    if kind == "statuses":
        now = frame.marks["dpd_now"].astype(int)[rows]
        for low, high in ((30, 60), (60, 90), (90, 999)):
            one = (now >= low) & (now < high)
            if one.sum() > 100:
                yield from table(f"{name}, {low} days and more", fold[one], p[one], y[one], float("nan"))


TITLES = ("book", "overdue moments", "cured in time", "AUC", "later", "wanted", "left in peace", "of them cured",
          "by hindsight", "contacts saved of 100")  # fmt: skip
HEAD = f"| {' | '.join(TITLES)} |\n| --- |{' ---: |' * 9}"


def main() -> None:
    """Measure, print, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=tuple(BOOKS), default=tuple(BOOKS))
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    rows = []
    for name in asked.only:
        for row in measured(name, *BOOKS[name]):
            print(row, flush=True)
            rows.append(row)
    by = f"{today()}, {machine()}, by `python benchmarks/risk_self_curers.py`."
    about = (__doc__ or "").strip().splitlines()[4:]
    page = ["# Risk: who would have paid by themselves", "", by, "", *about, "", HEAD, *rows, ""]
    if asked.out:
        asked.out.write_text("\n".join(page), encoding="utf-8")


if __name__ == "__main__":
    main()
