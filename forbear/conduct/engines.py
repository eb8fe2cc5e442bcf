"""Planning's engines: DuckDB, and Spark with the same SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import sqlglot

_ARROW = {"VARCHAR": pa.string(), "INTEGER": pa.int32(), "BIGINT": pa.int64(), "TIMESTAMP": pa.timestamp("us")}

SPREAD = 64
"""Bits for each row that are worth while to find a number given twice."""


class DuckEngine:
    """Tables in a DuckDB connection; see `planning.Engine`."""

    number = "ROW_NUMBER() OVER ()"
    hash = "HASH"

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def keep(self, name: str, query: str) -> None:
        """Make a table of a query."""
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")

    def view(self, name: str, query: str) -> None:
        """Name a query."""
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {query}")

    def repeats(self, table: str, column: str) -> bool:
        """Whether some value of a column stands in two rows; whole numbers close together are ticked off in bits."""
        kind, rows, least, most = self.connection.execute(
            f"SELECT ANY_VALUE(TYPEOF({column})), COUNT(*), MIN({column}), MAX({column}) FROM {table}"
        ).fetchall()[0]
        count = f"COUNT(DISTINCT {column})"
        if kind in ("BIGINT", "INTEGER") and most - least < SPREAD * rows:
            count = f"BIT_COUNT(BITSTRING_AGG({column}, {least}, {most}))"
        there, unlike = self.connection.execute(f"SELECT COUNT({column}), {count} FROM {table}").fetchall()[0]
        return bool(unlike < there or there < rows)

    def put(self, name: str, columns: Sequence[tuple[str, str]], rows: Sequence[tuple[Any, ...]]) -> None:
        """Make a table of rows."""
        cells = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
        arrow = pa.table({c: pa.array(v, _ARROW[kind]) for (c, kind), v in zip(columns, cells, strict=True)})
        self.connection.register("gate_put", arrow)
        self.keep(name, "SELECT * FROM gate_put")
        self.connection.unregister("gate_put")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.connection.execute(query).fetchall()

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns."""
        return [row[0] for row in self.connection.execute(f"DESCRIBE {table}").fetchall()]


class SparkEngine:
    """Tables as Parquet files behind views of a Spark session, so that no plan grows past its own query.

    The SQL is DuckDB's, rendered by sqlglot. Acts, contacts and facts must be views of the session, with instants as
    TIMESTAMP, and the session must be as `forbear.basics.spark` sets it up (UTC). The staging folder must be one
    that all its machines see.
    """

    number = "MONOTONICALLY_INCREASING_ID()"
    hash = "XXHASH64"

    def __init__(self, session: Any, staging: Path) -> None:
        self.session = session
        self.staging = staging
        self.made = 0

    def keep(self, name: str, query: str) -> None:
        """Make a table of a query."""
        frame = self._sql(query)
        self.made += 1
        file = (self.staging / f"{self.made}-{name}").as_posix()
        frame.write.parquet(file)
        self.session.read.schema(frame.schema).parquet(file).createOrReplaceTempView(name)

    def view(self, name: str, query: str) -> None:
        """Name a query."""
        self._sql(query).createOrReplaceTempView(name)

    def repeats(self, table: str, column: str) -> bool:
        """Whether some value of a column stands in two rows."""
        rows, unlike = self.rows(f"SELECT COUNT(*), COUNT(DISTINCT {column}) FROM {table}")[0]
        return bool(unlike < rows)

    def put(self, name: str, columns: Sequence[tuple[str, str]], rows: Sequence[tuple[Any, ...]]) -> None:
        """Make a table of rows."""
        kinds = ", ".join(f"{column} {_SPARK.get(kind, kind)}" for column, kind in columns)
        aware = [tuple(v.replace(tzinfo=UTC) if isinstance(v, datetime) else v for v in row) for row in rows]
        self.session.createDataFrame(aware, kinds).createOrReplaceTempView(name)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query; instants UTC, without a zone."""
        found = self._sql(query).toArrow()
        columns = [column.to_pylist() for column in found.columns]
        bare = [[v.replace(tzinfo=None) if isinstance(v, datetime) else v for v in column] for column in columns]
        return list(zip(*bare, strict=True))

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns."""
        return list(self.session.table(table).columns)

    def _sql(self, query: str) -> Any:
        rendered = sqlglot.transpile(query, read="duckdb", write="spark")[0]
        return self.session.sql(rendered.replace("EPOCH_US(", "UNIX_MICROS("))


_SPARK = {"VARCHAR": "STRING", "INTEGER": "INT"}
