"""One chain's model: boosted trees over person-period rows, blended with a scorecard, calibrated step by step.

Fitting stacks each row once for every step at which it is asked, with the step's number as a feature (discrete-time
hazard), so that late steps borrow strength from early ones. Trees are CatBoost's symmetric ones, which score
millions of rows a second (docs/decisions/20-catboost.md), monotone where the catalog says so. The first step is
blended in log odds with the scorecard: the scorecard's weight is greatest without history and falls as history
grows. Each step's log odds are then calibrated on a window later than the fit. Last, trees are grown again on all
rows, the latest and those of the held-out borrowers too: more of them by as much as there are more rows. They keep
blend and slopes; only the level is set anew, since the new trees have seen the later window's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from forbear.risk.asking import THREADS, Together, answers, matrix
from forbear.risk.chains import Chain, Labels
from forbear.risk.encode import Encoding, encoding, out_of_fold
from forbear.risk.frame import Feature, Frame, catalog, record_catalog
from forbear.risk.measures import Doubles, expit, level, line, log_loss
from forbear.risk.scorecard import Scorecard, fit_scorecard

Bools = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]
MOST_STACKED = 300_000
"""Person-period rows a booster is fitted on; above it, the commoner outcome is thinned and weighted."""
BOOSTER = {
    "depth": 5,
    "learning_rate": 0.08,
    "l2_leaf_reg": 6.0,
    "border_count": 64,
    "random_strength": 1.0,
    "random_seed": 7,
    "od_type": "Iter",
    "od_wait": 30,
    "verbose": 0,
    "allow_writing_files": False,
    "thread_count": THREADS,
}
MOST_TREES = 300
HELD_OUT = 7
"""One borrower in so many is held out of a fit to say when to stop."""
LEAST_ROWS, LEAST_EVENTS = 300, 25
"""Rows and events without which a chain is not fitted."""
BLENDS = (*((w, k) for w in (0.0, 0.3, 0.6) for k in (0.5, 2.0, 6.0)), (1.0, 1.0))
"""Weights of the trees without any history, and the history at which half of the rest is reached."""
MOST_MORE = 3.0
"""So many times the trees at most when they are grown again on more rows."""
RIDGE = 10.0
"""Draws a step's line towards intercept 0 and slope 1: some tens of outcomes hardly tell a slope from 1."""
STEP_COLUMN = "step~"


@dataclass(frozen=True, eq=False)
class Stack:
    """Person-period rows: which row of the frame, at which step, whether it stayed."""

    rows: Whole
    steps: Whole
    stays: Bools
    weights: Doubles


@dataclass(frozen=True, eq=False)
class ChainModel:
    """A fitted chain.

    Attributes:
        columns: numeric features of the frame it reads.
        encodings: text features it reads.
        booster: CatBoost's model.
        card: the scorecard of the first step's staying; None when nothing tells.
        blend: weight of the trees without history, and the history that halves the rest.
        lines: intercept and slope of each step's calibration.
        tails: mean days spent between each step and the next by those that reach it.
    """

    chain: Chain
    columns: tuple[str, ...]
    encodings: Mapping[str, Encoding]
    booster: Any
    card: Scorecard | None
    blend: tuple[float, float]
    lines: tuple[tuple[float, float], ...]
    tails: tuple[float, ...]

    def stays(self, frame: Frame) -> Doubles:
        """Chance of still being as it was after each step: rows by steps, never rising along a row."""
        return self._alone.stays(self.chain.name, self._alone.sheet(frame), frame.marks["history"])

    @cached_property
    def _alone(self) -> Together:
        return Together((self,))

    def calibrated(self, raw: Doubles) -> Doubles:
        """Chances of staying from log odds before calibration, rows by steps."""
        hazards = np.empty(raw.shape)
        for step, (intercept, slope) in enumerate(self.lines):
            hazards[:, step] = expit(intercept + slope * raw[:, step])
        made: Doubles = np.cumprod(hazards, axis=1, out=hazards)
        return made

    def numbers(self, frame: Frame) -> npt.NDArray[np.float32]:
        """The matrix the trees read, without the step."""
        return matrix(frame, self.columns, {n: e.of(*frame.coded(n)) for n, e in self.encodings.items()})

    def names(self) -> tuple[str, ...]:
        """Names of the columns the trees were fitted on, the step last."""
        return (*self.columns, *(f"{n}~" for n in self.encodings), STEP_COLUMN)

    def weight(self, history: npt.NDArray[Any]) -> Doubles:
        """The trees' weight against the scorecard, by history."""
        return tree_weight(self.blend, history.astype(float))

    def raw(self, step: int, numbers: npt.NDArray[np.float32], frame: Frame) -> Doubles:
        """Log odds of staying at a step before calibration."""
        asked = np.column_stack([numbers, np.full(len(numbers), step, dtype=np.float32)])
        odds = answers(self.booster, asked)
        return odds if step else self.blended(odds, self.names()[:-1], numbers, frame.marks["history"])

    def has_say_of_card(self) -> bool:
        """Whether the scorecard counts beside the trees."""
        return self.card is not None and self.blend[0] < 1

    def blended(
        self, odds: Doubles, names: Sequence[str], numbers: npt.NDArray[np.float32], history: npt.NDArray[Any]
    ) -> Doubles:
        """Log odds of the first step by trees and scorecard, which finds its columns by their names."""
        if self.card is not None and self.has_say_of_card():
            weight = self.weight(history)
            odds = weight * odds + (1 - weight) * self.card.odds(names, numbers)
        return odds


def tree_weight(blend: tuple[float, float], history: Doubles) -> Doubles:
    """Weight of the trees: `blend[0]` without history, half of the way to 1 at `blend[1]` installments or months."""
    least, half = blend
    return 1 - (1 - least) * half / (np.maximum(history, 0.0) + half)


def stack(chain: Chain, labels: Labels, keep: Sequence[Bools], most: int | None = None) -> Stack:
    """Person-period rows of a chain; `keep` says for each step which rows may be used, `most` how many at most."""
    rows, steps, stays, weights = [], [], [], []
    for k in range(len(chain.steps)):
        chosen = np.flatnonzero(labels.at_risk(k, chain.steps) & keep[k])
        rows.append(chosen)
        steps.append(np.full(len(chosen), k))
        stays.append(labels.stays(k, chain.steps)[chosen])
        weights.append(labels.exposure(k, chain.steps)[chosen])
    return _thinned(Stack(*(np.concatenate(part) for part in (rows, steps, stays, weights))), most or MOST_STACKED)


def _thinned(made: Stack, most: int) -> Stack:
    """All of the rarer outcome and a part of the commoner one, weighted to stand for the whole."""
    if len(made.rows) <= most:
        return made
    common = bool(made.stays.mean() > 0.5)
    many = np.flatnonzero(made.stays == common)
    room = max(most - (len(made.rows) - len(many)), most // 2)
    if len(many) > room:
        taken = np.random.default_rng(11).choice(many, room, replace=False)
        kept = np.sort(np.concatenate([np.flatnonzero(made.stays != common), taken]))
        weights = made.weights * np.where(made.stays == common, len(many) / room, 1.0)
        return Stack(made.rows[kept], made.steps[kept], made.stays[kept], weights[kept])
    return made


def enough(made: Stack) -> str:
    """Why a chain cannot be fitted on these rows; empty when it can."""
    first = made.steps == 0
    rows, stayed = int(first.sum()), int(made.stays[first].sum())
    if rows < LEAST_ROWS:
        return f"only {rows} labeled rows, {LEAST_ROWS} are needed"
    rarer = min(int(made.stays.sum()), int((~made.stays).sum()))
    if rarer < LEAST_EVENTS or stayed in (0, rows):
        return f"only {rarer} outcomes of the rarer kind, {LEAST_EVENTS} are needed"
    return ""


def fit_chain(
    chain: Chain,
    frame: Frame,
    labels: Labels,
    fit_on: Sequence[Bools],
    calibrate_on: Sequence[Bools],
    groups: Whole,
    refit_on: Sequence[Bools] | None = None,
    most: int | None = None,
) -> ChainModel | str:
    """Fit one chain, or say why it cannot be.

    Args:
        chain: the question.
        frame: all rows, with outcomes.
        labels: of the chain.
        fit_on: for each step, rows of the earlier window.
        calibrate_on: for each step, rows of the later window.
        groups: a number of each row's borrower.
        refit_on: for each step, rows on which the trees are grown again in the end; None: they stay as they are.
        most: person-period rows that trees are grown on; None: `MOST_STACKED`.
    """
    made = stack(chain, labels, fit_on, most)
    if reason := enough(made):
        return reason
    columns = tuple(c for c in frame.columns if _tells(frame.column(c)[made.rows]))
    texts = [n for n in frame.texts if len(np.unique(frame.texts[n][made.rows].astype(str))) > 1]
    encodings, numbers, booster = _grown(chain, columns, texts, frame, made, groups)
    names = (*columns, *(f"{n}~" for n in texts))
    first = made.steps == 0
    told = (numbers[made.rows[first]], made.stays[first], made.weights[first])
    card = fit_scorecard(names, *told) if chain.has_card else None
    plain = tuple((0.0, 1.0) for _ in chain.steps)
    model = ChainModel(chain, columns, encodings, booster, card, (1.0, 1.0), plain, ())
    model = _calibrated(model, frame, labels, calibrate_on, fit_on)
    if refit_on is None:
        return model
    every = stack(chain, labels, refit_on, most)
    more = min(len(every.rows) / len(made.rows), MOST_MORE)
    trees = round(int(model.booster.tree_count_) * more)
    encodings, _, booster = _grown(chain, columns, texts, frame, every, groups, trees)
    grown = replace(model, encodings=encodings, booster=booster)
    lines = tuple(_leveled(grown, k, frame, labels, calibrate_on[k]) for k in range(len(chain.steps)))
    return replace(grown, lines=lines)


def _grown(
    chain: Chain,
    columns: Sequence[str],
    texts: Sequence[str],
    frame: Frame,
    made: Stack,
    groups: Whole,
    trees: int | None = None,
) -> tuple[dict[str, Encoding], npt.NDArray[np.float32], Any]:
    """(encodings of texts, the matrix of all rows, trees) learned from some rows; `trees` as `_boost` takes it."""
    first = made.rows[made.steps == 0]
    stayed = made.stays[made.steps == 0]
    encodings = {n: encoding(frame.texts[n][first], stayed) for n in texts}
    coded = {n: _coded(frame.texts[n], encodings[n], first, stayed, groups) for n in texts}
    numbers = matrix(frame, columns, coded)
    return encodings, numbers, _boost(chain, columns, texts, numbers, made, groups, trees)


def _tells(column: npt.NDArray[Any]) -> bool:
    known = column[~np.isnan(column)]
    return len(known) > 0 and (known.min() < known.max() or len(known) < len(column))


def _coded(
    texts: npt.NDArray[np.object_], made: Encoding, first: Whole, stayed: Bools, groups: Whole
) -> npt.NDArray[np.float32]:
    """A text column as numbers: rows of the fit from other folds, all others from the whole fit."""
    coded = made(texts)
    coded[first] = out_of_fold(texts[first], stayed, groups[first])
    return coded


def signs(chain: Chain, names: Sequence[str]) -> list[int]:
    """The direction in which staying may only move with each column."""
    known: Mapping[str, Feature] = {**record_catalog(), **catalog()}
    return [chain.sign * known[n].sign if n in known else 0 for n in names]


def _boost(
    chain: Chain,
    columns: Sequence[str],
    texts: Sequence[str],
    numbers: npt.NDArray[np.float32],
    made: Stack,
    groups: Whole,
    trees: int | None = None,
) -> Any:
    """Trees: as many as `trees`, or, without it, as held-out borrowers say."""
    from catboost import CatBoostClassifier, Pool

    asked = np.column_stack([numbers[made.rows], made.steps.astype(np.float32)])
    held = groups[made.rows] % HELD_OUT == 0
    names = (*columns, *(f"{n}~" for n in texts), STEP_COLUMN)
    both = trees is None and all(0 < made.stays[m].sum() < m.sum() for m in (~held, held))
    parts = (~held, held) if both else (np.ones(len(held), dtype=bool),)  # a small book may have nobody to hold out
    pools = [Pool(asked[m], made.stays[m].astype(int), weight=made.weights[m]) for m in parts]
    booster = CatBoostClassifier(
        iterations=trees or MOST_TREES, monotone_constraints=signs(chain, names), use_best_model=both, **BOOSTER
    )
    booster.fit(pools[0], eval_set=pools[1] if both else None)
    return booster


def _calibrated(
    model: ChainModel, frame: Frame, labels: Labels, later: Sequence[Bools], fit_on: Sequence[Bools]
) -> ChainModel:
    """The model with blend, lines and tails from the later window; a step with few rows there is left as fitted."""
    chain = model.chain
    chosen = np.flatnonzero(labels.at_risk(0, chain.steps) & later[0])
    part = frame.take(chosen)
    stayed = labels.stays(0, chain.steps)[chosen].astype(float)
    blended = replace(model, blend=_blend(model, part, stayed))
    lines = tuple(_line(blended, k, frame, labels, later[k]) for k in range(len(chain.steps)))
    reached = [labels.at_risk(k, chain.steps) & (fit_on[k] | later[k]) for k in range(len(chain.steps))]
    return replace(blended, lines=lines, tails=_tails(chain, labels, reached))


def _blend(model: ChainModel, part: Frame, stayed: Doubles) -> tuple[float, float]:
    """The blend with the least log loss on the later window, each with its own line; trees alone unless better."""
    if model.card is None or len(part) < LEAST_ROWS or stayed.min() == stayed.max():
        return 1.0, 1.0
    numbers = model.numbers(part)
    trees = answers(model.booster, np.column_stack([numbers, np.zeros(len(numbers), dtype=np.float32)]))
    card = model.card.odds(model.names()[:-1], numbers)
    history = part.marks["history"].astype(float)
    losses = {}
    for blend in BLENDS:
        weight = tree_weight(blend, history)
        odds = weight * trees + (1 - weight) * card
        intercept, slope = line(odds, stayed)
        losses[blend] = log_loss(stayed, expit(intercept + slope * odds))
    return min(losses, key=lambda b: (round(losses[b], 6), -b[0]))


def _line(model: ChainModel, step: int, frame: Frame, labels: Labels, later: Bools) -> tuple[float, float]:
    odds, stayed = _asked_later(model, step, frame, labels, later)
    if not len(odds):
        return 0.0, 1.0
    intercept, slope = line(odds, stayed, ridge=RIDGE)
    return round(intercept, 6), round(min(max(slope, 0.2), 3.0), 6)


def _leveled(model: ChainModel, step: int, frame: Frame, labels: Labels, later: Bools) -> tuple[float, float]:
    """The step's line with the intercept that the later window asks of the trees as they are now."""
    odds, stayed = _asked_later(model, step, frame, labels, later)
    intercept, slope = model.lines[step]
    return (round(level(odds, stayed, slope), 6) if len(odds) else intercept), slope


def _asked_later(
    model: ChainModel, step: int, frame: Frame, labels: Labels, later: Bools
) -> tuple[Doubles, Doubles]:
    """(log odds before calibration, whether they stayed) of the later window; empty where it tells too little."""
    chosen = np.flatnonzero(labels.at_risk(step, model.chain.steps) & later)
    stayed = labels.stays(step, model.chain.steps)[chosen].astype(float)
    if len(chosen) < 100 or min(stayed.sum(), (1 - stayed).sum()) < 10:
        return np.empty(0), np.empty(0)
    part = frame.take(chosen)
    return model.raw(step, model.numbers(part), part), stayed


def _tails(chain: Chain, labels: Labels, reached: Sequence[Bools]) -> tuple[float, ...]:
    """Mean days spent from each step up to the next (after the last: up to 90 days) by those still there."""
    ends = (*chain.steps[1:], max(90, chain.steps[-1]))
    tails = []
    for k, (begin, end) in enumerate(zip(chain.steps, ends, strict=True)):
        there = reached[k] & labels.stays(k, chain.steps) & (labels.known >= begin)
        spent = np.minimum(np.minimum(labels.ended, labels.known), end)[there] - begin
        tails.append(round(float(spent.mean()), 4) if len(spent) else float(end - begin))
    return tuple(tails)
