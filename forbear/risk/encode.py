"""Text features as numbers: each value becomes the log odds of the outcome among its rows, drawn to the mean.

Values with few rows are shrunk to the whole (prior of `PRIOR` rows), unknown ones stand at the mean. Training rows
take their number from the other borrowers' folds, so that a row never sees its own outcome.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from forbear.risk.measures import logit

PRIOR = 50.0
FOLDS = 5
MOST_VALUES = 200
"""Values of one column that are kept, the most frequent first."""


@dataclass(frozen=True)
class Encoding:
    """One text column: log odds by value, and for every other value."""

    values: Mapping[str, float]
    otherwise: float

    def __call__(self, texts: npt.NDArray[np.object_]) -> npt.NDArray[np.float32]:
        """The column as numbers."""
        coded = pa.array(texts, pa.string()).dictionary_encode()
        return self.of(coded.indices.to_numpy(), coded.dictionary.to_pylist())

    def of(self, codes: npt.NDArray[np.int32], names: Sequence[str]) -> npt.NDArray[np.float32]:
        """The column as numbers, from the place of each row's text among the names."""
        odds = [self.values.get(n, self.otherwise) for n in names]
        made: npt.NDArray[np.float32] = np.array([*odds, self.otherwise], dtype=np.float32)[codes]
        return made


def encoding(texts: npt.NDArray[np.object_], y: npt.NDArray[np.bool_]) -> Encoding:
    """The encoding of a column by an outcome."""
    mean = float(y.mean()) if len(y) else 0.5
    names, where = np.unique(texts.astype(str), return_inverse=True)
    counts = np.bincount(where, minlength=len(names)).astype(float)
    sums = np.bincount(where, weights=y.astype(float), minlength=len(names))
    odds = logit((sums + PRIOR * mean) / (counts + PRIOR))
    kept = np.argsort(-counts, kind="stable")[:MOST_VALUES]
    return Encoding({str(names[i]): round(float(odds[i]), 6) for i in sorted(kept)}, round(float(logit(mean)), 6))


def out_of_fold(
    texts: npt.NDArray[np.object_], y: npt.NDArray[np.bool_], groups: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """The column as numbers for the rows it is fitted on, each from other groups' rows."""
    made = np.empty(len(texts), dtype=np.float32)
    for fold in range(FOLDS):
        rows = groups % FOLDS == fold
        made[rows] = encoding(texts[~rows], y[~rows])(texts[rows])
    return made
