"""`forbear allocate`: one action a borrower at most, all shared capacities held, as much value as can be had.

Knows nothing of why an action has its value, or of who may be contacted: what the gate forbids must not be among
the rows. Waiting is always possible, at value 0 and no use, and is what everybody does who is not among the
decisions.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from forbear.basics.output import aside_of
from forbear.treatment.blocks import NotTogether, Stock, blocks, take_stock, together
from forbear.treatment.certificate import Certificate, certificate, file_fingerprint
from forbear.treatment.decisions import check_targets, write_decisions
from forbear.treatment.keys import DEFAULT_KEY, keyed_hash
from forbear.treatment.master import ceilings
from forbear.treatment.prices import Problem
from forbear.treatment.reading import Capacities, ValuesFile, open_values, read_capacities
from forbear.treatment.rows import Chosen, Floats, Grid, Ints, Rows, Totals, joined, narrow, over_blocks
from forbear.treatment.solve import Solved, solve
from forbear.treatment.sql_source import Engine, SqlSource, opened


@dataclass
class FileSource:
    """The rows of a values file, as `solve` asks for them.

    Attributes:
        file: what is read.
        capacities: names and limits.
        stock: what the first reading learned.
    """

    file: ValuesFile
    capacities: Capacities
    stock: Stock

    def __post_init__(self) -> None:
        self.borrowers = self.stock.borrowers
        self.limit: Floats = np.array(self.capacities.limits, float)
        self.ceiling = ceilings(self.stock.most_ratio)
        self.grid = Grid.covering(self.borrowers, self.stock.most_value, self.stock.most_use.tolist())
        self.whole = self.stock.whole

    def samples(self, borrowers: int) -> Sequence[Rows]:
        """Two samples: those with the lowest hashes, and the next."""
        drawn = np.concatenate([hashes for _, hashes in self.stock.sample])
        rows = joined([r for r, _ in self.stock.sample], len(self.limit))
        size = min(borrowers, len(drawn) // 2)
        first, second = np.partition(drawn, [size, 2 * size - 1])[[size, 2 * size - 1]]
        return rows.of_borrowers(drawn < first), rows.of_borrowers((drawn >= first) & (drawn <= second))

    def narrowed(self, low: Floats, high: Floats) -> tuple[Problem, list[Chosen]]:
        """The problem within a box of prices, and the choices settled there."""
        lowest, highest = low.tolist(), high.tolist()
        settled: list[Chosen] = []
        left: list[Rows] = []
        totals: Totals = self.grid.none()
        source = blocks(self.file, self.capacities, self.stock)
        for part in over_blocks(lambda rows: narrow(rows, lowest, highest, self.grid), source):
            settled.append(part.settled)
            totals += part.totals
            if part.open.borrowers:
                left.append(part.open)
        return Problem(left, self.limit, totals, self.grid), settled


@dataclass(frozen=True)
class Allocation:
    """What `allocate` did.

    Attributes:
        certificate: prices, bound, value, use: see `docs/allocation.md`.
        out: the decisions.
    """

    certificate: Certificate
    out: Path


def allocate(
    values: Path,
    capacities: Path,
    out: Path,
    *,
    certificate_path: Path | None = None,
    key: str = DEFAULT_KEY,
    ignored: Sequence[str] = (),
    engine: Engine = Engine.files,
) -> Allocation:
    """Decide, write the decisions and their certificate: aside, and in their places at the end, whole or not at all.

    Args:
        values: Parquet or CSV, one row a borrower and action: borrower_id, action, value and a column for each
            capacity used. Values are expected gains in any one unit: estimates, not money owed, hence floats.
        capacities: Parquet or CSV: capacity, limit.
        out: Parquet or CSV for the decisions; who waits is not in it.
        certificate_path: where the certificate goes; nowhere when None.
        key: of the hash that tells equals apart.
        ignored: columns of the values to pass over.
        engine: what makes the passes over all rows.

    Raises:
        UnreadableFile: a file or cell that cannot be used.
        WrongUse: the decisions or the certificate cannot be written under that name, or Spark is not installed.
    """
    check_targets(out, certificate_path, given=(values, capacities))
    limits = read_capacities(capacities)
    with (
        tempfile.TemporaryDirectory(prefix="forbear-") as folder,
        ThreadPoolExecutor(1) as beside,
        ExitStack() as stack,
    ):
        fingerprint = beside.submit(file_fingerprint, values)
        file = open_values(values, limits, Path(folder), ignored)
        source = stack.enter_context(_opened(engine, file, limits, Path(folder)))
        solved = solve(source, lambda borrowers: _hashed(source, borrowers, key))
        with aside_of(out) as made:
            write_decisions(made, solved.chosen, source.stock, limits)
            told = _certified(source, solved, key, fingerprint, capacities, made)
            if certificate_path:
                with aside_of(certificate_path) as written:
                    told.write(written)
    return Allocation(told, out)


@contextmanager
def _opened(
    engine: Engine, file: ValuesFile, capacities: Capacities, staging: Path
) -> Iterator[FileSource | SqlSource]:
    if engine is not Engine.files:
        with opened(engine, file, capacities) as run:
            yield SqlSource(run, file, capacities)
        return
    try:
        stock = take_stock(file, capacities)
    except NotTogether:
        file = together(file, staging)
        stock = take_stock(file, capacities)
    yield FileSource(file, capacities, stock)


def _hashed(source: FileSource | SqlSource, borrowers: Ints, key: str) -> NDArray[np.uint64]:
    return keyed_hash(source.stock.ids.take(pa.array(borrowers)), key)


def _certified(
    source: FileSource | SqlSource, solved: Solved, key: str, values: Future[str], capacities: Path, decisions: Path
) -> Certificate:
    chosen = solved.chosen
    value, used = source.grid.real(source.grid.totals(chosen.value, chosen.use))
    counts = np.bincount(chosen.action, minlength=len(source.stock.actions))
    actions = {name: int(n) for name, n in zip(source.stock.actions, counts, strict=True) if n}
    return certificate(
        capacities=source.capacities,
        prices=solved.prices,
        used=used,
        bound=solved.bound,
        value=value,
        borrowers=source.borrowers,
        rows=source.stock.rows,
        actions=actions,
        key=key,
        fingerprints={
            "values": values.result(),
            "capacities": file_fingerprint(capacities),
            "decisions": file_fingerprint(decisions),
        },
    )
