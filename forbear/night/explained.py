"""Why loans that are overdue or warned of are so, in words: causes with evidence, reasons of the score.

Only loans somebody will act on are explained, the most outstanding first and at most `MOST` of them: Shapley values
cost far more than a score. Both languages are kept as they were told, for whoever contests them later.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from forbear.risk.causes import UNKNOWN, causes, rules
from forbear.risk.chains import eligible
from forbear.risk.fit import Model
from forbear.risk.frame import Frame
from forbear.risk.reasons import reasons

EXPLAINED = "explained.parquet"
MOST = 50_000
SHOWN = ("p_late_7", "p_cure_7", "p_roll", "p_90_in_12m")


def explained(part: Frame, model: Model, scores: Mapping[str, Any]) -> pa.Table:
    """A row a loan that is overdue or warned of, in order of loan_id.

    Args:
        part: features of open loans.
        model: that scored them.
        scores: its columns, a value a row of `part`.
    """
    overdue = part.marks["overdue"].astype(float) > 0
    warned = model.warner.warned(part) if model.warner is not None else np.zeros(len(part), dtype=bool)
    rows = np.flatnonzero(overdue | warned)
    rows = rows[np.argsort(-part.marks["outstanding"].astype(float)[rows], kind="stable")[:MOST]]
    rows = rows[np.argsort(part.marks["loan_id"][rows], kind="stable")]
    chosen = part.take(rows)
    found = causes(chosen)
    why = _why(chosen, overdue[rows], model)
    known = rules().causes
    return pa.table(
        {
            "loan_id": pa.array(chosen.marks["loan_id"]),
            "warned": pa.array(warned[rows]),
            **{name: pa.array(scores[name][rows], from_pandas=True) for name in SHOWN},
            "cause": pa.array(["" if name == UNKNOWN else str(name) for name in found.named], pa.string()),
            "cause_chance": pa.array([round(float(row[:-1].max()), 4) for row in found.chances], pa.float64()),
            "cause_words": pa.array([_words_of(known.get(str(name))) for name in found.named], pa.string()),
            "evidence": pa.array(
                [json.dumps([[e.en, e.zh] for e in es], ensure_ascii=False) for es in found.evidence], pa.string()
            ),
            "reasons": pa.array([json.dumps(one, ensure_ascii=False) for one in why], pa.string()),
        }
    )


def _words_of(cause: Mapping[str, Any] | None) -> str:
    """A cause and what helps, in both languages; nothing where none is named."""
    if cause is None:
        return "[]"
    told = [[cause["en"], cause["zh"]], [cause["helps"]["en"], cause["helps"]["zh"]]]
    return json.dumps(told, ensure_ascii=False)


def _why(chosen: Frame, overdue: npt.NDArray[np.bool_], model: Model) -> list[list[list[str]]]:
    """Of each row the words of its strongest reasons: for getting worse where overdue, else for paying late."""
    made: list[list[list[str]]] = [[] for _ in range(len(chosen))]
    for name, which in (("roll", overdue), ("late", ~overdue)):
        chain = model.chains.get(name)
        if chain is None:
            continue
        rows = np.flatnonzero(which & eligible(chain.chain, chosen))
        if len(rows):
            for row, found in zip(rows, reasons(chain, chosen.take(rows)), strict=True):
                made[row] = [[one.en, one.zh] for one in found]
    return made
