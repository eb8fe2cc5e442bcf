"""What cannot be used is refused, with file, row, column, value and what to do."""

from __future__ import annotations

import csv

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.treatment.allocate import allocate
from forbear.treatment.certify import certify

GOOD = {
    "borrower_id": [1, 1, 2],
    "action": ["sms", "call", "sms"],
    "value": [1.0, 2.0, 3.0],
    "minutes": [0.0, 3.0, 0.0],
}
LIMITS = "capacity,limit\nminutes,3\n"

BAD_VALUES = {
    "a value that is not a number": ({"value": [1.0, float("nan"), 3.0]}, "row 2, column value: nan"),
    "an infinite value": ({"value": [1.0, 2.0, float("inf")]}, "row 3, column value: inf"),
    "an empty value": ({"value": [1.0, None, 3.0]}, "row 2, column value: empty"),
    "a negative use": ({"minutes": [0.0, 3.0, -1.0]}, "row 3, column minutes: -1.0"),
    "a use that is not a number": ({"minutes": [float("nan"), 3.0, 0.0]}, "row 1, column minutes: nan"),
    "an empty use": ({"minutes": [0.0, 3.0, None]}, "row 3, column minutes: empty"),
    "values as text": ({"value": ["1", "2", "x"]}, "column value: '1', expected numbers"),
    "values as truth": ({"value": [True, False, True]}, "column value: True, expected numbers"),
    "actions as numbers": ({"action": [1, 2, 3]}, "column action: 1, expected text"),
    "ids as fractions": ({"borrower_id": [1.5, 1.5, 2.0]}, "column borrower_id: 1.5"),
    "no id": ({"borrower_id": [1, None, 2]}, "row 2, column borrower_id: empty"),
    "no action": ({"action": ["sms", None, "sms"]}, "row 2, column action: empty"),
    "a nameless action": ({"action": ["sms", " ", "sms"]}, "column action: ' '"),
    "a nameless borrower": ({"borrower_id": ["a", " ", "b"]}, "row 2, column borrower_id: ' '"),
    "an id above the greatest whole number": (
        {"borrower_id": pa.array([1, 1, 2**64 - 1], pa.uint64())},
        "row 3, column borrower_id: 18446744073709551615",
    ),
    "a value too large for sums": ({"value": [1.0, 2.0, -1e101]}, "row 3, column value: -1e+101"),
    "an unknown capacity": ({"letters": [1, 1, 1]}, "column letters is not among the capacities (minutes)"),
    "an action twice": (
        {"action": ["sms", "sms", "sms"]},
        "row 2, column action: 'sms', expected one row for borrower 1",
    ),
    "an action twice, apart": (
        {"borrower_id": [1, 2, 1], "action": ["sms", "sms", "sms"]},
        "row 3, column action: 'sms', expected one row for borrower 1 with this action (also in row 1)",
    ),
}


def attempt(folder, columns, limits=LIMITS, **options):
    pq.write_table(pa.table(columns), folder / "v.parquet")
    (folder / "c.csv").write_text(limits)
    return allocate(folder / "v.parquet", folder / "c.csv", folder / "o.parquet", **options)


@pytest.mark.parametrize("kind", BAD_VALUES)
def test_bad_values_are_told_by_row_and_column(kind, tmp_path):
    changed, said = BAD_VALUES[kind]
    with pytest.raises(UnreadableFile) as refused:
        attempt(tmp_path, GOOD | changed)
    assert said in refused.value.message
    assert "v.parquet" in refused.value.message
    assert not (tmp_path / "o.parquet").exists()


BAD_LIMITS = {
    "a negative limit": ("minutes,-1", "row 1, column limit: '-1'"),
    "no number": ("minutes,many", "row 1, column limit: 'many'"),
    "not a number": ("minutes,nan", "row 1, column limit: 'nan'"),
    "without end": ("minutes,inf", "row 1, column limit: 'inf'"),
    "digits of another script": ("minutes,\uff15", "row 1, column limit: '\uff15'"),
    "a number as programmers group it": ("minutes,1_000", "row 1, column limit: '1_000'"),
    "empty": ("minutes,", "row 1, column limit: empty"),
    "no name": (",3", "row 1, column capacity: empty"),
    "twice": ("minutes,3\nminutes,4", "row 2, column capacity: 'minutes'"),
    "twice but for capitals": ("minutes,3\nMinutes,4", "row 2, column capacity: 'Minutes'"),
    "a name that is another column's": ("value,3", "row 1, column capacity: 'value'"),
    "none": ("", "no capacities"),
}


@pytest.mark.parametrize("kind", BAD_LIMITS)
def test_bad_limits_are_told_by_row_and_column(kind, tmp_path):
    rows, said = BAD_LIMITS[kind]
    with pytest.raises(UnreadableFile) as refused:
        attempt(tmp_path, GOOD, f"capacity,limit\n{rows}\n")
    assert said in refused.value.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "borrower_id,action,value,minutes\n1,sms,1,0\n1,call,x,3\n",
            "row 2, column value: 'x', expected a number",
        ),
        (
            "borrower_id,action,value,minutes\n1,sms,1,0\n1,call,2,\n",
            "row 2, column minutes: empty, expected a number",
        ),
        ("borrower_id,action,value,minutes\n1,sms,1,nan\n", "row 1, column minutes: nan"),
        ("borrower_id,action,value,minutes\n1,sms,1,0\n2,sms,1,0\n1,sms,2,0\n", "row 3, column action: 'sms'"),
        ("borrower_id,action\n1,sms\n", "no column value"),
        ("borrower_id,action,value,minutes\n1,sms,1_000,0\n", "row 1, column value: '1_000'"),
        ("borrower_id,action,value,minutes\n1,sms,1,0\n1,call,1\n", "line 3: 3 cells, expected 4"),
        ("borrower_id,action,value,minutes\n1,sms,1,0,9\n", "line 2: 5 cells, expected 4"),
        ('borrower_id,action,value,minutes\n1,sms,1,0\n"2,sms,1,0\n', "line 3: a quote that is opened"),
        ("borrower_id,action,value,minutes\n1,sm\udcff,1,0\n", "line 2: not UTF-8 text"),
        ("an export of ours\nborrower_id,action,value,minutes\n1,sms,1,0\n", "no column borrower_id"),
        ("borrower_id,action,value,value\n1,sms,1,0\n", "column value stands there twice"),
        ("", "the first line is empty"),
    ],
)
def test_bad_csv_is_told_by_row_and_column(text, said, tmp_path):
    (tmp_path / "v.csv").write_text(text, encoding="utf-8", errors="surrogateescape")
    (tmp_path / "c.csv").write_text(LIMITS)
    with pytest.raises(UnreadableFile) as refused:
        allocate(tmp_path / "v.csv", tmp_path / "c.csv", tmp_path / "o.csv")
    assert said in refused.value.message


@pytest.mark.parametrize("content", [b"", b"PAR1", b"\x00" * 100])
def test_garbage_is_refused(content, tmp_path):
    (tmp_path / "v.parquet").write_bytes(content)
    (tmp_path / "c.csv").write_text(LIMITS)
    with pytest.raises(UnreadableFile, match="cannot be read"):
        allocate(tmp_path / "v.parquet", tmp_path / "c.csv", tmp_path / "o.parquet")


def test_names_that_say_no_kind_are_refused(tmp_path):
    with pytest.raises(WrongUse, match="unknown kind"):
        allocate(tmp_path / "v.parquet", tmp_path / "c.csv", tmp_path / "o.json")
    with pytest.raises(UnreadableFile, match="no such file"):
        allocate(tmp_path / "v.parquet", tmp_path / "c.csv", tmp_path / "o.csv")


def test_a_column_may_be_passed_over_and_a_capacity_unused(tmp_path):
    told = attempt(
        tmp_path, GOOD | {"why": ["x", "y", "z"]}, LIMITS + "letters,0\n", ignored=["why"]
    ).certificate.told
    assert told["value"] == 5
    assert told["capacities"][1] == {"capacity": "letters", "limit": 0.0, "used": 0.0, "price": 0.0}


def test_a_csv_is_read_as_written_and_nothing_is_taken_for_a_comment(tmp_path):
    rows = ["\ufeffborrower_id, action,value,minutes", "#7,sms,5,0", "", '"a,""b",sms,1,0', "\u5f20\u4e09,call,9,3"]
    (tmp_path / "v.csv").write_text("\r\n".join(rows), encoding="utf-8", newline="")
    (tmp_path / "c.csv").write_text("unit,capacity,limit\nmin,minutes,3\n")
    files = (tmp_path / "v.csv", tmp_path / "c.csv", tmp_path / "o.csv")
    made = allocate(*files, certificate_path=tmp_path / "c.json")
    assert made.certificate.told["value"] == 15
    with files[2].open(encoding="utf-8") as decided:
        assert {row["borrower_id"] for row in csv.DictReader(decided)} == {"#7", 'a,"b', "\u5f20\u4e09"}
    assert certify(tmp_path / "c.json", *files).holds


@pytest.mark.parametrize("needed", ["minutes", "value"])
def test_a_column_that_is_needed_is_not_passed_over(needed, tmp_path):
    with pytest.raises(WrongUse, match=f"--ignore {needed}"):
        attempt(tmp_path, GOOD, ignored=[needed])


def test_uses_next_to_nothing_take_no_part_in_prices(tmp_path):
    told = attempt(tmp_path, GOOD | {"minutes": [1e-310, 3.0, 0.0]}).certificate.told
    assert (told["value"], told["bound"]) == (5.0, 5.0)


def test_places_that_cannot_be_written_are_told_before_the_work(tmp_path):
    pq.write_table(pa.table(GOOD), tmp_path / "v.parquet")
    (tmp_path / "c.csv").write_text(LIMITS)
    (tmp_path / "folder.csv").mkdir()
    given = (tmp_path / "v.parquet", tmp_path / "c.csv")
    before = (tmp_path / "c.csv").read_bytes()
    for out, certificate in (("folder.csv", None), ("c.csv", None), ("o.csv", "c.csv"), ("o.csv", "o.csv")):
        with pytest.raises(WrongUse, match=r"--out|--certificate"):
            allocate(*given, tmp_path / out, certificate_path=certificate and tmp_path / certificate)
    with pytest.raises(WrongUse, match="cannot be made"):
        allocate(*given, tmp_path / "o.csv", certificate_path=tmp_path / "v.parquet" / "c.json")
    assert (tmp_path / "c.csv").read_bytes() == before
    assert not (tmp_path / "o.csv").exists()


@pytest.mark.parametrize("stopped_in", ["write_decisions", "_certified"])
def test_a_run_that_stops_leaves_what_was_there(stopped_in, tmp_path, monkeypatch):
    attempt(tmp_path, GOOD, certificate_path=tmp_path / "c.json")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def stop(path, *_):
        if stopped_in == "write_decisions":
            path.write_text("half a")
        raise OSError("no room")

    monkeypatch.setattr(f"forbear.treatment.allocate.{stopped_in}", stop)
    with pytest.raises(OSError, match="no room"):
        attempt(tmp_path, GOOD, certificate_path=tmp_path / "c.json")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_no_rows_give_no_decisions(tmp_path):
    empty = pa.table({"borrower_id": pa.array([], pa.int64()), "action": pa.array([], pa.string())})
    empty = empty.append_column("value", pa.array([], pa.float64()))
    pq.write_table(empty, tmp_path / "v.parquet")
    (tmp_path / "c.csv").write_text(LIMITS)
    told = allocate(tmp_path / "v.parquet", tmp_path / "c.csv", tmp_path / "o.parquet").certificate.told
    assert (told["borrowers"], told["treated"], told["value"], told["bound"]) == (0, 0, 0.0, 0.0)


def test_a_table_without_rows_may_have_columns_without_a_kind(tmp_path):
    nothing = {name: pa.nulls(0) for name in ("borrower_id", "action", "value", "minutes")}
    assert attempt(tmp_path, nothing).certificate.told["borrowers"] == 0


def test_the_index_that_pandas_keeps_is_passed_over(tmp_path):
    assert attempt(tmp_path, GOOD | {"__index_level_0__": [2, 0, 1]}).certificate.told["value"] == 5
