"""Strict reading of CSV: what is read is what was written, and what is broken has its line number."""

from __future__ import annotations

import csv
import io

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forbear.book import text
from forbear.book.text import Dialect, stage

CELL = st.text(
    st.characters(codec="utf-8", exclude_characters="\ufffd\x00\r", exclude_categories=("Cs",))
    | st.sampled_from('\n",'),
    max_size=8,
).filter(lambda cell: not ("\n" in cell and "," in cell))  # such a text may look like two rows, see below


def staged(tmp_path, data: bytes, dialect=Dialect()):
    source = tmp_path / "in.csv"
    source.write_bytes(data)
    result = stage(source, tmp_path / "out.parquet", dialect)
    table = pq.read_table(result.path).to_pylist() if result.path else []
    return result, table


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=6), crlf=st.booleans())
def test_what_a_csv_writer_wrote_is_read_back(tmp_path_factory, rows, crlf):
    """Fields with quotes, delimiters and line breaks; blank records aside, which csv writes as blank lines."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n" if crlf else "\n", quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b", "c"], *rows])
    result, table = staged(tmp_path_factory.mktemp("csv"), out.getvalue().encode())
    assert result.bad == []
    assert [[r["a"], r["b"], r["c"]] for r in table] == rows


@pytest.mark.parametrize(
    "lines",
    [b'1,"x,3\n4,y",6', b'"1,2,3\n4",5,6', b'1,2,"3\n4,5,6"', b'1,"x,3\n4,5,6\n7,y",9'],
)
def test_a_text_that_may_hide_a_row_is_no_text(tmp_path, lines):
    result, table = staged(tmp_path, b"a,b,c\n" + lines + b"\n7,8,9\n")
    assert (result.bad[0].row, result.bad[0].rule) == (2, "stray_quote")
    assert table[-1]["c"] == "9"


def test_texts_over_several_lines_are_read_in_any_column(tmp_path):
    rows = [["x\ny", "1", "2"], ["1", "a, b\nc", "2"], ["1", "2", "\n\n"], ["\n", "p, q", "\n"]]
    out = io.StringIO()
    csv.writer(out).writerows([["a", "b", "c"], *rows])
    result, table = staged(tmp_path, out.getvalue().encode())
    assert result.bad == []
    assert [[r["a"], r["b"], r["c"]] for r in table] == rows


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b'1,"x,3', "stray_quote"),
        (b'1,x"y,3', "stray_quote"),
        (b'1,"x"y,3', "stray_quote"),
        (b"1,2", "ragged_row"),
        (b"1,2,3,4", "ragged_row"),
        (b"1,\xff,3", "broken_encoding"),
    ],
)
@pytest.mark.parametrize("quoted_before", [b"", b'"q",2,3\n'])
def test_a_broken_line_is_placed_and_its_neighbours_read(tmp_path, line, rule, quoted_before):
    data = b"a,b,c\n" + quoted_before + b"1,2,3\n" + line + b"\n7,8,9\n"
    result, table = staged(tmp_path, data)
    at = 3 + bool(quoted_before)
    assert [(b.row, b.rule) for b in result.bad] == [(at, rule)]
    assert [r["_row"] for r in table][-2:] == [at - 1, at + 1]
    assert table[-1]["c"] == "9"


def test_two_stray_quotes_do_not_swallow_the_rows_between(tmp_path):
    data = b'a,b\n"1,2\n3,4\n5,6"\n7,8\n'
    result, table = staged(tmp_path, data)
    assert [b.row for b in result.bad] == [2, 4]
    assert [r["a"] for r in table] == ["3", "7"]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "empty_file"),
        (b"\n\n", "empty_file"),
        (b"a,a\n1,2\n", "duplicate_column"),
        (b"a,A\n1,2\n", "duplicate_column"),
        (b"a,\n1,2\n", "bad_header"),
        (b'a,"b\n1,2\n', "bad_header"),
        ("a,b\n1,2\n".encode("utf-16"), "wrong_encoding"),
        (b"\x1f\x8bnot gzip at all", "broken_gzip"),
    ],
)
def test_what_is_no_csv_is_named(tmp_path, data, rule):
    result, _ = staged(tmp_path, data)
    assert [r for r, _ in result.whole_file] == [rule]


def test_a_cut_last_line_is_a_cut_file(tmp_path):
    result, _ = staged(tmp_path, b"a,b\n1,2\n3")
    assert [(b.row, b.rule) for b in result.bad] == [(3, "cut_row")]
    assert not result.ends_with_newline


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "latin-1", "utf-8-sig"])
def test_other_encodings(tmp_path, encoding):
    word = "é" if encoding == "latin-1" else "逾期"
    result, table = staged(tmp_path, f"a,b\n{word},2\n".encode(encoding), Dialect(encoding=encoding))
    assert result.bad == []
    assert table == [{"_row": 2, "a": word, "b": "2"}]


def test_broken_gb18030_is_placed(tmp_path):
    data = "a,b\n逾期,2\n".encode("gb18030") + b"\xff\xff,3\n" + b"x,4\n"
    result, table = staged(tmp_path, data, Dialect(encoding="gb18030"))
    assert [(b.row, b.rule) for b in result.bad] == [(3, "broken_encoding")]
    assert [r["b"] for r in table] == ["2", "4"]


def test_lines_keep_their_number_over_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "BLOCK_BYTES", 64)
    body = b"".join(b"%d,x\n" % i for i in range(100)) + b'"q",y\n' + b"".join(b"%d,z\n" % i for i in range(100))
    result, table = staged(tmp_path, b"a,b\n" + body)
    assert [r["_row"] for r in table] == list(range(2, 203))
    assert result.rows == 201


def test_blank_lines_are_counted_and_lines_still_right(tmp_path):
    result, table = staged(tmp_path, b"a,b\n\n1,2\n\n3,4\n")
    assert (result.blank, result.first_blank) == (2, 2)
    assert [r["_row"] for r in table] == [3, 5]


def test_lines_before_the_header_and_files_without_one(tmp_path):
    _, table = staged(tmp_path, b"made on Monday\na;b\n1;2\n", Dialect(delimiter=";", skip_lines=1))
    assert table == [{"_row": 3, "a": "1", "b": "2"}]
    _, table = staged(tmp_path, b"1,2\n", Dialect(header=("a", "b")))
    assert table == [{"_row": 1, "a": "1", "b": "2"}]
