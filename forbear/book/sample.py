"""A made-up book of any size, with the payment habits of real ones, in minutes for ten million loans.

The loans are made in blocks that know nothing of each other, each from random numbers of its own, and written in
files of several blocks side by side: the same arguments give the same bytes, whatever the number of threads. All
people and loans are invented; `sample.toml` says which published aggregates shaped their habits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from forbear.basics.errors import WrongUse
from forbear.book.files import SETTINGS_FILE, find
from forbear.book.sample_contacts import contacts
from forbear.book.sample_habits import payments
from forbear.book.sample_loans import Calendar, borrower_count, borrowers, calendar, loans_of_block
from forbear.book.sample_recipe import Recipe, recipe
from forbear.book.sample_schedule import schedule
from forbear.book.sample_tables import (
    borrowers_table,
    contacts_table,
    installments_table,
    loans_table,
    payments_table,
)

BLOCK = 50_000
"""Loans made at once, and a row group in Parquet: about 300 MB while one is made."""
BLOCKS_A_FILE = 10
TABLES = ("loans", "installments", "payments", "contacts", "borrowers")
LANGUAGES, FORMATS = ("zh", "en"), ("parquet", "csv")
MOST_LOANS = 1_000_000_000
FIRST_YEAR, LAST_YEAR = 1975, 2190
MARK = "# Made by `forbear sample"
SETTINGS = """{mark} --loans {loans} --seed {seed} --as-of {as_of} --language {language} --format {form}`.
# Every person and loan in this book is invented.
currency = "CNY"
time_zone = "Asia/Shanghai"
"""


@dataclass(frozen=True)
class Sample:
    """What was made: where, and how many rows of each table."""

    path: Path
    rows: dict[str, int]


@dataclass(frozen=True)
class _Job:
    """What every file of a sample is made from."""

    out: Path
    loans: int
    seed: int
    as_of: date
    language: str
    form: str
    recipe: Recipe
    when: Calendar


def make_sample(
    out: str | Path,
    *,
    loans: int,
    as_of: date,
    seed: int = 1,
    language: str = "zh",
    form: str = "parquet",
    threads: int = 2,
    force: bool = False,
    progress: Callable[[int], None] = lambda _loans: None,
) -> Sample:
    """Write a sample book into the folder `out`; an earlier sample there is replaced, another book is not.

    Args:
        out: the folder; made when it does not exist.
        loans: how many loans, disbursed over the two years before `as_of`.
        as_of: the day up to which payments and contacts are known.
        seed: another number makes another book.
        language: `zh` or `en`, of products, regions and the like.
        form: `parquet` (money in minor units) or `csv` (money in the major unit).
        threads: files made side by side; no influence on what is in them.
        force: replace the tables in `out` whoever made them.
        progress: called with the number of loans just made.

    Raises:
        WrongUse: an argument is out of range, or the folder holds tables that no sample made.
    """
    _check(loans, as_of, language, form)
    when = calendar(recipe(), loans, as_of)
    job = _Job(_emptied(Path(out), force=force), loans, seed, as_of, language, form, recipe(), when)
    told = SETTINGS.format(mark=MARK, loans=loans, seed=seed, as_of=as_of, language=language, form=form)
    (job.out / SETTINGS_FILE).write_text(told, encoding="utf-8")
    firsts = range(1, loans + 1, BLOCK * BLOCKS_A_FILE)
    with ThreadPoolExecutor(max(1, threads)) as pool:
        counts = list(pool.map(partial(_write_file, job, len(firsts) > 1, progress), firsts))
    return Sample(job.out, {name: sum(c[name] for c in counts) for name in TABLES})


def _check(loans: int, as_of: date, language: str, form: str) -> None:
    if not 1 <= loans <= MOST_LOANS:
        raise WrongUse(f"a sample of {loans} loans cannot be made", f"ask for 1 to {MOST_LOANS:,} loans")
    if not FIRST_YEAR <= as_of.year <= LAST_YEAR:
        raise WrongUse(f"a sample as of {as_of} cannot be made", f"name a day of {FIRST_YEAR} to {LAST_YEAR}")
    for value, known in ((language, LANGUAGES), (form, FORMATS)):
        if value not in known:
            raise WrongUse(f"{value!r} is not one of {', '.join(known)}")


def _emptied(out: Path, *, force: bool) -> Path:
    """The folder, with the tables of an earlier sample removed so that none of its files stay among the new."""
    if out.exists() and not out.is_dir():
        raise WrongUse(f"{out} is a file", "name a folder for the sample")
    held = [p for paths in find(out).tables.values() for p in paths] if out.exists() else []
    settings = out / SETTINGS_FILE
    ours = settings.is_file() and settings.read_text(encoding="utf-8", errors="replace").startswith(MARK)
    if held and not (ours or force):
        raise WrongUse(
            f"{out} holds {held[0].relative_to(out)}, which no sample made",
            "name an empty folder, or say --force to replace the tables there",
        )
    for path in held:
        path.unlink()
    out.mkdir(parents=True, exist_ok=True)
    return out


def _write_file(job: _Job, several: bool, progress: Callable[[int], None], first: int) -> dict[str, int]:
    """Make one file of each table, for the loans from `first` on, block by block."""
    last = min(first + BLOCK * BLOCKS_A_FILE - 1, job.loans)
    rows = dict.fromkeys(TABLES, 0)
    with ExitStack() as stack:
        sinks: dict[str, _Sink] = {}
        for tables, made in _blocks(job, first, last):
            for name, table in tables.items():
                if name not in sinks:
                    sinks[name] = stack.enter_context(_Sink(job, name, first if several else 0, table.schema))
                sinks[name].write(table)
                rows[name] += table.num_rows
            progress(made)
    return rows


def _blocks(job: _Job, first: int, last: int) -> Iterator[tuple[dict[str, pa.Table], int]]:
    for start in range(first, last + 1, BLOCK):
        end = min(start + BLOCK - 1, last)
        yield _block(job, start, end), end - start + 1


def _block(job: _Job, first: int, last: int) -> dict[str, pa.Table]:
    """All tables of the loans `first` to `last`; each person comes with the block of their first loan."""
    major = job.form == "csv"
    loans = loans_of_block(job.recipe, job.when, job.seed, first, last, job.as_of)
    plan = schedule(job.recipe, loans)
    paid, late = payments(job.recipe, loans, plan, job.seed, job.when.as_of)
    called = contacts(job.recipe, loans, late, job.seed, job.when.as_of)
    known = borrower_count(job.recipe, first - 1) if first > 1 else 0
    people = np.arange(known + 1, borrower_count(job.recipe, last) + 1, dtype=np.int64)
    return {
        "loans": loans_table(job.recipe, loans, job.language, major=major),
        "installments": installments_table(loans, plan, major=major),
        "payments": payments_table(job.recipe, loans, paid, major=major),
        "contacts": contacts_table(job.recipe, loans, called),
        "borrowers": borrowers_table(job.recipe, borrowers(job.recipe, job.seed, people, job.as_of), job.language),
    }


class _Sink:
    """One file being written, a row group a block."""

    def __init__(self, job: _Job, table: str, first: int, schema: pa.Schema) -> None:
        name = f"{table}.{job.form}"
        if first:
            (job.out / table).mkdir(exist_ok=True)
            name = f"{table}/part-{(first - 1) // (BLOCK * BLOCKS_A_FILE):04}.{job.form}"
        self._writer = (
            pa.csv.CSVWriter(job.out / name, schema, write_options=pa.csv.WriteOptions(quoting_style="needed"))
            if job.form == "csv"
            else pa.parquet.ParquetWriter(job.out / name, schema, compression="zstd", compression_level=1)
        )

    def __enter__(self) -> _Sink:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def write(self, table: pa.Table) -> None:
        """Add a block's rows."""
        if isinstance(self._writer, pa.csv.CSVWriter):
            self._writer.write_table(table)
        else:
            self._writer.write_table(table, row_group_size=max(1, table.num_rows))
