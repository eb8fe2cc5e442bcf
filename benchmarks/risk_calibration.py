"""Is a calibration slope off by chance, and would another calibration help? Three folds of accounts instead of one.

    .venv/bin/python benchmarks/risk_calibration.py [--out benchmarks/risk_calibration.md]

credit_record_monthly, each third of the accounts in turn measured on the latest days by fits on the earlier days of the
others. `shipped` is what `forbear fit` makes: a line for each step from the window between (an intercept and slope,
left alone where fewer than ten events tell), trees grown again on all rows, the level set anew. The others keep the
first trees: `line`, `none`, `pooled` (one line for all steps), `r2` and `r40` (lines drawn a fifth and four times as
hard towards intercept 0 and slope 1). Errors of the slope by 40 draws with replacement.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
from reference_page import machine, today
from risk_real_data import CREDIT_MOST, opened

from forbear.risk import hazard
from forbear.risk.chains import chains
from forbear.risk.fit import _labels
from forbear.risk.hazard import ChainModel
from forbear.risk.measures import calibration, figures, line
from forbear.risk.panel import borrower_hash, training_frame
from forbear.risk.rehearsal import Work, cuts_of, usable

HERE = Path(__file__).parent
FOLDS, DRAWS, LEAST = 3, 40, 5
KINDS = ("line", "none", "pooled", "r2", "r40")


def asked(work: Work, model: ChainModel, step: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(log odds before calibration, whether each stayed) of the rows at risk at a step."""
    chosen = np.flatnonzero(work.labels.at_risk(step, work.chain.steps) & rows)
    part = work.frame.take(chosen)
    stayed = work.labels.stays(step, work.chain.steps)[chosen].astype(float)
    return model.raw(step, model.numbers(part), part), stayed


def calibrated(work: Work, model: ChainModel, kind: str, later: list[np.ndarray]) -> ChainModel:
    """The model with other lines."""
    steps = range(len(work.chain.steps))
    if kind == "line":
        return model
    if kind == "none":
        return replace(model, lines=tuple((0.0, 1.0) for _ in steps))
    known = [asked(work, model, k, later[k]) for k in steps]
    if kind == "pooled":
        z, y = (np.concatenate(part) for part in zip(*known, strict=True))
        one = line(z, y, ridge=hazard.RIDGE)
        return replace(model, lines=tuple(one for _ in steps))
    told = [min(y.sum(), (1 - y).sum()) >= LEAST for _, y in known]
    lines = [line(z, y, ridge=float(kind[1:])) if t else (0.0, 1.0) for (z, y), t in zip(known, told, strict=True)]
    return replace(model, lines=tuple(lines))


def measured() -> Iterator[str]:
    """A row a column and calibration."""
    frame = training_frame(
        opened("credit_record_monthly", "credit_record_monthly"), date(2020, 1, 1), most=CREDIT_MOST // 4
    )
    days, groups = frame.marks["as_of"].astype("datetime64[D]"), borrower_hash(frame)
    for chain in chains("statuses"):
        known = _labels(chain, frame, None)
        work = Work(chain, frame, known, groups, days, cuts_of(days, usable(chain, known)))
        found: dict[tuple[str, str], list[tuple[np.ndarray, np.ndarray]]] = {}
        for fold in range(FOLDS):
            apart = (groups // 7) % FOLDS == fold
            if work.cuts.test is None or work.cuts.calibrate is None:
                continue
            early = [k & ~apart for k in work.known_by(work.cuts.calibrate)]
            later = [k & ~apart for k in work.later(work.cuts.calibrate, work.cuts.test)]
            model, shipped = work.fit(early, later), work.rehearsal(~apart)
            if isinstance(model, str) or isinstance(shipped, str):
                continue
            rows = np.flatnonzero(apart & (days >= work.cuts.test) & known.eligible)
            made = {"shipped": shipped, **{kind: calibrated(work, model, kind, later) for kind in KINDS}}
            for kind, one in made.items():
                stays = one.stays(frame.take(rows))
                for column, (step, is_end) in chain.outputs.items():
                    on = known.known_for(step, chain.steps)[rows]
                    y = (known.stays(step, chain.steps) ^ is_end)[rows][on]
                    p = (1 - stays[:, step] if is_end else stays[:, step])[on]
                    found.setdefault((column, kind), []).append((y, p))
        for (column, kind), parts in sorted(found.items()):
            yield row(column, kind, parts)


def row(column: str, kind: str, parts: list[tuple[np.ndarray, np.ndarray]]) -> str:
    """The figures of all folds together, and the slope of each."""
    y, p = (np.concatenate(part) for part in zip(*parts, strict=True))
    random = np.random.default_rng(0)
    drawn = [calibration(y[i], p[i])[0] for i in (random.integers(0, len(y), len(y)) for _ in range(DRAWS))]
    f, each = figures(y, p), ", ".join(f"{calibration(a, b)[0]:.3f}" for a, b in parts)
    return (
        f"| `{column}` | {kind} | {f.rows:,} | {f.events:,} | {f.auc:.4f} "
        f"| {f.slope:.3f} ± {np.std(drawn):.3f} | {each} | {f.error:.4f} "
        f"| {f.mean:.4f} / {f.rate:.4f} | {f.log_loss:.5f} |"
    )


TITLES = (
    "column",
    "calibration",
    "rows",
    "events",
    "AUC",
    "slope",
    "of each fold",
    "error",
    "predicted / seen",
    "log loss",
)
HEAD = f"| {' | '.join(TITLES)} |\n| --- | --- |{' ---: |' * 8}"


def main() -> None:
    """Measure, print, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE / "risk_calibration.md")
    out = parser.parse_args().out
    rows = []
    for one in measured():
        print(one, flush=True)
        rows.append(one)
    by = f"{today()}, {machine()}, by `python benchmarks/risk_calibration.py`."
    about = (__doc__ or "").strip().splitlines()[4:]
    out.write_text("\n".join(["# Risk: calibration", "", by, "", *about, "", HEAD, *rows, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
