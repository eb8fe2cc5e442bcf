"""Why each loan in arrears is in arrears: a probability over seven causes, the evidence named, or none when not known.

The book does not say why; it holds evidence. Each piece (`causes.toml`) adds to the log odds of one cause, hard
evidence far more than soft; the probabilities are the softmax over all causes and an unknown one, and a cause is
named only when it is likelier than `least`. The weights are judgement, not learned: the book has no label to learn
them from.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from forbear.risk.frame import Frame, catalog
from forbear.risk.measures import Doubles

UNKNOWN = "unknown"
_COMPARE: Mapping[str, Any] = {">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal}


@dataclass(frozen=True)
class Evidence:
    """One piece of evidence for a cause."""

    cause: str
    weight: float
    when: tuple[tuple[str, str, float], ...]
    en: str
    zh: str

    def holds(self, frame: Frame) -> npt.NDArray[np.bool_]:
        """Rows where every condition holds; what is not known never does."""
        made = np.ones(len(frame), dtype=bool)
        for feature, compare, value in self.when:
            with np.errstate(invalid="ignore"):
                made &= _COMPARE[compare](frame.column(feature), value)
        return made


@dataclass(frozen=True)
class Rules:
    """All of `causes.toml`."""

    least: float
    unknown: float
    prior: Mapping[str, float]
    causes: Mapping[str, Mapping[str, Any]]
    evidence: tuple[Evidence, ...]


@cache
def rules() -> Rules:
    """The shipped evidence."""
    told = tomllib.loads(files("forbear.risk").joinpath("causes.toml").read_text(encoding="utf-8"))
    pieces = tuple(
        Evidence(e["cause"], e["weight"], tuple((f, c, float(v)) for f, c, v in e["when"]), e["en"], e["zh"])
        for e in told["evidence"]
    )
    strangers = {f for e in pieces for f, _, _ in e.when} - set(catalog())
    assert not strangers, f"causes.toml asks for features that do not exist: {strangers}"
    return Rules(told["least"], told["unknown"], told["prior"], told["causes"], pieces)


@dataclass(frozen=True, eq=False)
class Causes:
    """Causes of a frame's rows.

    Attributes:
        names: causes, the last of them unknown.
        chances: rows by names, each row adding up to 1.
        named: the cause named for each row, or `unknown`.
        evidence: the pieces of evidence of each row, for every cause.
    """

    names: tuple[str, ...]
    chances: Doubles
    named: npt.NDArray[np.object_]
    evidence: list[list[Evidence]]


def causes(frame: Frame) -> Causes:
    """Causes of arrears; rows that are not overdue are `unknown` with no evidence."""
    known = rules()
    names = (*known.causes, UNKNOWN)
    overdue = frame.marks["overdue"].astype(float) > 0
    odds = np.tile(np.array([*(known.prior[n] for n in known.causes), known.unknown]), (len(frame), 1))
    held = [piece.holds(frame) & overdue for piece in known.evidence]
    for piece, rows in zip(known.evidence, held, strict=True):
        odds[rows, names.index(piece.cause)] += piece.weight
    chances = np.exp(odds - odds.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    best = chances[:, :-1].argmax(axis=1)
    sure = (chances[np.arange(len(frame)), best] >= known.least) & overdue
    named = np.where(sure, np.array(names, dtype=object)[best], UNKNOWN)
    pieces = [[e for e, rows in zip(known.evidence, held, strict=True) if rows[i]] for i in range(len(frame))]
    return Causes(names, chances, named.astype(object), pieces)
