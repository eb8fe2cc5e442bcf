"""Macro series: read as they were known on a day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.risk import warning
from forbear.risk.macro import read_macro

HEAD = "series,date,value,known_on\n"
DAY = date(2026, 6, 30)


def written(tmp_path, *rows: str):
    file = tmp_path / "macro.csv"
    file.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    return file


def test_a_value_counts_from_its_publication_and_as_last_revised(tmp_path):
    file = written(
        tmp_path,
        "jobless,2026-04-30,5.1,2026-05-20",
        "jobless,2026-04-30,5.4,2026-06-20",
        "jobless,2026-05-31,5.2,2026-06-20",
        "jobless,2026-05-31,9.9,2026-07-20",
        "jobless,2026-06-30,8.8,2026-07-20",
        "forecast,2026-12-31,7.0,2026-06-01",
    )
    assert read_macro(file, DAY) == {"jobless": [(date(2026, 4, 30), 5.4), (date(2026, 5, 31), 5.2)]}
    assert read_macro(file, date(2026, 5, 31)) == {"jobless": [(date(2026, 4, 30), 5.1)]}
    assert read_macro(file, date(2026, 5, 19)) == {}


days = st.dates(date(2026, 1, 1), date(2026, 12, 31))
rows = st.lists(st.tuples(st.sampled_from(["a", "b"]), days, st.integers(0, 9), days), max_size=30)


@settings(max_examples=30, deadline=None)
@given(rows, rows, days)
def test_nothing_published_later_changes_what_was_known(tmp_path_factory, before, later, as_of):
    kept = {(name, on, known): value for name, on, value, known in before if known <= as_of}
    after = {(n, o, k + timedelta(days=366)): v for n, o, v, k in later}

    def lines(told):
        return [f"{name},{on},{value},{known}" for (name, on, known), value in told.items()]

    place = tmp_path_factory.mktemp("macro")
    one = read_macro(written(place, *lines(kept)), as_of)
    assert read_macro(written(place, *lines({**after, **kept})), as_of) == one


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (",2026-01-31,1,2026-02-01", "row 1, column series"),
        ("a,31.1.2026,1,2026-02-01", "row 1, column date: '31.1.2026'"),
        ("a,2026-01-31,inf,2026-02-01", "row 1, column value"),
        ("a,2026-01-31,1,", "row 1, column known_on"),
        ("a,2026-01-31,1,2026-02-01\na,2026-01-31,2,2026-02-01", "row 2: a of 2026-01-31"),
    ],
)
def test_what_cannot_be_read_is_refused_where_it_stands(tmp_path, row, says):
    with pytest.raises(WrongUse, match=says):
        read_macro(written(tmp_path, row), DAY)


def test_other_files(tmp_path):
    (tmp_path / "a.csv").write_text("series,date,value\n")
    with pytest.raises(WrongUse, match="known_on"):
        read_macro(tmp_path / "a.csv", DAY)
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnreadableFile):
        read_macro(tmp_path / "b.csv", DAY)


def test_a_jump_is_warned_of_from_the_day_it_was_published(tmp_path):
    calm = [f"jobless,2025-{m:02}-28,{5 + m % 2 / 10},2025-{m:02}-28" for m in range(1, 13)]
    file = written(tmp_path, *calm, "jobless,2026-05-31,7.5,2026-06-20")
    assert warning.of_macro(read_macro(file, date(2026, 6, 19))) == []
    (found,) = warning.of_macro(read_macro(file, date(2026, 6, 20)))
    assert found["series"] == "jobless"
