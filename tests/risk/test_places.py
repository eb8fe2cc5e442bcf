"""Places of ids among others, whether found in a list or by a hash."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forbear.risk.places import by_loan, codes, inverse, places

IDS = st.lists(st.integers(-50, 50) | st.integers(-(10**12), 10**12), unique=True, max_size=40)


@settings(deadline=None)
@given(IDS, st.data(), st.booleans())
def test_places_are_where_ids_lie(among, data, texts):
    others_too = st.integers(-60, 60) | st.integers(-(2**63), 2**63 - 1)
    asked = data.draw(st.lists(st.sampled_from(among) | others_too if among else others_too, max_size=40))
    wanted = [among.index(i) if i in among else -1 for i in asked]
    kind = pa.string() if texts else pa.int64()
    array = (pa.array([str(v) if texts else v for v in values], kind) for values in (asked, among))
    ids, others = (pa.chunked_array([a.slice(0, len(a) // 2), a.slice(len(a) // 2)], kind) for a in array)
    assert places(ids, others).tolist() == wanted
    assert places(ids, others.cast(pa.string())).tolist() == wanted


def test_missing_ids_are_nowhere():
    assert places(pa.array([1, None, 3]), pa.array([3, 1])).tolist() == [1, -1, 0]
    assert places(pa.array([1, None, 3]), pa.array([3, None])).tolist() == [-1, -1, 0]
    assert places(pa.array([], pa.int64()), pa.array([], pa.int64())).tolist() == []


def test_rows_by_place():
    assert inverse(places(pa.array([7, 9]), pa.array([9, 8, 7])), 3).to_pylist() == [1, None, 0]


@pytest.mark.parametrize("ids", [[1, 2, 2, 7], [7, 2, 1, 2], ["a", "b"], ["b", "a"], [3], []])
def test_rows_are_in_order_of_loan(ids):
    rows = pa.table({"loan_id": ids, "place": list(range(len(ids)))})
    made = by_loan(pa.concat_tables([rows.slice(2), rows.slice(0, 2)]))
    assert made["loan_id"].to_pylist() == sorted(ids)
    assert [ids[place] for place in made["place"].to_pylist()] == sorted(ids)


@pytest.mark.parametrize("ids", [[5, 5, 6, 9], [1, 10**15, 1], ["b", "a", "b"], []])
def test_codes_tell_ids_apart(ids):
    found, count = codes(pa.chunked_array([pa.array(ids, None if ids else pa.int64())]))
    assert all(
        (a == b) == (x == y) for a, x in zip(ids, found, strict=True) for b, y in zip(ids, found, strict=True)
    )
    assert all(0 <= code < max(count, 1) for code in found)
