"""The values file as blocks of rows: read in pieces, whole borrowers together, every cell checked once.

Small books are kept in memory after the first reading; of large ones only the borrowers' ids are, and each pass
reads the file again, so that memory is bounded whatever the book. A file whose rows are not together by borrower is
sorted once into a temporary file. Nothing depends on the order of rows, nor on threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from forbear.basics.errors import UnreadableFile
from forbear.treatment.reading import FINITE, MOST, NOT_BELOW_ZERO, Capacities, ValuesFile, bad
from forbear.treatment.rows import Floats, Ints, Rows, over_blocks

PIECE = 1 << 19
"""Rows read at a time."""
KEPT_BYTES = 1_200_000_000
"""Rows are kept in memory up to this; beyond it they are read again at every pass."""
BYTES_A_NUMBER = 8
SORTING_MEMORY = "1500MB"
MASKED_ACTIONS = 62
"""Actions that fit one mask of bits, by which a row given twice is found without sorting."""


SAMPLE = 150_000
"""Borrowers drawn into the sample, about."""
GUESSED_ACTIONS = 16
"""Rows of a borrower, for the share to draw: the number of borrowers is not known before the end."""
MOST_ID = np.iinfo(np.int64).max
"""Greatest id that is a whole number."""
LEAST = 1e-100
"""Uses below this are next to nothing: they have no part in how high a price may go."""
_MOST_HASH = np.iinfo(np.uint64).max - 1024  # as a float it must not round up past the greatest
Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Piece:
    """Some borrowers' rows as read: a batch, the first row of each borrower, numbers of the first row and borrower."""

    batch: pa.RecordBatch
    starts: Ints
    row: int
    borrower: int


class NotTogether(Exception):
    """The rows of some borrower stand apart in the file."""


@dataclass
class Stock:
    """What one reading of the values learns.

    Attributes:
        ids: of the borrowers, by their number; in rising order once the reading is over.
        actions: names of the actions, by number; sorted once the reading is over.
        rows: how many.
        most_value, most_use: greatest sizes, for the grid.
        most_ratio: greatest value per unit of each capacity.
        whole: for each capacity whether all uses are whole numbers.
        sample: rows of borrowers drawn by a hash of their ids, and the hash of each.
        blocks: the rows, when they are few enough.
        rank: for each borrower's number in the file that in order of ids; None when they are the same.
    """

    ids: pa.Array
    actions: tuple[str, ...]
    rows: int
    most_value: float
    most_use: Floats
    most_ratio: Floats
    whole: NDArray[np.bool_]
    sample: list[tuple[Rows, Hashes]]
    blocks: list[Rows] | None
    rank: Ints | None

    @property
    def borrowers(self) -> int:
        """How many."""
        return len(self.ids)


@dataclass
class _Names:
    """Actions numbered as they are met."""

    known: dict[str, int] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def numbers(self, column: pa.DictionaryArray) -> NDArray[np.int32]:
        with self.lock:
            met = [self.known.setdefault(str(name), len(self.known)) for name in column.dictionary.to_pylist()]
        numbers: NDArray[np.int32] = np.array(met, np.int32)[column.indices.to_numpy(zero_copy_only=False)]
        return numbers


@dataclass(frozen=True)
class _Learned:
    rows: Rows
    sample: tuple[Rows, Hashes]
    heads: pa.Array
    most_value: float
    most_use: Floats
    most_ratio: Floats
    whole: NDArray[np.bool_]


def take_stock(file: ValuesFile, capacities: Capacities) -> Stock:
    """Read and check the whole file.

    Raises:
        UnreadableFile: a cell that cannot be used, or a borrower with the same action twice; names the row.
        NotTogether: read a sorted copy instead (`together`).
    """
    names, size = _Names(), len(capacities.names)
    stock = Stock(pa.array([]), (), 0, 0.0, np.zeros(size), np.zeros(size), np.ones(size, bool), [], [], None)
    expected = max(pq.read_metadata(file.path).num_rows, 1)
    share = min(1.0, SAMPLE * GUESSED_ACTIONS / expected)
    if expected * (size + 1) * BYTES_A_NUMBER > KEPT_BYTES:
        stock.blocks = None
    heads: list[pa.Array] = []
    for learned in over_blocks(
        lambda piece: _learn(piece, file, capacities, names, share), pieces(file, capacities)
    ):
        stock.sample.append(learned.sample)
        heads.append(learned.heads)
        stock.rows += len(learned.rows.value)
        stock.most_value = max(stock.most_value, learned.most_value)
        stock.most_use = np.maximum(stock.most_use, learned.most_use)
        stock.most_ratio = np.maximum(stock.most_ratio, learned.most_ratio)
        stock.whole &= learned.whole
        if stock.blocks is not None:
            stock.blocks.append(learned.rows)
    stock.ids, stock.rank = _ordered(heads)
    stock.actions = tuple(sorted(names.known))
    if names.known:
        code = np.array([stock.actions.index(name) for name in names.known], np.int32)
        made = (_renumbered(block, stock.rank, code[block.action]) for block in stock.blocks or ())
        stock.blocks = None if stock.blocks is None else list(made)
        stock.sample = [(_renumbered(r, stock.rank, code[r.action]), drawn) for r, drawn in stock.sample]
    return stock


def blocks(file: ValuesFile, capacities: Capacities, stock: Stock) -> Iterator[Rows]:
    """The rows, block by block: from memory or from the file, borrowers numbered in order of ids."""
    if stock.blocks is not None:
        yield from stock.blocks
        return
    numbers = {name: n for n, name in enumerate(stock.actions)}

    def made(piece: Piece) -> Rows:
        names = _Names(dict(numbers))
        rows = _rows(piece, capacities, names)
        return _renumbered(rows, stock.rank, rows.action)

    yield from over_blocks(made, pieces(file, capacities))


def together(file: ValuesFile, staging: Path) -> ValuesFile:
    """The same rows in a temporary file, sorted by borrower."""
    target = staging / "sorted.parquet"
    source, out, spill = (str(p).replace("'", "''") for p in (file.path, target, staging / "spill"))
    with duckdb.connect() as connection:
        connection.execute(
            f"SET memory_limit = '{SORTING_MEMORY}'; SET temp_directory = '{spill}'; SET threads = 2"
        )
        connection.execute(
            f"""COPY (SELECT * FROM read_parquet('{source}') ORDER BY borrower_id)
            TO '{out}' (FORMAT parquet, ROW_GROUP_SIZE 500000)"""
        )
    return replace(file, path=target)


def pieces(file: ValuesFile, capacities: Capacities) -> Iterator[Piece]:
    """The file in pieces of whole borrowers; one whose rows cross the end of a piece comes by itself."""
    columns = ["borrower_id", "action", "value"]
    columns += [name for name, used in zip(capacities.names, file.used, strict=True) if used]
    reader = pq.ParquetFile(file.path, read_dictionary=["action"], memory_map=False)
    crossing: list[pa.RecordBatch] = []
    row, borrower = 1, 0
    for read in reader.iter_batches(PIECE, columns=columns):
        batch = _plain_ids(file, read, row + sum(b.num_rows for b in crossing))
        starts = _starts(batch.column("borrower_id"))
        if crossing and crossing[-1].column("borrower_id")[-1].equals(batch.column("borrower_id")[0]):
            first = int(starts[1]) if len(starts) > 1 else batch.num_rows
            crossing.append(batch.slice(0, first))
            batch, starts = batch.slice(first), starts[1:] - first
        if not batch.num_rows:
            continue
        if crossing:
            yield _single(crossing, row, borrower)
            row, borrower = row + sum(b.num_rows for b in crossing), borrower + 1
        last = int(starts[-1])
        if last:
            yield Piece(batch.slice(0, last), starts[:-1], row, borrower)
            row, borrower = row + last, borrower + len(starts) - 1
        crossing = [batch.slice(last)]
    if crossing:
        yield _single(crossing, row, borrower)


def _single(parts: Sequence[pa.RecordBatch], row: int, borrower: int) -> Piece:
    if len(parts) == 1:
        return Piece(parts[0], np.zeros(1, np.int64), row, borrower)
    table = pa.Table.from_batches(parts).unify_dictionaries().combine_chunks()
    return Piece(table.to_batches()[0], np.zeros(1, np.int64), row, borrower)


def _plain_ids(file: ValuesFile, batch: pa.RecordBatch, row: int) -> pa.RecordBatch:
    """The batch with borrower_id as plain text or int64, and no empty cells in it."""
    ids = batch.column("borrower_id")
    if ids.null_count:
        at = int(np.flatnonzero(ids.is_null().to_numpy(zero_copy_only=False))[0])
        raise bad(file.told, row + at, "borrower_id", None, "the id of a borrower")
    if pa.types.is_dictionary(ids.type):
        ids = ids.dictionary_decode()
    if pa.types.is_uint64(ids.type) and len(ids) and pc.max(ids).as_py() > MOST_ID:
        at = int(np.flatnonzero(ids.to_numpy() > MOST_ID)[0])
        raise bad(file.told, row + at, "borrower_id", ids[at].as_py(), f"text, or a whole number up to {MOST_ID}")
    kind = pa.int64() if pa.types.is_integer(ids.type) else pa.string()
    return batch.set_column(batch.schema.get_field_index("borrower_id"), "borrower_id", ids.cast(kind))


def _starts(ids: pa.Array) -> Ints:
    if pa.types.is_integer(ids.type):
        numbers = ids.to_numpy()
        differs = numbers[1:] != numbers[:-1]
    else:
        differs = pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1)).to_numpy(zero_copy_only=False)
    return np.concatenate([np.zeros(1, np.int64), np.flatnonzero(differs) + 1])


def _rows(piece: Piece, capacities: Capacities, names: _Names) -> Rows:
    batch, size = piece.batch, piece.batch.num_rows
    none = np.zeros(size if set(capacities.names) - set(batch.schema.names) else 0)
    uses = tuple(_numbers(batch.column(n)) if n in batch.schema.names else none for n in capacities.names)
    action = names.numbers(batch.column("action"))
    borrower = np.arange(piece.borrower, piece.borrower + len(piece.starts))
    return Rows(borrower, piece.starts, action, _numbers(batch.column("value")), uses)


def _numbers(column: pa.Array) -> Floats:
    if pa.types.is_decimal(column.type):  # Arrow's own way to a float may miss the nearest one
        column = column.cast(pa.string())
    found: Floats = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return found


def _learn(piece: Piece, file: ValuesFile, capacities: Capacities, names: _Names, share: float) -> _Learned:
    _no_empty(piece, file)
    rows = _rows(piece, capacities, names)
    _finite(rows.value, piece, file, "value", least=-np.inf)
    most_use, most_ratio = np.zeros(len(rows.uses)), np.zeros(len(rows.uses))
    whole = np.ones(len(rows.uses), bool)
    for k, use in enumerate(rows.uses):
        _finite(use, piece, file, capacities.names[k], least=0.0)
        most_use[k] = use.max()
        if most_use[k] > 0:
            ratio = np.divide(rows.value, use, out=np.zeros(len(use)), where=use > LEAST)
            most_ratio[k] = max(float(ratio.max()), 0.0)
            whole[k] = bool((use == np.rint(use)).all())
    _once(rows, piece, file)
    heads = piece.batch.column("borrower_id").take(pa.array(piece.starts))
    _no_blank(heads, piece, file)
    drawn = quick_hash(heads)
    taken = drawn <= np.uint64(share * float(_MOST_HASH))
    sample = (rows.of_borrowers(taken), drawn[taken])
    return _Learned(rows, sample, heads, float(np.abs(rows.value).max()), most_use, most_ratio, whole)


def _no_empty(piece: Piece, file: ValuesFile) -> None:
    for name, column in zip(piece.batch.schema.names, piece.batch.columns, strict=True):
        if column.null_count:
            at = int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
            raise bad(file.told, piece.row + at, name, None, _EXPECTED.get(name, NOT_BELOW_ZERO))
    named = piece.batch.column("action")
    blank = [code for code, name in enumerate(named.dictionary.to_pylist()) if not str(name).strip()]
    found = np.flatnonzero(np.isin(named.indices.to_numpy(), blank)) if blank else np.empty(0, np.int64)
    if len(found):
        name = named[int(found[0])].as_py()
        raise bad(file.told, piece.row + int(found[0]), "action", name, _EXPECTED["action"])


def _no_blank(heads: pa.Array, piece: Piece, file: ValuesFile) -> None:
    """Refuse an id of blanks alone."""
    if pa.types.is_integer(heads.type):
        return
    at = pc.index(pc.utf8_trim_whitespace(heads), "").as_py()
    if at >= 0:
        row = piece.row + int(piece.starts[at])
        raise bad(file.told, row, "borrower_id", heads[at].as_py(), "the id of a borrower")


_EXPECTED = {"action": "the name of an action", "value": FINITE}


def _finite(numbers: Floats, piece: Piece, file: ValuesFile, name: str, least: float) -> None:
    lowest, highest = float(numbers.min()), float(numbers.max())  # NaN comes through both
    if lowest >= max(least, -MOST) and highest <= MOST:
        return
    at = int(np.flatnonzero(~((np.abs(numbers) <= MOST) & (numbers >= least)))[0])
    found = float(numbers[at])
    large = np.isfinite(found) and found >= least
    expected = f"a number of at most {MOST:g} in size" if large else _EXPECTED.get(name, NOT_BELOW_ZERO)
    raise bad(file.told, piece.row + at, name, found, expected)


def _once(rows: Rows, piece: Piece, file: ValuesFile) -> None:
    """Refuse a borrower with the same action twice."""
    if rows.action.max() < MASKED_ACTIONS:
        bits = np.left_shift(np.int64(1), rows.action.astype(np.int64))
        twice = np.bitwise_or.reduceat(bits, rows.starts) != np.add.reduceat(bits, rows.starts)
    else:
        owner = np.repeat(np.arange(rows.borrowers), rows.counts())
        order = np.lexsort((rows.action, owner))
        same = (np.diff(owner[order]) == 0) & (np.diff(rows.action[order]) == 0)
        twice = np.bincount(owner[order[1:]][same], minlength=rows.borrowers) > 0
    if not twice.any():
        return
    borrower = int(np.flatnonzero(twice)[0])
    first = int(rows.starts[borrower])
    mine = rows.action[first : first + int(rows.counts()[borrower])].tolist()
    at = next(n for n, action in enumerate(mine) if action in mine[:n])
    who = piece.batch.column("borrower_id")[first].as_py()
    action = piece.batch.column("action")[first + at].as_py()
    raise given_twice(file, who, action)


def given_twice(file: ValuesFile, borrower: object, action: object) -> UnreadableFile:
    """The error for a borrower and action that stand in two rows, with both rows as the file has them."""
    with duckdb.connect() as connection:
        source = str(file.as_told).replace("'", "''")
        found = connection.execute(
            f"""SELECT file_row_number + 1 FROM read_parquet('{source}', file_row_number = true)
            WHERE borrower_id = ? AND action = ? ORDER BY 1 LIMIT 2""",
            [borrower, action],
        ).fetchall()
    rows = [int(row[0]) for row in found]
    earlier = f" (also in row {rows[0]})" if len(rows) > 1 else ""
    return bad(
        file.told,
        rows[-1] if rows else None,
        "action",
        action,
        f"one row for borrower {borrower!r} with this action{earlier}",
        "give each borrower each action once",
    )


_HASHING = duckdb.connect()


def quick_hash(ids: pa.Array) -> Hashes:
    """A hash of ids that is the same wherever they stand; for drawing samples, not for ties."""
    given = pa.table({"id": ids})
    with _HASHING.cursor() as connection:
        connection.register("given", given)
        found: Hashes = connection.execute("SELECT hash(id) AS h FROM given").fetchnumpy()["h"]
    return found


def _ordered(heads: list[pa.Array]) -> tuple[pa.Array, Ints | None]:
    """The ids in rising order, and each borrower's place in it where the file's order is another.

    Raises:
        NotTogether: an id begins more than one run of rows.
    """
    ids = pa.chunked_array(heads).combine_chunks() if heads else pa.array([], pa.string())
    if isinstance(ids, pa.ChunkedArray):  # more text than one array can hold
        ids = pa.concat_arrays([c.cast(pa.large_string()) for c in ids.chunks])
    if len(ids) < 2 or _all(pc.less(ids.slice(0, len(ids) - 1), ids.slice(1))):
        return ids, None
    order = pc.sort_indices(ids)
    ids = ids.take(order)
    if not _all(pc.less(ids.slice(0, len(ids) - 1), ids.slice(1))):
        raise NotTogether
    rank = np.empty(len(ids), np.int64)
    rank[order.to_numpy()] = np.arange(len(ids))
    return ids, rank


def _all(flags: Any) -> bool:
    return bool(pc.all(flags).as_py())


def _renumbered(rows: Rows, rank: Ints | None, action: NDArray[np.int32]) -> Rows:
    borrower = rows.borrower if rank is None else rank[rows.borrower]
    return Rows(borrower, rows.starts, action, rows.value, rows.uses)
