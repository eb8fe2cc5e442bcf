"""Files of acts, history and facts as a stranger writes them, whole and broken."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from one_rule import packs, rule

from forbear.basics.errors import UnreadableFile
from forbear.conduct import judge
from forbear.conduct.tables import read_rows

ROWS = [
    {"borrower_id": "B1", "channel": "call", "at": "2026-03-02T12:00:00+08:00", "note": "晚上, “再打”"},
    {"borrower_id": "B2", "channel": "sms", "at": "2026-03-02T13:00:00+08:00", "note": ""},
]


def written(folder, ending):
    path = folder / f"acts{ending}"
    if ending == ".csv":
        lines = [",".join(ROWS[0]), *(",".join(f'"{v}"' for v in row.values()) for row in ROWS)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    elif ending == ".json":
        path.write_text(json.dumps(ROWS))
    elif ending in {".jsonl", ".ndjson"}:
        path.write_text("\n\n".join(json.dumps(row) for row in ROWS) + "\n")
    else:
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    return path


@pytest.mark.parametrize("ending", [".csv", ".json", ".jsonl", ".ndjson", ".parquet"])
def test_every_form_gives_the_same_rows(tmp_path, ending):
    assert read_rows(written(tmp_path, ending)) == ROWS


def test_the_ending_may_be_shouted(tmp_path):
    assert read_rows(written(tmp_path, ".json").rename(tmp_path / "ACTS.JSON")) == ROWS


def test_instants_in_parquet_keep_their_zone(tmp_path):
    noon = datetime(2026, 3, 2, 4, tzinfo=UTC)
    table = pa.table(
        {
            "borrower_id": ["B1"],
            "channel": ["call"],
            "at": pa.array([noon], pa.timestamp("us", "America/New_York")),
        }
    )
    pq.write_table(table, tmp_path / "acts.parquet")
    rows = read_rows(tmp_path / "acts.parquet")
    said = judge(rows, [], None, packs(rule("bar", states=["deceased"])))[0]
    assert said.act.at == noon


def test_an_empty_list_is_no_fault(tmp_path):
    for name, text in (("a.json", "[]"), ("a.jsonl", ""), ("a.csv", "borrower_id,channel\n")):
        (tmp_path / name).write_text(text)
        assert read_rows(tmp_path / name) == []


@pytest.mark.parametrize(
    ("name", "data", "complaint"),
    [
        ("a.xlsx", b"", "a.xlsx: unknown kind of file"),
        ("a", b"", "a: unknown kind of file"),
        ("a.csv", b"", "a.csv: empty; a header is expected"),
        ("a.csv", b"at,borrower_id,at\n", "a.csv, line 1: column at stands there twice"),
        ("a.csv", b"borrower_id,channel\nB1\n", "a.csv, line 2: not as many cells as the header has columns"),
        ("a.csv", b"borrower_id,channel\nB1,call\nB1,call,x\n", "a.csv, line 3: not as many cells"),
        ("a.csv", b'borrower_id,channel\nB1,"call\n', "a.csv: cannot be read: "),
        ("a.csv", b"borrower_id,channel\nB1,\xff\n", "a.csv: cannot be read: "),
        ("a.json", b"", "a.json, line 1: not JSON: "),
        ("a.json", b'[{"a": 1},\n\n{"a": }]', "a.json, line 3: not JSON: "),
        ("a.json", b'{"borrower_id": "B1"}', "a.json: expected a list of objects"),
        ("a.json", b"[1]", "a.json: expected a list of objects"),
        ("a.json", b"\xff", "a.json: cannot be read: "),
        ("a.jsonl", b'{"a": 1}\n\n{"a":\n', "a.jsonl, line 3: not JSON: "),
        ("a.jsonl", b'{"a": 1}\n[]\n', "a.jsonl: expected a list of objects"),
        ("a.parquet", b"PAR1 is not enough", "a.parquet: cannot be read: "),
        ("a.parquet", b"", "a.parquet: cannot be read: "),
    ],
)
def test_broken_files_are_named(tmp_path, name, data, complaint):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnreadableFile) as refused:
        read_rows(tmp_path / name)
    assert str(refused.value).startswith(f"{tmp_path}/{complaint}")


@pytest.mark.parametrize("ending", ["csv", "json", "jsonl", "parquet"])
def test_a_file_that_is_not_there_is_named(tmp_path, ending):
    with pytest.raises(UnreadableFile, match=rf"gone\.{ending}: cannot be read: "):
        read_rows(tmp_path / f"gone.{ending}")


def test_the_known_kinds_are_told(tmp_path):
    with pytest.raises(UnreadableFile) as refused:
        read_rows(tmp_path / "a.xls")
    assert refused.value.hint == "known are .csv, .json, .jsonl, .ndjson, .parquet"


@pytest.mark.parametrize(("mark", "told"), [(";", "';'"), ("\t", r"'\\t'")])
def test_cells_parted_by_something_else_than_commas(tmp_path, mark, told):
    (tmp_path / "acts.csv").write_text(
        mark.join(("borrower_id", "channel")) + "\n" + mark.join(("B1", "call")) + "\n"
    )
    with pytest.raises(UnreadableFile, match=f"line 1: cells are parted by {told}"):
        read_rows(tmp_path / "acts.csv")
