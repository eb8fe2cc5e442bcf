"""The close's part that a model gives: scores of every loan, and what they say of the whole book, for the report.

Effects are here only in that the scores are written; what the figures are is in `forbear.risk`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from forbear.book import Book
from forbear.funding.figures import Money
from forbear.night.explained import EXPLAINED, explained
from forbear.risk import warning
from forbear.risk.care import answered, drift, fairness, kept_word
from forbear.risk.causes import causes, rules
from forbear.risk.fit import Model
from forbear.risk.folder import fingerprint, load
from forbear.risk.macro import read_macro
from forbear.risk.measures import rounded
from forbear.risk.score import NUMBERS, Scored, score
from forbear.risk.score_file import write_scores

SCORES = "scores.parquet"
FORMAT = "forbear-risk-1"
BANDS = (0.05, 0.10, 0.20, 0.40, 0.60)
"""Upper ends of the bands of the chance to be late, as the report shows them."""
MOST_LISTED = 12


@dataclass(frozen=True)
class Known:
    """What a model and the evidence say of single loans.

    Attributes:
        scores: loan_id, p_cure_30, p_late_7.
        causes: loan_id, cause (`unknown` where none is named) of loans in arrears.
    """

    scores: pa.Table
    causes: pa.Table


@dataclass(frozen=True)
class RiskPlan:
    """What the part is made from, read before the work: the model, its folder's fingerprint, macro series told."""

    model: Model
    sha256: str
    macro: dict[str, Any]


def plan_risk(folder: str | Path, as_of: date, macro: str | Path | None = None) -> RiskPlan:
    """Read the model and the macro series (a CSV, of which only what was known on the day counts).

    Raises:
        UnreadableFile, WrongUse: the model folder cannot be trusted, or the series cannot be read.
    """
    return RiskPlan(load(folder), fingerprint(folder), {} if macro is None else _macro(macro, as_of))


def risk_part(
    book: Book,
    plan: RiskPlan,
    as_of: date,
    aside: Path,
    watching: Callable[[str], AbstractContextManager[Any]],
) -> tuple[dict[str, Any], Known]:
    """Score the book, write scores and explanations into `aside`, and tell the report's chapter on risk.

    Returns:
        The chapter, and what a strategy may decide by.

    Raises:
        WrongUse: the model is of another kind of book.
    """
    model = plan.model
    with watching("scoring"):
        made = score(book, model, as_of=as_of)
        write_scores(made.table, aside / SCORES)
    with watching("watching the model"):
        assert made.frame is not None
        past = answered(book, model, as_of)
        is_open = ~made.frame.marks["is_closed"].astype(bool)
        rows = np.flatnonzero(is_open)
        part = made.frame.take(rows)
        scores = {c: np.array(made.table[c].to_numpy(zero_copy_only=False), dtype=float)[rows] for c in NUMBERS}
        pq.write_table(explained(part, model, scores), aside / EXPLAINED)
        lights = drift(part, model, scores) if len(part) >= 100 else []
        known = _known(made, part)
        told = {
            "format": FORMAT,
            "model": {
                "sha256": plan.sha256,
                "as_of": model.as_of.isoformat(),
                "rows": model.rows,
                "days_old": (as_of - model.as_of).days,
            },
            "columns": [_column(c, scores[c], made, model) for c in NUMBERS],
            "bands": _bands(part, scores, Money(book.minor_digits)),
            "warning": _warning(model, part),
            "causes": _causes(part),
            "drift": [vars(light) for light in lights[:MOST_LISTED]],
            "drift_light": _worst([light.light for light in lights]),
            "kept_word": [_kept(k) for k in kept_word(past, model)] if past is not None else [],
            "fairness": fairness(past, model, as_of) if past is not None else [],
            **plan.macro,
        }
        return told, known


def _known(made: Scored, part: Any) -> Known:
    overdue = part.take(np.flatnonzero(part.marks["overdue"].astype(float) > 0))
    named = causes(overdue).named.tolist() if len(overdue) else []
    loans = pa.array(overdue.marks["loan_id"].tolist(), made.table["loan_id"].type)
    return Known(
        made.table.select(["loan_id", "p_cure_30", "p_late_7"]),
        pa.table({"loan_id": loans, "cause": pa.array(named, pa.string())}),
    )


def _macro(path: str | Path, as_of: date) -> dict[str, Any]:
    """Each series' last value known on the day, and whether it is a warning."""
    known = read_macro(path, as_of)
    off = {row["series"]: row for row in warning.of_macro(known)}
    rows = [
        {
            "series": name,
            "on": points[-1][0].isoformat(),
            "value": points[-1][1],
            "values": len(points),
            "deviations": off[name]["deviations"] if name in off else None,
            "mean_before": off[name]["mean_before"] if name in off else None,
            "warned": name in off,
        }
        for name, points in known.items()
    ]
    sha256 = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return {"macro": sorted(rows, key=lambda row: (not row["warned"], row["series"])), "macro_sha256": sha256}


def _worst(lights: list[str]) -> str:
    return next((light for light in ("red", "amber", "green") if light in lights), "green")


def _column(column: str, values: Any, made: Scored, model: Any) -> dict[str, Any]:
    known = values[~np.isnan(values)]
    claim = model.claims.get(column)
    return {
        "column": column,
        "loans": len(known),
        "mean": rounded(float(known.mean())) if len(known) else None,
        "auc": rounded(claim.all.auc, 4) if claim else None,
        "first_time_auc": rounded(claim.first_time.auc, 4) if claim else None,
        "why_none": made.reasons.get(column, ""),
    }


def _bands(part: Any, scores: dict[str, Any], money: Money) -> list[dict[str, Any]]:
    """Open loans by their chance to be late with the next installment."""
    p = scores["p_late_next"]
    owed = part.marks["outstanding"].astype(float)
    where = np.where(np.isnan(p), -1, np.digitize(np.nan_to_num(p), BANDS))
    told = []
    for i in range(len(BANDS) + 1):
        on = where == i
        told.append(
            {
                "from": str(Decimal(str(BANDS[i - 1])) if i else Decimal(0)),
                "to": str(Decimal(str(BANDS[i])) if i < len(BANDS) else Decimal(1)),
                "loans": int(on.sum()),
                "principal": money(int(owed[on].sum())),
                "expected_late": rounded(float(p[on].sum()), 1) if on.any() else 0.0,
                "first_time": int(part.marks["first_time"].astype(bool)[on].sum()),
            }
        )
    return told


def _warning(model: Any, part: Any) -> dict[str, Any] | None:
    if model.warner is None or not len(part):
        return None
    told = warning.of_book(model.warner, part)
    texts = warning.candidates()
    for row in told["indicators"]:
        row["en"], row["zh"] = texts[row["name"]][3:5]
    return {
        **told,
        "segments": warning.segments(model.warner, part)[:MOST_LISTED],
        "measured": dict(model.warner.measured),
    }


def _causes(part: Any) -> list[dict[str, Any]]:
    overdue = np.flatnonzero(part.marks["overdue"].astype(float) > 0)
    if not len(overdue):
        return []
    found = causes(part.take(overdue))
    known = rules().causes
    counts = {name: int((found.named == name).sum()) for name in found.names}
    return [
        {"cause": n, "loans": c, **({k: known[n][k] for k in ("en", "zh", "helps")} if n in known else {})}
        for n, c in counts.items()
    ]


def _kept(kept: Any) -> dict[str, Any]:
    return {k: rounded(v) if isinstance(v, float) else v for k, v in vars(kept).items()}
