"""Files of experiments and logs: read, checked by name, row and column, handed to the pure parts."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv

from forbear.basics.errors import UnreadableFile
from forbear.treatment import csv_text
from forbear.treatment.experiment import Arm, Experiment, Guard, assign, judged
from forbear.treatment.offpolicy import Floats, Logged, cross_fitted, evaluate
from forbear.treatment.reading import ENDINGS, NUMBER, all_of

TRUTHS = {"true": 1.0, "false": 0.0}
"""Yes and no as CSV files spell them."""
HINT = "its form is explained in docs/experiments.md"


def assign_file(plan: Path, borrowers: Path, out: Path) -> dict[str, int]:
    """Write the arm of every borrower of a file; gives how many each arm has.

    Raises:
        UnreadableFile: a file or cell that cannot be used; WrongUse: the plan makes no experiment.
    """
    experiment, _ = read_plan(plan)
    table = read_table(borrowers, ("borrower_id",))
    ids = [str(value) for value in table["borrower_id"].to_pylist()]
    for row, one in enumerate(table["borrower_id"].to_pylist(), start=1):
        if one is None:
            raise UnreadableFile(
                f"{borrowers}, row {row}, column borrower_id: empty, expected a borrower's id", HINT
            )
    if len(set(ids)) < len(ids):
        twice = next(one for one in ids if ids.count(one) > 1)
        raise UnreadableFile(
            f"{borrowers}, column borrower_id: {twice!r} stands in several rows, expected one", HINT
        )
    strata = dict(zip(ids, texts(table, "stratum"), strict=True))
    before = {one: arm for one, arm in zip(ids, texts(table, "arm"), strict=True) if arm}
    made = assign(experiment, strata, before)
    told = pa.table({"borrower_id": ids, "stratum": [strata[i] for i in ids], "arm": [made[i] for i in ids]})
    out.parent.mkdir(parents=True, exist_ok=True)
    pc_csv.write_csv(told, out)
    return {arm.name: sum(one == arm.name for one in made.values()) for arm in experiment.arms}


def compare_file(plan: Path, results: Path, alpha: float) -> dict[str, Any]:
    """Verdicts on every challenger of a plan from a file of results."""
    experiment, guards = read_plan(plan)
    wanted = ("result", *(g.of for g in guards))
    table = read_table(results, ("arm", *wanted))
    arms = np.array(texts(table, "arm"))
    strangers = sorted(set(arms.tolist()) - {arm.name for arm in experiment.arms})
    if strangers:
        raise UnreadableFile(f"{results}, column arm: {strangers[0]!r} is no arm of {experiment.name}", HINT)
    columns = {name: numbers(table, name, results) for name in wanted}
    of = {arm.name: {n: c[arms == arm.name] for n, c in columns.items()} for arm in experiment.arms}
    champion = experiment.arms[0].name
    verdicts = [(arm.name, judged(of[arm.name], of[champion], guards, alpha)) for arm in experiment.arms[1:]]
    return {
        "experiment": experiment.name,
        "champion": champion,
        "alpha": alpha,
        "challengers": [{"arm": name, **_plain(verdict)} for name, verdict in verdicts],
    }


def evaluate_files(log: Path, target: Path) -> dict[str, Any]:
    """Estimates of a target strategy from a log; doubly robust when the log has features (`x_` columns)."""
    logged = read_table(log, ("action", "result"))
    wanted = read_table(target, ())
    steps = sorted(name[2:] for name in logged.column_names if name.startswith("p_"))
    missing = [f"p_{s}" for s in steps if f"p_{s}" not in wanted.column_names]
    if not steps or missing:
        raise UnreadableFile(f"{target}: no column {missing[0] if missing else 'p_ACTION'}", HINT)
    if len(wanted) != len(logged):
        raise UnreadableFile(f"{target}: {len(wanted):,} rows, expected {len(logged):,} as in {log}", HINT)
    taken = texts(logged, "action")
    for row, one in enumerate(taken, start=1):
        if one not in steps:
            raise UnreadableFile(
                f"{log}, row {row}, column action: {one!r}, expected one of {', '.join(steps)}", HINT
            )
    seen = Logged(
        np.array([steps.index(one) for one in taken], dtype=np.int64),
        np.column_stack([numbers(logged, f"p_{s}", log) for s in steps]),
        numbers(logged, "result", log),
    )
    features = [numbers(logged, n, log, gaps=True) for n in logged.column_names if n.startswith("x_")]
    expected = cross_fitted(np.column_stack(features), seen) if features else None
    chances = np.column_stack([numbers(wanted, f"p_{s}", target) for s in steps])
    return {"decisions": len(logged), "actions": steps, **_plain(evaluate(seen, chances, expected))}


def read_plan(path: Path) -> tuple[Experiment, list[Guard]]:
    """The experiment and guards of a TOML file.

    Raises:
        UnreadableFile: missing, not TOML, or not of this form; WrongUse: arms that make no experiment.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        arms = tuple(Arm(str(name), Decimal(str(share))) for name, share in told["arms"].items())
        guards = [Guard(str(of), float(margin)) for of, margin in told.get("guards", {}).items()]
        name, key = str(told["name"]), str(told["key"])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as wrong:
        raise UnreadableFile(f"{path}: cannot be read: {wrong}", HINT) from wrong
    except (KeyError, AttributeError, InvalidOperation, TypeError, ValueError) as wrong:
        raise UnreadableFile(f"{path}: not a plan of an experiment: {wrong}", HINT) from wrong
    return Experiment(name, arms, key), guards


def read_table(path: Path, columns: Sequence[str]) -> pa.Table:
    """A CSV or Parquet file that has at least these columns.

    Raises:
        UnreadableFile: another kind of file, one that cannot be read, or a column that is missing.
    """
    kind = path.suffix.lower()
    if kind not in ENDINGS:
        raise UnreadableFile(f"{path}: unknown kind of file", "end its name with .csv or .parquet")
    query = all_of(path)
    try:
        with duckdb.connect() as connection:
            made = connection.sql(query).to_arrow_table()
    except duckdb.Error as wrong:
        if kind == ".csv":
            raise csv_text.unreadable(path, wrong) from wrong
        raise UnreadableFile(f"{path}: cannot be read: {str(wrong).splitlines()[0]}", HINT) from wrong
    missing = [name for name in columns if name not in made.column_names]
    if missing:
        raise UnreadableFile(f"{path}: no column {missing[0]}", HINT)
    return made


def texts(table: pa.Table, name: str) -> list[str]:
    """A column as text, empty where nothing stands or the column is missing."""
    if name not in table.column_names:
        return [""] * len(table)
    return ["" if value is None else str(value) for value in table[name].to_pylist()]


def numbers(table: pa.Table, name: str, path: Path, *, gaps: bool = False) -> Floats:
    """A column of numbers; NaN where nothing stands, if gaps may be.

    Raises:
        UnreadableFile: a cell that is no finite number; names row and column.
    """
    quick = _quickly(table[name])
    if quick is not None and not np.isinf(quick).any() and (gaps or not np.isnan(quick).any()):
        return quick
    values = []
    for row, value in enumerate(table[name].to_pylist(), start=1):
        number = _number(value, gaps=gaps)
        if math.isinf(number) or (math.isnan(number) and not gaps):
            raise UnreadableFile(f"{path}, row {row}, column {name}: {value!r}, expected a number", HINT)
        values.append(number)
    return np.array(values, dtype=np.float64)


def _quickly(column: pa.ChunkedArray) -> Floats | None:
    """The whole column as numbers, where its kind allows it."""
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        if not pa.types.is_string(kind):
            return None
        try:
            column = column.cast(pa.float64())
        except pa.ArrowInvalid:
            return None
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def _number(value: object, *, gaps: bool) -> float:
    """A cell's number; NaN where nothing stands, if gaps may be; infinite for what is none."""
    if value is None:
        return math.nan if gaps else math.inf
    if isinstance(value, str):
        truth = TRUTHS.get(value.strip().lower())
        return truth if truth is not None else float(value) if NUMBER.fullmatch(value) else math.inf
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return math.inf


def _plain(value: Any) -> Any:
    """Dataclasses as plain data; what is not finite as null, as JSON has it."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
