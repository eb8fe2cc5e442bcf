"""Watching a model: has the book moved away from it, does it still keep its word, does it treat groups alike.

Drift: the population stability index of every feature and column against the last fifth of the model's panel; 0.10
asks for a look, 0.25 for a new fit (the usual convention). Calibration: the model is asked about a day so long ago
that the answers are known now, and its mean held against what happened. Fairness: the same answers by age band,
region and any protected trait.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from forbear.book import Book
from forbear.risk.chains import labels
from forbear.risk.fit import Model
from forbear.risk.frame import Frame, frame_of
from forbear.risk.measures import Doubles, auc, figures, psi_of_shares, rounded, shares
from forbear.risk.panel import scoring_moments

LOOK, ACT = 0.10, 0.25
"""Stability index from which to look, and from which to act."""
ASK, REFIT = 0.15, 0.35
"""Relative gap of predicted and seen from which calibration is amber, and red, when it is also beyond chance."""
DELAY_DAYS = 45
"""How long ago the model is asked about: a month to the next due date, and two weeks for the answer."""
LEAST_ROWS = 100
FLAGGED = 0.10
"""Share of loans that would be flagged first: false alarms of groups are compared at this threshold."""
AGE_BANDS = (25, 35, 45, 60)


@dataclass(frozen=True)
class Light:
    """One watched thing: its value and its light, green, amber or red."""

    name: str
    value: float
    light: str


def _light(value: float, look: float, act: float) -> str:
    return "red" if value >= act else "amber" if value >= look else "green"


def drift(frame: Frame, model: Model, columns: Mapping[str, Doubles] | None = None) -> list[Light]:
    """The stability index of each feature and column, the greatest first.

    Args:
        frame: today's open loans.
        model: with what its panel looked like.
        columns: today's scores by column, where they are to be watched too.
    """
    lights = []
    for name, was in model.watch.items():
        if columns and name in columns:
            values = columns[name][~np.isnan(columns[name])]
        elif name in frame.columns:
            values = frame.column(name).astype(np.float64)
        else:
            continue
        if len(values) >= LEAST_ROWS:
            moved = psi_of_shares(was["shares"], shares(values, was["cuts"]))
            lights.append(Light(name, round(moved, 4), _light(moved, LOOK, ACT)))
    return sorted(lights, key=lambda light: (-light.value, light.name))


def answered(book: Book, model: Model, as_of: date) -> Frame | None:
    """Open loans of the day whose answers are known by now; None for books of statuses or where nothing is open."""
    if model.kind != "events":
        return None
    moments = scoring_moments(book, as_of - timedelta(days=DELAY_DAYS))
    if not moments.num_rows:
        return None
    frame = frame_of(book, _some(moments), as_of, outcomes=True)
    frame = frame.take(~frame.marks["is_closed"].astype(bool))
    return frame if len(frame) >= LEAST_ROWS else None


MOST_ASKED = 200_000


def _some(moments: pa.Table) -> pa.Table:
    step = max(1, -(-moments.num_rows // MOST_ASKED))
    return moments.take(pa.array(range(0, moments.num_rows, step)))


@dataclass(frozen=True)
class Kept:
    """Whether a column kept its word."""

    column: str
    rows: int
    predicted: float
    seen: float
    auc: float
    light: str


def kept_word(frame: Frame, model: Model) -> list[Kept]:
    """Predicted against seen for each column of the late chain."""
    if "late" not in model.chains:
        return []
    chain = model.chains["late"]
    known = labels(chain.chain, frame)
    stays = chain.stays(frame)
    told = []
    for column, (step, _) in chain.chain.outputs.items():
        rows = np.flatnonzero(known.known_for(step, chain.chain.steps))
        if len(rows) < LEAST_ROWS:
            continue
        y, p = known.stays(step, chain.chain.steps)[rows], stays[rows, step]
        gap = abs(p.mean() - y.mean()) / max(y.mean(), 1 / len(rows))
        chance = 2.6 * np.sqrt(max((p * (1 - p)).sum(), 1e-9)) / max(y.sum(), 1)
        light = _light(gap, ASK, REFIT) if gap > chance else "green"
        told.append(Kept(column, len(rows), float(p.mean()), float(y.mean()), auc(y, p), light))
    return told


def groups(frame: Frame, as_of: date) -> dict[str, npt.NDArray[np.object_]]:
    """Traits by which fairness is measured: age bands from the birth year, region, and the book's protected columns."""
    made: dict[str, npt.NDArray[np.object_]] = {}
    for name, values in frame.protected.items():
        if len(np.unique(values.astype(str))) > 1:
            made[name.removeprefix("x_")] = values
    if "birth_year" in made:
        years = np.array([int(float(v)) if str(v) not in ("", "nan") else 0 for v in made.pop("birth_year")])
        band = np.digitize(as_of.year - years, AGE_BANDS)
        names = ["under 25", "25-34", "35-44", "45-59", "60 and over"]
        made["age"] = np.where(years > 0, np.array(names, dtype=object)[band], "").astype(object)
    return made


def fairness(frame: Frame, model: Model, as_of: date) -> list[dict[str, Any]]:
    """For each group of enough loans: predicted and seen late share, ranking, false alarms; and what equal alarms cost.

    `equal_threshold` is the score at which the group would have the whole book's share of false alarms, and
    `equal_found` the share of its late loans that would then be found: the trade-off, to be decided by people.
    """
    if "late" not in model.chains:
        return []
    chain = model.chains["late"]
    known = labels(chain.chain, frame)
    rows = np.flatnonzero(known.known_for(0, chain.chain.steps))
    if len(rows) < LEAST_ROWS:
        return []
    y, p = known.stays(0, chain.chain.steps)[rows], chain.stays(frame.take(rows))[:, 0]
    cut = float(np.quantile(p, 1 - FLAGGED))
    alarms = float((p[~y] >= cut).mean()) if (~y).any() else 0.0
    return [
        _group(trait, value, y[on], p[on], cut, alarms)
        for trait, values in groups(frame.take(rows), as_of).items()
        for value in np.unique(values.astype(str))
        if value and (on := values.astype(str) == value).sum() >= LEAST_ROWS
    ]


def _group(
    trait: str, value: str, y: npt.NDArray[np.bool_], p: Doubles, cut: float, alarms: float
) -> dict[str, Any]:
    good = p[~y]
    equal = float(np.quantile(good, 1 - alarms)) if len(good) and alarms > 0 else cut
    f = figures(y, p)
    return {
        "trait": trait,
        "group": value,
        "rows": f.rows,
        "predicted": rounded(f.mean),
        "seen": rounded(f.rate),
        "auc": rounded(f.auc),
        "false_alarms": rounded(float((good >= cut).mean()) if len(good) else float("nan")),
        "found": rounded(float((p[y] >= cut).mean()) if y.any() else float("nan")),
        "equal_threshold": rounded(equal),
        "equal_found": rounded(float((p[y] >= equal).mean()) if y.any() else float("nan")),
    }
