"""The rows of an allocation behind an SQL engine: DuckDB, or Spark where the values live on a cluster.

Prices go out, and what comes back is the rows of those whom somebody must still look at: the sample, and in the box
of prices the one row of everybody whose choice stands and the rows of the few who are open. The rest of the work is
the same as on files. The queries are `tables/stock.sql`, `sampled.sql` and `narrowed.sql`, DuckDB's dialect,
rendered by sqlglot for Spark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import files
from string import Template
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import sqlglot

from forbear.basics.errors import UnreadableFile
from forbear.basics.spark import local_spark
from forbear.treatment.blocks import LEAST, SAMPLE
from forbear.treatment.master import ceilings
from forbear.treatment.prices import Problem
from forbear.treatment.reading import MOST, Capacities, ValuesFile
from forbear.treatment.rows import Chosen, Floats, Grid, Rows, split

UNFIT = "'nan', 'inf', '-inf', 'infinity', '-infinity'"
"""How engines write numbers that are none, in lower case."""

Run = Callable[[str], pa.Table]
"""Runs a query in DuckDB's dialect; gives its rows."""


class Engine(StrEnum):
    """Where the passes over all rows are made."""

    files = "files"
    duckdb = "duckdb"
    spark = "spark"


@contextmanager
def opened(engine: Engine, file: ValuesFile, capacities: Capacities) -> Iterator[Run]:
    """The view `offered` of the values on an engine.

    Raises:
        WrongUse: Spark or Java is not installed.
    """
    columns = ["borrower_id", "CAST(action AS VARCHAR) AS action", "CAST(value AS DOUBLE) AS value"]
    for k, (name, used) in enumerate(zip(capacities.names, file.used, strict=True)):
        quoted = '"' + name.replace('"', '""') + '"'
        columns.append(f"CAST({quoted if used else 0} AS DOUBLE) AS use_{k}")
    query = f"SELECT {', '.join(columns)} FROM offered_file"
    if engine is Engine.spark:
        session = local_spark()
        session.read.parquet(str(file.path)).createOrReplaceTempView("offered_file")
        session.sql(_spark(query)).createOrReplaceTempView("offered")
        yield lambda asked: session.sql(_spark(asked)).toArrow()
        return
    with duckdb.connect() as connection:
        path = str(file.path).replace("'", "''")
        connection.execute(f"CREATE VIEW offered_file AS SELECT * FROM read_parquet('{path}')")
        connection.execute(f"CREATE VIEW offered AS {query}")
        yield lambda asked: connection.sql(asked).to_arrow_table()


def _spark(query: str) -> str:
    return sqlglot.transpile(query, read="duckdb", write="spark")[0]


@dataclass
class SqlStock:
    """What is known of the values, as `decisions` asks for it.

    Attributes:
        ids: of the borrowers that came back in the last pass, by number, in rising order.
        actions: names by number, sorted.
        rows: how many.
        borrowers: how many.
    """

    ids: pa.Array
    actions: tuple[str, ...]
    rows: int
    borrowers: int


@dataclass
class SqlSource:
    """The rows of the view `offered`, as `solve` asks for them.

    Attributes:
        run: the engine.
        file: whose rows they are, for messages.
        capacities: names and limits.
    """

    run: Run
    file: ValuesFile
    capacities: Capacities
    stock: SqlStock = field(init=False)

    def __post_init__(self) -> None:
        numbers = range(len(self.capacities.names))
        columns = [
            f"MAX(use_{k}) AS most_{k}, "
            f"MAX(CASE WHEN use_{k} > CAST('{LEAST!r}' AS DOUBLE) THEN value / use_{k} END) AS ratio_{k}"
            for k in numbers
        ]
        cells = ["value", *(f"use_{k}" for k in numbers)]
        unfit = [f"COALESCE({c}, 'nan') IN ({UNFIT})" for c in map(_as_text, cells)]
        unfit += [f"use_{k} < 0" for k in numbers] + [f"ABS({c}) > CAST('{MOST!r}' AS DOUBLE)" for c in cells]
        unfit += [f"COALESCE(TRIM(CAST({c} AS VARCHAR)), '') = ''" for c in ("borrower_id", "action")]
        told = self._asked("stock", columns=", ".join(columns), unfit=" OR ".join(unfit)).to_pylist()[0]
        self._fit(told)
        names = self.run("SELECT DISTINCT action FROM offered ORDER BY action").column("action").to_pylist()
        self.stock = SqlStock(pa.array([]), tuple(sorted(names)), int(told["offers"]), int(told["borrowers"]))
        self.borrowers = self.stock.borrowers
        self.limit: Floats = np.array(self.capacities.limits, float)
        self.ceiling = ceilings(np.array([max(told[f"ratio_{k}"] or 0.0, 0.0) for k in numbers]))
        self.grid = Grid.covering(
            self.borrowers, told["most_value"] or 0.0, [told[f"most_{k}"] or 0.0 for k in numbers]
        )

    def _fit(self, told: Mapping[str, Any]) -> None:
        hint = "run it with --engine files, which names the row"
        if told["unfit"]:
            raise UnreadableFile(
                f"{self.file.told}: {told['unfit']} rows with a cell that is empty, "
                f"not finite, above {MOST:g} in size or a use below zero",
                hint,
            )
        if told["unlike"] < told["offers"]:
            raise UnreadableFile(f"{self.file.told}: a borrower has the same action twice", hint)

    def samples(self, borrowers: int) -> Sequence[Rows]:
        """The two halves of a sample."""
        share = min(SAMPLE / max(self.borrowers, 1), 1.0)
        limit = "g" if share >= 1 else f"{int(share * 16**8):08x}"
        found = self._asked("sampled", share=limit)
        part = found.column("part").to_numpy(zero_copy_only=False)
        return [self._rows(found.filter(pa.array(half)))[0] for half in (part, ~part)]

    def narrowed(self, low: Floats, high: Floats) -> tuple[Problem, list[Chosen]]:
        """The problem within a box of prices, and the choices settled there."""
        found = self._asked("narrowed", at_most=_reduced(low), at_least=_reduced(high))
        rows, ids = self._rows(found)
        self.stock.ids = ids
        settled = found.column("settled").to_numpy(zero_copy_only=False)
        chosen = rows.at(np.flatnonzero(settled))
        left = rows.of(~settled) if rows.borrowers else rows
        totals = self.grid.totals(chosen.value, chosen.use)
        return Problem(split(left) if left.borrowers else [], self.limit, totals, self.grid), [chosen]

    def _asked(self, name: str, **words: str) -> pa.Table:
        text = files("forbear.treatment").joinpath("tables", f"{name}.sql").read_text(encoding="utf-8")
        uses = ", ".join(f"use_{k}" for k in range(len(self.capacities.names)))
        return self.run(Template(text).safe_substitute(uses=uses, **words))

    def _rows(self, table: pa.Table) -> tuple[Rows, pa.Array]:
        """Rows in order of borrower and action as `Rows`, and the borrowers' ids by number."""
        ids = table.column("borrower_id").combine_chunks()
        numbers = ids.dictionary_encode()
        owner = numbers.indices.to_numpy()
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        codes = {name: n for n, name in enumerate(self.stock.actions)}
        action = np.array([codes[name] for name in table.column("action").to_pylist()], np.int32)
        uses = tuple(table.column(f"use_{k}").to_numpy() for k in range(len(self.capacities.names)))
        rows = Rows(np.arange(len(starts)), starts, action, table.column("value").to_numpy(), uses)
        return rows, numbers.dictionary


def _as_text(column: str) -> str:
    return f"LOWER(CAST({column} AS VARCHAR))"


def _reduced(prices: Floats) -> str:
    spent = (f" - use_{k} * CAST('{price!r}' AS DOUBLE)" for k, price in enumerate(prices.tolist()) if price)
    return "value" + "".join(spent)
