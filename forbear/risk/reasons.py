"""Why a loan has its score, in plain words; and the record with which a person can contest it.

Contributions are exact Shapley values of the trees' log odds (TreeSHAP, Lundberg 2020, as CatBoost computes it):
with their base they add up to the log odds. They are gathered under the reasons of `reasons.toml`, whose words name
no number that could be aimed at. Explain those acted on, not the whole book: it costs far more than the score. PIPL
article 24 gives people the right to an explanation and to refuse decisions made by automation alone: `record` holds
what both need. (Article's text unverified here.)
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from forbear.risk.frame import Frame, catalog, record_catalog
from forbear.risk.hazard import ChainModel
from forbear.risk.measures import Doubles

MOST_REASONS = 4
LEAST_SHARE = 0.05
"""Share of all contributions below which a reason is not worth telling."""
_TEXT_REASONS = {"product~": "neighbors", "region~": "neighbors", "repayment_method~": "contract"}


@dataclass(frozen=True)
class Reason:
    """One reason: its key, whether it raises the risk, its share of all that moved the score, its words."""

    key: str
    raises: bool
    share: float
    en: str
    zh: str


@cache
def wording() -> Mapping[str, Any]:
    """The words of every reason."""
    return tomllib.loads(files("forbear.risk").joinpath("reasons.toml").read_text(encoding="utf-8"))


def reason_of(name: str) -> str:
    """The reason a feature counts under; empty for the step, which is no reason."""
    if name == "step~":
        return ""
    known = {**record_catalog(), **catalog()}
    return known[name].reason if name in known else _TEXT_REASONS.get(name, "own")


def contributions(model: ChainModel, frame: Frame) -> Doubles:
    """What each column adds to the trees' log odds of staying at the first step; the last column is the base."""
    from catboost import Pool

    numbers = model.numbers(frame)
    asked = np.column_stack([numbers, np.zeros(len(numbers), dtype=np.float32)])
    told = model.booster.get_feature_importance(Pool(asked), type="ShapValues", thread_count=2)
    return np.asarray(told, dtype=np.float64)


def reasons(model: ChainModel, frame: Frame) -> list[list[Reason]]:
    """The strongest reasons of each row's risk, at most four, the strongest first."""
    added = contributions(model, frame)[:, :-1] * model.chain.sign
    keys = [reason_of(n) for n in model.names()]
    groups = sorted({k for k in keys if k})
    sums = np.column_stack([added[:, [i for i, k in enumerate(keys) if k == g]].sum(axis=1) for g in groups])
    return [_strongest(groups, row) for row in sums]


def _strongest(groups: list[str], row: Doubles) -> list[Reason]:
    whole = float(np.abs(row).sum()) or 1.0
    order = np.argsort(-np.abs(row), kind="stable")[:MOST_REASONS]
    chosen = [i for i in order if abs(row[i]) / whole >= LEAST_SHARE]
    return [_reason(groups[i], float(row[i]), abs(float(row[i])) / whole) for i in chosen]


def _reason(key: str, value: float, share: float) -> Reason:
    way = "up" if value > 0 else "down"
    words = wording()[key]
    return Reason(key, value > 0, round(share, 4), words["en"][way], words["zh"][way])


def record(
    model: ChainModel, frame: Frame, row: int, *, model_sha256: str, scores: Mapping[str, Any]
) -> dict[str, Any]:
    """All that is needed to explain one loan's scores a year later, and to look at them again when they are contested.

    Args:
        model: the chain that was asked.
        frame: features as they were.
        row: which row.
        model_sha256: fingerprint of the model folder.
        scores: the loan's row of the scores.
    """
    part = frame.take(np.array([row]))
    numbers = model.numbers(part)[0]
    seen = {n: None if np.isnan(v) else float(v) for n, v in zip(model.names()[:-1], numbers, strict=True)}
    return {
        "loan_id": str(part.marks["loan_id"][0]),
        "as_of": str(part.marks["as_of"].astype("datetime64[D]")[0]),
        "model": model_sha256,
        "scores": dict(scores),
        "features": seen,
        "reasons": [vars(r) for r in reasons(model, part)[0]],
        "base_and_contributions": [round(float(v), 9) for v in contributions(model, part)[0]],
        "right": {
            "en": "You may ask for an explanation, have a person look at this again, and refuse a decision made by "
            "automation alone (PIPL article 24).",
            "zh": "您有权要求说明、要求人工复核，"
            "并有权拒绝仅通过自动化决策方式作出的决定（《个人信息保护法》第二十四条）。",
        },
    }
