"""The mathematics of learning weights: rows of features, and two regressions by a fixed number of Adam steps.

One regression tells forbidden from lawful, the other gives each category a score of its own, whose sum of exponentials
tells it too. There is no chance in either: the same rows give the same weights. What the rows mean is not known here.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from forbear.conduct.language.hints import LENGTH

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
STEPS = 200
RATE = 0.03
FIRST_BIAS = -2.0
"""Where the bias of each category begins: a message of none."""


def presence(found: list[set[str]], columns: dict[str, int]) -> sparse.csr_array:
    """A row of ones for each set of features, in the columns of `columns`; features without a column are left out."""
    chosen = [np.array(sorted(columns[name] for name in one if name in columns), dtype=np.int32) for one in found]
    starts = np.cumsum([0, *(len(of) for of in chosen)])
    at = np.concatenate([np.empty(0, dtype=np.int32), *chosen])
    return sparse.csr_array((np.ones(len(at), dtype=np.float32), at, starts), shape=(len(found), len(columns)))


def weighed(rows: sparse.csr_array, worth: Floats) -> sparse.csr_array:
    """Rows of ones turned into what each feature is worth, each row scaled as `hints.scores` scales it."""
    value = worth.astype(np.float32)[rows.indices]
    x = sparse.csr_array((value, rows.indices, rows.indptr), shape=rows.shape)
    norms = np.sqrt(np.maximum(1e-9, np.asarray((x * x).sum(axis=1)).ravel()))
    x.data = value * np.repeat((LENGTH / norms).astype(np.float32), np.diff(rows.indptr))
    return x


def fitted(x: sparse.csr_array, y: Floats, penalty: float, counts: Floats) -> tuple[Floats, float]:
    """Weights and bias of an L2-penalised logistic regression; `counts` says what each row counts for."""
    rows, turned = counts.sum(), x.T.tocsr()

    def slope(theta: Floats) -> Floats:
        logits = x @ theta[:-1].astype(np.float32) + theta[-1]
        error = counts * (1 / (1 + np.exp(-logits)) - y) / rows
        return np.append(turned @ error.astype(np.float32) + penalty / rows * theta[:-1], error.sum())

    theta = _descended(slope, np.zeros(x.shape[1] + 1))
    return theta[:-1], float(theta[-1])


def fitted_kinds(x: sparse.csr_array, kinds: Singles, lawless: Floats, penalty: float, counts: Floats) -> Floats:
    """Scores of categories by an L2-penalised softmax in which lawful has a score of 0.

    Args:
        x: a row a message.
        kinds: for each row the share of each category; a forbidden row without any is forbidden by any.
        lawless: whether a row is forbidden, as 1 and 0.
        penalty: strength of the penalty, for all rows together.
        counts: what each row counts for.

    Returns:
        A row of weights for each column of `x`, and last the row of biases.
    """
    turned, share = x.T.tocsr(), (counts / counts.sum()).astype(np.float32)[:, None]
    strength, known = np.float32(penalty / counts.sum()), kinds.sum(axis=1, keepdims=True) > 0
    lawless_rows = lawless.astype(np.float32)[:, None]

    def slope(theta: Floats) -> Floats:
        weights = theta[:-1].astype(np.float32)
        logits = np.asarray(x @ weights) + theta[-1].astype(np.float32)
        highest = np.maximum(0, logits.max(axis=1, keepdims=True))
        odds = np.exp(logits - highest)
        forbidden = odds.sum(axis=1, keepdims=True)
        wanted = np.where(known, kinds, lawless_rows * odds / np.maximum(np.float32(1e-9), forbidden))
        error = (odds / (np.exp(-highest) + forbidden) - wanted) * share
        return np.vstack([turned @ error + strength * weights, error.sum(axis=0)[None]])

    theta = np.zeros((x.shape[1] + 1, kinds.shape[1]))
    theta[-1] = FIRST_BIAS
    return _descended(slope, theta)


def _descended(slope: Callable[[Floats], Floats], theta: Floats) -> Floats:
    """Where Adam comes to from `theta`."""
    mean, square = np.zeros_like(theta), np.zeros_like(theta)
    for step in range(1, STEPS + 1):
        down = slope(theta)
        mean = 0.9 * mean + 0.1 * down
        square = 0.999 * square + 0.001 * down * down
        theta = theta - RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return theta
