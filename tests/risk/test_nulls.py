"""Missing values by bits say what the libraries' own ways say."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forbear.risk.nulls import known_where, null_for_nan, put_floats

FLOATS = st.lists(st.none() | st.floats(width=32), max_size=40)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-100, 100), st.booleans()), max_size=40), st.sampled_from("iqbf"))
def test_numbers_are_null_where_they_are_not_known(rows, kind):
    values, known = np.array([v for v, _ in rows], kind), np.array([k for _, k in rows], bool)
    made = known_where(values, known)
    made.validate(full=True)
    assert made.equals(pa.array(values, mask=~known))


@settings(deadline=None)
@given(FLOATS)
def test_nan_becomes_null(rows):
    values = np.array([np.nan if v is None else v for v in rows], np.float64)
    assert null_for_nan(values).equals(pa.array(values, from_pandas=True))


@settings(deadline=None)
@given(FLOATS, st.integers(0, 40), st.sampled_from([pa.float32(), pa.float64(), pa.int32()]))
def test_null_becomes_nan(rows, cut, kind):
    if kind == pa.int32():
        rows = [v if v is None or not np.isfinite(v) or abs(v) > 1e9 else int(v) for v in rows]
        rows = [v if isinstance(v, int) else None for v in rows]
    whole = pa.array(rows, kind)
    column = pa.chunked_array([whole.slice(0, cut), whole.slice(cut)], kind)
    made = np.zeros(len(rows), np.float32)
    put_floats(made, column)
    assert np.array_equal(made, np.array([np.nan if v is None else v for v in rows], np.float32), equal_nan=True)


def test_nothing_is_no_trouble():
    assert known_where(np.zeros(0, np.int32), np.zeros(0, bool)).to_pylist() == []
    put_floats(np.zeros(0, np.float32), pa.chunked_array([], pa.float32()))
    with pytest.raises(ValueError, match="broadcast"):
        put_floats(np.zeros(1, np.float32), pa.chunked_array([pa.array([1.0, 2.0], pa.float32())]))
