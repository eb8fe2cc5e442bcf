"""Early warning: loans that are not overdue and soon may be, segments and books that turn; bounded in number.

Thresholds are learned from the book's past: of each indicator (`warnings.toml`) the cut with the best lift among
those that flag few enough; indicators that lift too little are dropped. A loan is warned of when the weights (log
lift) of its indicators add up to more than a bar, set so that at most one loan in ten is. What this finds, how long
ahead, and what a plain rule would find with as many alerts is measured on a later window.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from forbear.risk.chains import Labels, chains
from forbear.risk.frame import Frame
from forbear.risk.measures import Doubles, rounded

Bools = npt.NDArray[np.bool_]
VOLUME = 0.10
"""Most loans that may be warned of, as a share of those that are not overdue."""
QUANTILES = (0.80, 0.90, 0.95, 0.98)
LEAST_LIFT = 1.3
LEAST_LATE = 20
"""Late installments an indicator must have met before it is believed."""
SEGMENT_LOANS = 100
SURPRISE = 3.5
"""Standard errors by which a segment's share of warnings must exceed the rest's."""
MACRO_BACK, MACRO_SURPRISE = 12, 2.0
"""Earlier values of a macro series, and standard deviations beyond them that are a warning."""


@dataclass(frozen=True)
class Indicator:
    """One indicator with its learned threshold."""

    name: str
    feature: str
    side: str
    group: str
    threshold: float
    lift: float
    share: float

    def holds(self, frame: Frame) -> Bools:
        """Rows beyond the threshold; unknown values never are."""
        values = frame.column(self.feature)
        with np.errstate(invalid="ignore"):
            made: Bools = values >= self.threshold if self.side == "high" else values <= self.threshold
        return made


@dataclass(frozen=True)
class Warner:
    """Learned indicators, the bar, and what they found on a later window (shares; days of lead)."""

    indicators: tuple[Indicator, ...]
    bar: float
    measured: Mapping[str, float | None]

    def weight(self, frame: Frame) -> Doubles:
        """Sum of log lifts of each row's indicators."""
        made = np.zeros(len(frame))
        for i in self.indicators:
            made += np.log(i.lift) * i.holds(frame)
        return made

    def warned(self, frame: Frame) -> Bools:
        """Loans that are not overdue and warned of."""
        made: Bools = may_be_warned(frame) & (self.weight(frame) > self.bar)
        return made


@cache
def candidates() -> Mapping[str, tuple[str, str, str, str, str]]:
    """Every indicator: feature, side, group, English, Chinese."""
    told = tomllib.loads(files("forbear.risk").joinpath("warnings.toml").read_text(encoding="utf-8"))
    return {name: tuple(row) for name, row in told.items()}


def may_be_warned(frame: Frame) -> Bools:
    """Open loans with something due ahead and nothing overdue."""
    made: Bools = (frame.marks["overdue"].astype(float) == 0) & (frame.column("days_to_due") >= 1)
    made &= ~frame.marks["is_closed"].astype(bool)
    return made


def on_first_day(frame: Frame) -> Bools:
    """Moments on the day of disbursal, of which a panel has one a loan and a night has few."""
    if "age_days" not in frame.columns:
        return np.zeros(len(frame), dtype=bool)
    made: Bools = frame.column("age_days") == 0
    return made


def learn(frame: Frame, known: Labels) -> Warner | None:
    """Learn indicators on the earlier three quarters of the moments and measure them on the rest; None when too little.

    Args:
        frame: a panel.
        known: labels of the chain `late`.
    """
    chain = chains("events")[0]
    rows = np.flatnonzero(may_be_warned(frame) & known.at_risk(0, chain.steps) & ~on_first_day(frame))
    late = known.stays(0, chain.steps)[rows]
    days = frame.marks["as_of"].astype("datetime64[D]")[rows]
    if len(rows) < 1000 or late.sum() < 5 * LEAST_LATE:
        return None
    early = days < np.sort(days)[int(0.75 * (len(days) - 1))]
    if not early.any() or not late[early].any() or not late[~early].any():
        return None
    before, after = frame.take(rows[early]), frame.take(rows[~early])
    found = [i for name, row in candidates().items() if (i := _learned(name, row, before, late[early])) is not None]
    if not found:
        return None
    weights = Warner(tuple(found), 0.0, {}).weight(before)
    bar = float(np.quantile(weights, 1 - VOLUME, method="higher"))
    warner = Warner(tuple(found), round(bar, 6), {})
    return Warner(warner.indicators, warner.bar, _measured(warner, after, late[~early]))


def _learned(name: str, row: Sequence[str], frame: Frame, late: Bools) -> Indicator | None:
    feature, side, group = row[:3]
    if feature not in frame.columns:
        return None
    values = frame.column(feature).astype(np.float64)
    told = values[~np.isnan(values)]
    if len(told) < 200:
        return None
    base = float(late.mean())
    cuts = {float(np.quantile(told, q if side == "high" else 1 - q)) for q in QUANTILES}
    made = [_at(name, feature, side, group, cut, frame, late, base) for cut in sorted(cuts)]
    good = [i for i in made if i is not None]
    return max(good, key=lambda i: i.lift * i.share**0.25) if good else None


def _at(
    name: str, feature: str, side: str, group: str, cut: float, frame: Frame, late: Bools, base: float
) -> Indicator | None:
    tried = Indicator(name, feature, side, group, round(cut, 6), 1.0, 0.0)
    on = tried.holds(frame)
    if late[on].sum() < LEAST_LATE or on.mean() > 3 * VOLUME:
        return None
    lift = float(late[on].mean()) / base
    return (
        Indicator(name, feature, side, group, tried.threshold, round(lift, 4), round(float(on.mean()), 4))
        if lift >= LEAST_LIFT
        else None
    )


def _measured(warner: Warner, frame: Frame, late: Bools) -> dict[str, float | None]:
    """Share warned of, precision, recall, lead; and the recall of the most often late, as many of them."""
    on = warner.warned(frame)
    habit = np.nan_to_num(frame.column("late_share").astype(np.float64), nan=-1.0)
    rule = np.zeros(len(frame), bool)
    rule[np.argsort(-habit, kind="stable")[: int(on.sum())]] = True
    lead = frame.column("days_to_due")[on & late]
    told = {
        "rows": float(len(frame)),
        "late": float(late.mean()),
        "warned": float(on.mean()),
        "precision": float(late[on].mean()) if on.any() else float("nan"),
        "recall": float(on[late].mean()),
        "recall_of_rule": float(rule[late].mean()),
        "median_days_ahead": float(np.median(lead)) if len(lead) else float("nan"),
    }
    return {k: rounded(v, 4) for k, v in told.items()}


def segments(warner: Warner, frame: Frame) -> list[dict[str, Any]]:
    """Segments with a surprising share of warned loans, against all others, the most surprising first."""
    on, asked = warner.warned(frame), may_be_warned(frame)
    told = []
    for trait in ("product", "region"):
        values = frame.texts[trait].astype(str)
        for value in np.unique(values):
            inside, outside = asked & (values == value), asked & (values != value)
            if inside.sum() < SEGMENT_LOANS or outside.sum() < SEGMENT_LOANS:
                continue
            rest = float(on[outside].mean())
            error = np.sqrt(max(rest * (1 - rest), 1e-6) / inside.sum())
            surprise = (float(on[inside].mean()) - rest) / error
            if surprise >= SURPRISE:
                told.append({"trait": trait, "value": value, "loans": int(inside.sum()),
                             "warned": rounded(float(on[inside].mean()), 4), "elsewhere": rounded(rest, 4),
                             "surprise": rounded(float(surprise), 2)})  # fmt: skip
    return sorted(told, key=lambda row: -row["surprise"])


def of_book(warner: Warner, frame: Frame) -> dict[str, Any]:
    """The whole book: loans warned of against what was learned, and how often each indicator holds."""
    asked = may_be_warned(frame)
    on = warner.warned(frame)
    share = float(on[asked].mean()) if asked.any() else 0.0
    held = {
        i.name: rounded(float(i.holds(frame)[asked].mean()), 4) if asked.any() else 0.0 for i in warner.indicators
    }
    return {
        "loans": int(asked.sum()),
        "warned": int(on.sum()),
        "share": rounded(share, 4),
        "turning": bool(asked.any() and share > VOLUME + SURPRISE * np.sqrt(VOLUME / max(asked.sum(), 1))),
        "indicators": [
            {
                "name": i.name,
                "group": i.group,
                "threshold": i.threshold,
                "lift": i.lift,
                "then": i.share,
                "now": held[i.name],
            }
            for i in warner.indicators
        ],
    }


def of_macro(series: Mapping[str, Sequence[tuple[date, float]]]) -> list[dict[str, Any]]:
    """Series a lender supplies (unemployment, prices, …) whose last value lies far off its earlier ones."""
    told = []
    for name, points in series.items():
        values = np.array([v for _, v in sorted(points)], dtype=np.float64)
        before = values[-1 - MACRO_BACK : -1]
        if len(before) < 4 or before.std() == 0:
            continue
        off = float((values[-1] - before.mean()) / before.std())
        if abs(off) >= MACRO_SURPRISE:
            told.append({"series": name, "on": max(d for d, _ in points).isoformat(), "value": float(values[-1]),
                         "mean_before": rounded(float(before.mean())), "deviations": rounded(off, 2)})  # fmt: skip
    return told
