"""The file of scores: Parquet or CSV, written aside first and then put in place."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from forbear.basics.errors import WrongUse
from forbear.basics.output import aside_of, require_room

FORMS = (".parquet", ".csv")


def place_for_scores(out: str | Path) -> Path:
    """The file that scores may be written to: asked before the work.

    Raises:
        WrongUse: another ending, a folder of that name, or no folder to write it into.
    """
    target = Path(out)
    if target.suffix not in FORMS:
        raise WrongUse(f"{target}: ends neither in .parquet nor in .csv", "name such a file with --out")
    if target.is_dir():
        raise WrongUse(f"{target}: is a folder", "name a file with --out")
    require_room(target)
    return target


def write_scores(table: pa.Table, out: str | Path) -> Path:
    """Write scores as Parquet or CSV, by the file's ending, aside first and then in place.

    Raises:
        WrongUse: another ending, or the file cannot be written.
    """
    target = place_for_scores(out)
    with aside_of(target) as made:
        if target.suffix == ".csv":
            pa_csv.write_csv(table, made)
        else:
            pq.write_table(table, made)
    return target
