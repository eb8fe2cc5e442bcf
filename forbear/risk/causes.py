"""Why each loan in arrears is in arrears: a probability over seven causes, the evidence named, or none when not known.

The book does not say why; it holds evidence. Each piece of `causes.toml` moves the log odds of the causes by what
`causes_learned.toml` says, which was learned where causes are known: in simulated books
(docs/decisions/92-evidence-of-causes.md). That it is none of the causes was learned there too, from people who are slow
by habit or never got the letter, so that chances are those of all loans in arrears. Two causes have no truth there, too
many debts and a loan misjudged; their pieces weigh by judgement. A cause is named only when it is likely enough among
the causes, when it is not too likely that it is none of them, and when evidence of its own is there: one piece, of
unwillingness two.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from forbear.risk.frame import Frame, catalog
from forbear.risk.measures import Doubles

UNKNOWN = "unknown"
TWO_PIECES = {"unwilling": 2}
"""Causes that one piece of evidence is not enough to name."""
_COMPARE: Mapping[str, Any] = {">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal}


@dataclass(frozen=True)
class Evidence:
    """One piece of evidence: `cause` is the one it speaks for above all, `weight` what judgement adds to it."""

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
    """All of `causes.toml` and `causes_learned.toml`.

    Attributes:
        least: chance among the causes from which one is named.
        most_unknown: chance of none of them from which none is named.
        evenly: how much the usual share of a cause is held against it when one is chosen.
        prior: log odds of the causes without a truth against all learned ones.
        causes: words by cause.
        evidence: every piece, in order.
        learned: causes with a truth to learn from, and `unknown`.
        usual: shares of these among the loans that were learned from.
        weights: pieces by learned causes, the first row what holds without any piece.
    """

    least: float
    most_unknown: float
    evenly: float
    prior: Mapping[str, float]
    causes: Mapping[str, Mapping[str, Any]]
    evidence: tuple[Evidence, ...]
    learned: tuple[str, ...]
    usual: Doubles
    weights: Doubles


@cache
def rules() -> Rules:
    """The shipped evidence and its weights."""
    told, learned = (_read(name) for name in ("causes.toml", "causes_learned.toml"))
    pieces = tuple(
        Evidence(
            e["cause"], e.get("weight", 0.0), tuple((f, c, float(v)) for f, c, v in e["when"]), e["en"], e["zh"]
        )
        for e in told["evidence"]
    )
    strangers = {f for e in pieces for f, _, _ in e.when} - set(catalog())
    assert not strangers, f"causes.toml asks for features that do not exist: {strangers}"
    names = tuple(learned["causes"])
    rows = [learned["without"], *(learned["weights"].get(e.en, [0.0] * len(names)) for e in pieces)]
    return Rules(
        told["least"],
        told["most_unknown"],
        told["evenly"],
        told["prior"],
        told["causes"],
        pieces,
        names,
        np.array(learned["usual"], dtype=np.float64),
        np.array(rows, dtype=np.float64),
    )


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("forbear.risk").joinpath(name).read_text(encoding="utf-8"))


@dataclass(frozen=True, eq=False)
class Causes:
    """Causes of a frame's rows.

    Attributes:
        names: causes, the last of them unknown.
        chances: rows by names, each row adding up to 1.
        named: the cause named for each row, or `unknown`.
        evidence: the pieces of evidence of each row, for every cause.
        likeliest: the cause that would be named were no chance too small.
    """

    names: tuple[str, ...]
    chances: Doubles
    named: npt.NDArray[np.object_]
    evidence: list[list[Evidence]]
    likeliest: npt.NDArray[np.object_]


def causes(frame: Frame) -> Causes:
    """Causes of arrears; rows that are not overdue are `unknown` with no evidence."""
    known = rules()
    names = (*known.causes, UNKNOWN)
    overdue = frame.marks["overdue"].astype(float) > 0
    held = pieces_of(frame) & overdue[:, None]
    chances = _chances(known, names, held)
    among = chances[:, :-1] / chances[:, :-1].sum(axis=1, keepdims=True)
    usual = dict(zip(known.learned, known.usual, strict=True))
    commonest = max(share for name, share in usual.items() if name != UNKNOWN)
    rarity = np.array([usual.get(n, commonest) / commonest for n in names[:-1]]) ** known.evenly
    own = np.column_stack([held[:, [e.cause == n for e in known.evidence]].sum(axis=1) for n in names[:-1]])
    enough = own >= np.array([TWO_PIECES.get(n, 1) for n in names[:-1]])
    best = np.where(enough, among / rarity, -1.0).argmax(axis=1)
    rows = np.arange(len(frame))
    sure = (among[rows, best] >= known.least) & (chances[:, -1] < known.most_unknown) & enough[rows, best] & overdue
    named = np.where(sure, np.array(names, dtype=object)[best], UNKNOWN)
    pieces = [[known.evidence[i] for i in np.flatnonzero(row)] for row in held]
    return Causes(names, chances, named.astype(object), pieces, np.array(names, dtype=object)[best])


def pieces_of(frame: Frame) -> npt.NDArray[np.bool_]:
    """Which pieces hold, rows by pieces. Where nobody's contacts are on record, silence is no evidence."""
    if np.isnan(frame.column("asked")).all():
        silent = np.array([name.startswith("spell_") for name in frame.columns])
        frame = replace(frame, numbers=np.where(silent, np.float32(np.nan), frame.numbers))
    return np.column_stack([piece.holds(frame) for piece in rules().evidence])


def _chances(known: Rules, names: tuple[str, ...], held: npt.NDArray[np.bool_]) -> Doubles:
    """Rows by causes and unknown, each row adding up to 1."""
    learned = known.weights[0] + held @ known.weights[1:]
    learned -= learned.max(axis=1, keepdims=True)
    learned -= np.log(np.exp(learned).sum(axis=1, keepdims=True))
    judged = np.array([[e.weight if e.cause == name else 0.0 for name in names] for e in known.evidence])
    odds = held @ judged
    for where, name in enumerate(names):
        own = learned[:, known.learned.index(name)] if name in known.learned else known.prior[name]
        odds[:, where] += own
    made = np.exp(odds - odds.max(axis=1, keepdims=True))
    chances: Doubles = made / made.sum(axis=1, keepdims=True)
    return chances
