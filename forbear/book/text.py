"""A CSV file of any encoding, read strictly into a Parquet file of texts, each row with its line number.

Nothing is guessed: the delimiter and the encoding are given, every line must have as many fields as the header, a
quote may stand only around a whole field. Lines that break this are kept as `BadLine`s with their number and text;
lines that keep it go to the staged file unchanged. Meaning (dates, money) is not this module's business: `cells`.

Plain blocks (no quotes) are split by pyarrow; from the first block that holds a quote, a bare carriage return, a
blank line or broken text on, lines are split one by one here, since readers differ on those and hide where they
were.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

BLOCK_BYTES = 8 << 20
"""Bytes read at once: large enough for pyarrow's speed, small beside any book."""
MAX_RECORD_LINES = 50
"""A quoted field that runs over more lines than this is a stray quote, not text."""
MAX_BAD_LINES = 100_000
"""A file with more broken lines is not what its name says; reading stops there."""
ROWS_A_BATCH = 100_000
ROW = "_row"
_GZIP_MAGIC = b"\x1f\x8b"
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BROKEN = "\ufffd"
_NEVER_SIMPLE = (b'"', b"\n\n", b"\n\r\n", b"\0", _BROKEN.encode())


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written.

    Attributes:
        encoding: a Python codec name; `utf-8` also takes a byte order mark.
        skip_lines: lines before the header.
        header: column names when the file has no header line.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    quote: str = '"'
    skip_lines: int = 0
    header: tuple[str, ...] = ()


@dataclass(frozen=True)
class BadLine:
    """A line (or record) that cannot be split: its number, its text, the rule it breaks and what was counted."""

    row: int
    text: str
    rule: str
    found: int = 0


@dataclass
class Staged:
    """What staging a file gave.

    Attributes:
        path: the Parquet file of texts with `_row`; None when not even a header could be read.
        rows: rows in it.
        bad: lines left out of it.
        blank: how many blank lines were passed over, and the first of them.
        whole_file: rules the file as a whole breaks, with what was seen.
        ends_with_newline: False may mean that the end is missing.
    """

    path: Path | None = None
    columns: tuple[str, ...] = ()
    rows: int = 0
    bad: list[BadLine] = field(default_factory=list)
    blank: int = 0
    first_blank: int = 0
    whole_file: list[tuple[str, str]] = field(default_factory=list)
    ends_with_newline: bool = True


def stage(source: Path, target: Path, dialect: Dialect, *, gzipped: bool = False) -> Staged:
    """Read the CSV file `source` and write its texts to the Parquet file `target`.

    Never raises on bad content: what is wrong is in the answer.
    """
    staged = Staged()
    try:
        with _opened(source, gzipped=gzipped) as stream:
            _read(stream, target, dialect, staged)
    except (EOFError, gzip.BadGzipFile, zlib.error) as broken:
        staged.whole_file.append(("broken_gzip", str(broken)))
    except OSError as broken:
        staged.whole_file.append(("unreadable_file", broken.strerror or str(broken)))
    return staged


def _opened(source: Path, *, gzipped: bool) -> BinaryIO:
    stream = source.open("rb")
    is_gzip = stream.read(2) == _GZIP_MAGIC
    stream.seek(0)
    if is_gzip or (gzipped and source.stat().st_size):
        return cast("BinaryIO", gzip.open(stream))
    return stream


def _read(stream: BinaryIO, target: Path, dialect: Dialect, staged: Staged) -> None:
    blocks = _Blocks(stream, dialect.encoding)
    header = _header(blocks, dialect, staged)
    if header is None:
        return
    staged.columns = header
    schema = pa.schema([(ROW, pa.int64()), *((name, pa.string()) for name in header)])
    with pq.ParquetWriter(target, schema, compression="lz4") as writer:
        staged.path = target
        _rows(blocks, dialect, staged, writer, schema)
    staged.ends_with_newline = blocks.ends_with_newline


class _Blocks:
    """Lines of a stream as UTF-8 bytes: whole blocks of them while they are plain, then one by one."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self.stream = stream
        plain = encoding.lower().replace("_", "-") in {"utf-8", "utf8", "utf-8-sig"}
        self.decoder = None if plain else codecs.getincrementaldecoder(encoding)("replace")
        self.tail = b""
        self.line = 1
        self.ended = False
        self.ends_with_newline = True
        self.started = False

    def fill(self) -> None:
        """Add the next bytes of the stream to the tail."""
        got = self.stream.read(BLOCK_BYTES)
        self.ended = not got
        new = got if self.decoder is None else self.decoder.decode(got, final=self.ended).encode()
        if self.ended and self.decoder is not None and not self.tail and not new:
            return
        self.tail += new

    def one(self) -> bytes | None:
        """The next line without its end, or None after the last."""
        while (cut := self.tail.find(b"\n")) < 0 and not self.ended:
            self.fill()
        if cut < 0:
            if not self.tail:
                return None
            self.ends_with_newline = False
            line, self.tail = self.tail, b""
        else:
            line, self.tail = self.tail[:cut], self.tail[cut + 1 :]
        self.line += 1
        return line

    def block(self) -> bytes | None:
        """As many whole lines as stand ready, with their ends (the last may lack it), or None after the last."""
        while (cut := self.tail.rfind(b"\n")) < 0 and not self.ended:
            self.fill()
        if not self.tail:
            return None
        cut = len(self.tail) if cut < 0 else cut + 1
        ready, self.tail = self.tail[:cut], self.tail[cut:]
        return ready

    def lines(self, ready: bytes) -> Iterator[bytes]:
        """Every line from `ready` on to the end of the stream."""
        block: bytes | None = ready
        while block is not None:
            parts = block.split(b"\n")
            if parts[-1]:
                self.ends_with_newline = False
            else:
                parts.pop()
            yield from parts
            block = self.block()


def _header(blocks: _Blocks, dialect: Dialect, staged: Staged) -> tuple[str, ...] | None:
    blocks.fill()
    if not blocks.tail.strip():
        staged.whole_file.append(("empty_file", f"{len(blocks.tail)} bytes"))
        return None
    if blocks.decoder is None and blocks.tail.startswith(_UTF16_MARKS):
        staged.whole_file.append(("wrong_encoding", "the file begins as UTF-16 does"))
        return None
    blocks.tail = blocks.tail.removeprefix(codecs.BOM_UTF8)
    for _ in range(dialect.skip_lines):
        blocks.one()
    names = dialect.header or _header_names(blocks.one() or b"", dialect)
    return _checked_header(names, staged)


def _header_names(line: bytes, dialect: Dialect) -> tuple[str, ...]:
    fields = _Splitter(dialect).fields(line.decode(errors="replace").removesuffix("\r"))
    return tuple(name.strip() for name in fields or ())


def _checked_header(names: tuple[str, ...], staged: Staged) -> tuple[str, ...] | None:
    doubled = sorted({n for n in names if names.count(n) > 1 and n})
    lowered = [n.lower() for n in names]
    same = sorted({n for n in names if lowered.count(n.lower()) > 1 and n} - set(doubled))
    shown = ", ".join(names)
    if not names or not any(names):
        staged.whole_file.append(("bad_header", "a stray quote or no names at all"))
    elif any(_BROKEN in n or not n.isprintable() for n in names):
        staged.whole_file.append(("wrong_encoding", shown))
    elif doubled or same:
        staged.whole_file.append(("duplicate_column", ", ".join(doubled + same)))
    elif ROW in names or "" in names:
        staged.whole_file.append(("bad_header", shown))
    else:
        return names
    return None


def _rows(blocks: _Blocks, dialect: Dialect, staged: Staged, writer: pq.ParquetWriter, schema: pa.Schema) -> None:
    while (block := blocks.block()) is not None:
        table = _simple(block, dialect, staged, blocks.line, schema)
        if table is None:
            _one_by_one(blocks, block, dialect, staged, writer, schema)
            return
        writer.write_table(table)
        staged.rows += table.num_rows
        blocks.line += block.count(b"\n")
        blocks.ends_with_newline = block.endswith(b"\n")


def _simple(block: bytes, dialect: Dialect, staged: Staged, first: int, schema: pa.Schema) -> pa.Table | None:
    """The rows of a block without anything that needs care, or None when it holds such a thing."""
    quote = dialect.quote.encode()
    if quote in block or any(sign in block for sign in _NEVER_SIMPLE) or block.startswith((b"\n", b"\r")):
        return None
    if block.count(b"\r") != block.count(b"\r\n"):
        return None
    wrong: list[int] = []

    def skip(row: pacsv.InvalidRow) -> str:
        wrong.append(row.number)
        return "skip"

    names = schema.names[1:]
    try:
        table = pacsv.read_csv(
            io.BytesIO(block),
            pacsv.ReadOptions(use_threads=False, column_names=names, block_size=len(block) + 1),
            pacsv.ParseOptions(
                delimiter=dialect.delimiter, quote_char=False, ignore_empty_lines=False, invalid_row_handler=skip
            ),
            pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        return None
    if wrong:
        return None
    lines = pa.array(range(first, first + table.num_rows), pa.int64())
    return table.add_column(0, ROW, lines).cast(schema)


def _one_by_one(
    blocks: _Blocks, ready: bytes, dialect: Dialect, staged: Staged, writer: pq.ParquetWriter, schema: pa.Schema
) -> None:
    rows: list[tuple[int, list[str]]] = []
    number = 0
    for number, record, fields, rule in _Splitter(dialect).records(
        blocks.lines(ready), blocks.line, len(schema) - 1
    ):
        if not rule:
            rows.append((number, fields or []))
        elif rule == "blank_line":
            staged.blank += 1
            staged.first_blank = staged.first_blank or number
        else:
            staged.bad.append(BadLine(number, record, rule, len(fields or ())))
        if len(rows) >= ROWS_A_BATCH:
            _write(rows, staged, writer, schema)
        if len(staged.bad) > MAX_BAD_LINES:
            staged.whole_file.append(("too_many_bad_lines", f"more than {MAX_BAD_LINES}"))
            break
    _write(rows, staged, writer, schema)
    _name_the_cut(staged, number, ended_well=blocks.ends_with_newline)


def _write(rows: list[tuple[int, list[str]]], staged: Staged, writer: pq.ParquetWriter, schema: pa.Schema) -> None:
    if rows:
        columns = [pa.array(column, pa.string()) for column in zip(*(fields for _, fields in rows), strict=True)]
        writer.write_table(pa.table([pa.array([n for n, _ in rows], pa.int64()), *columns], schema=schema))
        staged.rows += len(rows)
        rows.clear()


def _name_the_cut(staged: Staged, last_row: int, *, ended_well: bool) -> None:
    """A broken last line without a line end is a cut file: what came after it is not known."""
    last = staged.bad[-1] if staged.bad else None
    if last and last.row == last_row and not ended_well:
        staged.bad[-1] = BadLine(last.row, last.text, "cut_row", last.found)


def _pulled(ahead: deque[str], source: Iterator[str]) -> bool:
    """Put the next line of `source` into `ahead`; False after the last."""
    line = next(source, None)
    if line is None:
        return False
    ahead.append(line)
    return True


class _Splitter:
    """Splits lines into fields by one dialect; a quote may only stand around a whole field."""

    def __init__(self, dialect: Dialect) -> None:
        self.delimiter, self.quote = dialect.delimiter, dialect.quote
        d, q = re.escape(dialect.delimiter), re.escape(dialect.quote)
        one = rf"(?:{q}(?:[^{q}]|{q}{q})*{q}|[^{q}{d}]*)"
        self.well_quoted = re.compile(rf"{one}(?:{d}{one})*", re.DOTALL)

    def fields(self, record: str) -> list[str] | None:
        """The fields of a record, or None when a quote stands where it must not."""
        if self.quote not in record:
            return record.split(self.delimiter)
        if not self.well_quoted.fullmatch(record):
            return None
        try:
            return next(csv.reader([record], delimiter=self.delimiter, quotechar=self.quote, strict=True))
        except (csv.Error, StopIteration):
            return None

    def records(
        self, lines: Iterator[bytes], first: int, width: int
    ) -> Iterator[tuple[int, str, list[str] | None, str]]:
        """(line number, text, fields, broken rule or "") of every record."""
        ahead: deque[str] = deque()
        number = first
        source = (line.decode(errors="replace").removesuffix("\r") for line in lines)
        while ahead or _pulled(ahead, source):
            record, fields, used = self._record(ahead, source, width)
            yield number, record, fields, self._broken(record, fields, width)
            number += used
            for _ in range(used):
                ahead.popleft()

    def _record(self, ahead: deque[str], source: Iterator[str], width: int) -> tuple[str, list[str] | None, int]:
        first = ahead[0]
        if first.count(self.quote) % 2 == 0:
            return first, self.fields(first), 1
        joined = self._joined(ahead, source, width)
        return joined if joined else (first, None, 1)

    def _joined(self, ahead: deque[str], source: Iterator[str], width: int) -> tuple[str, list[str], int] | None:
        """A record whose quoted field runs over several lines, unless those lines are rows of their own."""
        quotes = ahead[0].count(self.quote)
        for used in range(2, MAX_RECORD_LINES + 1):
            if len(ahead) < used and not _pulled(ahead, source):
                return None
            line = ahead[used - 1]
            quotes += line.count(self.quote)
            if quotes % 2:
                if self._is_row(line, width):
                    return None
                continue
            record = "\n".join(list(ahead)[:used])
            fields = self.fields(record)
            good = fields is not None and len(fields) == width and not self._two_rows(fields)
            return (record, fields, used) if good and fields else None
        return None

    def _is_row(self, line: str, width: int) -> bool:
        return width > 1 and len(self.fields(line) or ()) == width

    def _two_rows(self, fields: list[str]) -> bool:
        """Whether a field over several lines reads like the end of one row and the beginning of another, each with a
        stray quote: then it is told as such, since a row must never vanish in a text.
        """
        return len(fields) > 1 and any(
            "\n" in value
            and value.partition("\n")[0].count(self.delimiter) >= len(fields) - 1 - at
            and value.rpartition("\n")[2].count(self.delimiter) >= at
            for at, value in enumerate(fields)
        )

    def _broken(self, record: str, fields: list[str] | None, width: int) -> str:
        if fields is None:
            return "stray_quote"
        if _BROKEN in record:
            return "broken_encoding"
        if not record.strip():
            return "blank_line"
        return "" if len(fields) == width else "ragged_row"
