"""The regressions behind the weights: what they learn from rows that a reader can judge."""

from __future__ import annotations

import numpy as np

from forbear.conduct.language.fitting import fitted, fitted_kinds, presence, weighed

COLUMNS = {"police": 0, "boss": 1, "thanks": 2}
SAID = [{"police"}, {"boss"}, {"thanks"}, {"thanks", "unknown"}]
X = weighed(presence(SAID, COLUMNS), np.ones(3))
LAWLESS = np.array([1.0, 1.0, 0.0, 0.0])
EACH = np.ones(4)


def test_what_only_forbidden_messages_say_weighs_for_forbidden() -> None:
    weights, _ = fitted(X, LAWLESS, 0.01, EACH)
    assert weights[0] > 0 < weights[1]
    assert weights[2] < 0


def test_each_category_learns_its_own_words() -> None:
    kinds = np.array([[1, 0], [0, 1], [0, 0], [0, 0]], dtype=np.float32)
    table = fitted_kinds(X, kinds, LAWLESS, 0.01, EACH)
    assert table.shape == (4, 2)
    assert table[0, 0] > 0 > table[0, 1]
    assert table[1, 1] > 0 > table[1, 0]
    assert (table[2] < 0).all()


def test_a_forbidden_row_of_no_known_category_raises_any() -> None:
    table = fitted_kinds(X, np.zeros((4, 2), dtype=np.float32), LAWLESS, 0.01, EACH)
    assert (table[0] > 0).all()
    assert np.allclose(table[:, 0], table[:, 1])


def test_a_row_that_counts_twice_is_as_two() -> None:
    twice = np.array([0, 0, 1, 2, 3])
    once = fitted(X, LAWLESS, 0.1, np.array([2.0, 1.0, 1.0, 1.0]))
    both = fitted(X[twice], LAWLESS[twice], 0.1, np.ones(5))
    assert np.allclose(once[0], both[0], atol=1e-4)


def test_a_feature_without_a_column_is_left_out() -> None:
    assert presence(SAID, COLUMNS).toarray().tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]]
