"""The decisions as a file: one row a borrower who is treated, in order of borrower_id; who waits is not in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from forbear.basics.errors import WrongUse
from forbear.treatment.reading import ENDINGS, Capacities
from forbear.treatment.rows import Chosen

ROWS_AT_ONCE = 500_000


def check_target(out: Path) -> None:
    """Refuse a name whose ending says no known kind of file.

    Raises:
        WrongUse: neither .parquet nor .csv.
    """
    if out.suffix.lower() not in ENDINGS:
        raise WrongUse(f"{out}: unknown kind of file", f"end its name with {' or '.join(ENDINGS)}")


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
