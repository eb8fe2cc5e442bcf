"""What the sample book is like: `sample.toml` as arrays ready for drawing.

Weights become cumulative shares, risks are scaled to a mean of 1 over the sample, so that a change of the mix does
not move the level of lateness. No randomness here, and nothing of loans yet.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RECIPE_FILE = Path(__file__).with_name("sample.toml")
LONGEST_TERM = 24
METHODS = ("equal_installment", "equal_principal", "interest_first", "flat", "zero_interest")


@dataclass(frozen=True, eq=False)
class Mix:
    """Alternatives to draw from: cumulative shares, what each means, and its relative risk (mean 1)."""

    cumulative: Floats
    rows: tuple[Any, ...]
    risk: Floats

    def draw(self, uniform: Floats) -> Ints:
        """The alternative that each uniform number in [0, 1) falls on."""
        return np.minimum(np.searchsorted(self.cumulative, uniform, side="right"), len(self.rows) - 1)


@dataclass(frozen=True, eq=False)
class Recipe:
    """The parameters of a sample; `raw` is the file as it stands."""

    raw: dict[str, Any]
    classes: Mix
    products: Mix
    channels: Mix
    regions: Mix
    sources: Mix
    employment: Mix
    terms: Mix
    rates: Mix
    funders: Mix
    methods: tuple[Mix, ...]
    early: Mix
    late: Mix
    rolls: Floats
    vintage_risk: Floats
    due_month_risk: Floats


def mix(shares: list[float], rows: list[Any] | None = None, risks: list[float] | None = None) -> Mix:
    """Alternatives with these weights; risks scaled to a mean of 1."""
    weights = np.asarray(shares, dtype=np.float64)
    weights = weights / weights.sum()
    risk = np.ones(len(shares)) if risks is None else np.asarray(risks, dtype=np.float64)
    return Mix(np.cumsum(weights), tuple(rows or range(len(shares))), risk / (weights * risk).sum())


def _named(rows: list[dict[str, Any]]) -> Mix:
    return mix([r["share"] for r in rows], rows, [r.get("risk", 1.0) for r in rows])


def _pairs(rows: list[list[Any]]) -> Mix:
    return mix([r[-1] for r in rows], [r[0] if len(r) == 2 else r[:-1] for r in rows])


def _roll_shares(table: list[list[float]]) -> Floats:
    """Cumulative shares by row; paid off (the last column) counts as back to current."""
    counts = np.asarray(table, dtype=np.float64)
    states = counts[:, :-1].copy()
    states[:, 0] += counts[:, -1]
    shares: Floats = np.cumsum(states / states.sum(axis=1, keepdims=True), axis=1)
    return shares


@cache
def recipe() -> Recipe:
    """The shipped recipe."""
    raw = tomllib.loads(RECIPE_FILE.read_text(encoding="utf-8"))
    loan, employment = raw["loan"], raw["employment"]
    methods = tuple(
        mix(list(p["methods"].values()), [METHODS.index(m) for m in p["methods"]]) for p in raw["product"]
    )
    due_month = np.asarray(raw["calendar"]["due_month_risk"], dtype=np.float64)
    return Recipe(
        raw,
        _named(raw["borrower_class"]),
        _named(raw["product"]),
        _named(raw["channel"]),
        _named(raw["region"]),
        _named(raw["source"]),
        mix(employment["shares"]),
        _pairs(loan["terms"]),
        _pairs(loan["rates_bp"]),
        mix(loan["funders"]),
        methods,
        _pairs(raw["lateness"]["early"]),
        _pairs(raw["lateness"]["late"]),
        _roll_shares(raw["rolls"]["table"]),
        np.asarray(raw["calendar"]["vintage_risk"], dtype=np.float64),
        due_month / due_month.mean(),
    )
