"""The decisions as a file: one row a borrower who is treated, in order of borrower_id; who waits is not in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from forbear.basics.errors import WrongUse
from forbear.basics.output import require_room
from forbear.treatment.reading import ENDINGS, Capacities
from forbear.treatment.rows import Chosen

ROWS_AT_ONCE = 500_000


def check_targets(out: Path, certificate: Path | None, given: Sequence[Path]) -> None:
    """Refuse, before the work, places that cannot be written or that hold what is read.

    Raises:
        WrongUse: decisions that end neither in .parquet nor in .csv, a folder, a file that is read, one name for both.
    """
    if out.suffix.lower() not in ENDINGS:
        raise WrongUse(f"{out}: unknown kind of file", f"end its name with {' or '.join(ENDINGS)}")
    taken = {path.resolve() for path in given}
    for target, option in ((out, "--out"), (certificate, "--certificate")):
        if target is None:
            continue
        if target.is_dir():
            raise WrongUse(f"{option} {target}: a folder stands there", "name a file")
        if target.resolve() in taken:
            raise WrongUse(f"{option} {target}: is another file of this run", "name a file of its own")
        taken.add(target.resolve())
        require_room(target, option)


class Named(Protocol):
    """Ids of borrowers and names of actions by their numbers."""

    ids: pa.Array
    actions: tuple[str, ...]


def write_decisions(path: Path, chosen: Chosen, stock: Named, capacities: Capacities) -> None:
    """Write borrower_id, action, value and what each decision uses."""
    schema = pa.schema(
        [
            ("borrower_id", stock.ids.type),
            ("action", pa.string()),
            ("value", pa.float64()),
            *((name, pa.float64()) for name in capacities.names),
        ]
    )
    with _writer(path, schema) as writer:
        for batch in _batches(chosen, stock, schema):
            writer.write_batch(batch)


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter | pc_csv.CSVWriter:
    if path.suffix.lower() == ".csv":
        return pc_csv.CSVWriter(path, schema, write_options=pc_csv.WriteOptions(quoting_style="needed"))
    return pq.ParquetWriter(path, schema, use_dictionary=["action"], compression="zstd")


def _batches(chosen: Chosen, stock: Named, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    names = pa.array(stock.actions, pa.string())
    for start in range(0, len(chosen.borrower), ROWS_AT_ONCE):
        some = slice(start, start + ROWS_AT_ONCE)
        columns = [
            stock.ids.take(pa.array(chosen.borrower[some])),
            names.take(pa.array(chosen.action[some])),
            pa.array(chosen.value[some]),
            *(pa.array(use[some]) for use in chosen.use),
        ]
        yield pa.record_batch(columns, schema=schema)
