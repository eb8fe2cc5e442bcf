"""Scoring a book with a model: one row a loan, each column a number or null with a reason told.

The columns are the contract of docs/risk.md. A loan that a question does not apply to (closed, nothing due, not
overdue) has null there; a question that the model could not learn is null throughout, and the answer says why.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from forbear.basics.errors import WrongUse
from forbear.basics.output import require_room
from forbear.book import Book
from forbear.risk.chains import eligible
from forbear.risk.fit import Model
from forbear.risk.frame import Frame
from forbear.risk.hazard import ChainModel
from forbear.risk.measures import Doubles
from forbear.risk.panel import kind_of, scoring_frames
from forbear.risk.repaid import days_late

OUTPUTS = (
    "p_late_next",
    "p_late_7",
    "p_cure_3",
    "p_cure_7",
    "p_cure_15",
    "p_cure_30",
    "p_roll",
    "p_60_in_6m",
    "p_60_in_12m",
    "p_90_in_12m",
)
NUMBERS = (*OUTPUTS, "expected_days_late", "expected_share_repaid")
DIGITS = 6
SURE = {"p_60_in_6m": 60, "p_60_in_12m": 60, "p_90_in_12m": 90}
"""Columns that are 1 for loans already so many days past due."""
FORMS = (".parquet", ".csv")
PART_LOANS = 100_000
"""Loans scored at once where features are not kept: few enough that their features lie in memory that is used again."""
RUN_ROWS = 50_000
"""Rows that trees are asked at once: their matrix lies in memory that serves run after run."""


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of a book.

    Attributes:
        table: a row a loan disbursed by the day, in order of loan_id.
        reasons: why a column is null throughout.
        absent: columns of the lender's own that the model reads and the book does not have, or not as what the model
            takes them for (numbers, texts): they were taken as not known.
        frame: the features behind the rows that were scored; for reasons, drift and warnings.
    """

    table: pa.Table
    reasons: Mapping[str, str] = field(default_factory=dict)
    frame: Frame | None = None
    absent: tuple[str, ...] = ()


def score(book: Book, model: Model, *, as_of: date, at: str = "as-of", keep_frame: bool = True) -> Scored:
    """Score every loan disbursed by a day.

    Args:
        book: opened.
        model: of the same kind of book.
        as_of: nothing later counts.
        at: `as-of`, or `disbursal`: every loan as it was on its own day of disbursal.
        keep_frame: whether the features are kept too; without them large books are scored part by part.

    Raises:
        WrongUse: the model is of another kind of book, or `at` is unknown.
    """
    if at not in ("as-of", "disbursal"):
        raise WrongUse(f"--at {at!r} is not one of as-of, disbursal")
    kind = kind_of(book)
    if kind != model.kind:
        raise WrongUse(
            f"the model was fitted on a book of {model.kind}, {book.path} is one of {kind}", "fit another"
        )
    frames = scoring_frames(book, as_of, at=at, most=None if keep_frame else PART_LOANS)
    if keep_frame:
        (frame,) = frames
        return scored(frame.take(_order(frame.marks["loan_id"])), model)
    return _together(_of_part(frame, model) for frame in frames)


def _of_part(frame: Frame, model: Model) -> Scored:
    """Scores of some loans, without their features."""
    if not frame.columns:
        return _unscored(frame, model)
    made = scored(frame.take(_order(frame.marks["loan_id"])), model)
    return Scored(made.table, made.reasons, absent=made.absent)


def _together(parts: Iterable[Scored]) -> Scored:
    """Scores of parts of a book as one; a column has a reason only where it is null in all of them.

    Parts whose loans lie among one another's are put in order as soon as another begins: what is held is the answer.
    """
    reasons: dict[str, str] = {}
    absent: set[str] = set()
    made: list[pa.Table] = []
    run: list[pa.Table] = []
    for number, part in enumerate(parts):
        reasons = {c: why for c, why in (reasons if number else part.reasons).items() if c in part.reasons}
        absent |= set(part.absent)
        if _lies_after(part.table, run):
            made.append(_in_order(run))
            run = []
        run.append(part.table)
    return Scored(pa.concat_tables([*made, _in_order(run)]), reasons, absent=tuple(sorted(absent)))


def _lies_after(table: pa.Table, run: Sequence[pa.Table]) -> bool:
    ends = [t["loan_id"][-1].as_py() for t in run if len(t)]
    return bool(ends) and len(table) > 0 and bool(table["loan_id"][0].as_py() > max(ends))


def _in_order(tables: Sequence[pa.Table]) -> pa.Table:
    whole = pa.concat_tables(tables).combine_chunks()
    return whole.take(pc.sort_indices(whole["loan_id"]))


def _unscored(frame: Frame, model: Model) -> Scored:
    """Loans of which nothing is asked, without features."""
    nothing = np.full(len(frame), np.nan)
    return Scored(_table(frame, dict.fromkeys(NUMBERS, nothing), nothing), {c: _reason(c, model) for c in NUMBERS})


def _order(names: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    if (names[1:] >= names[:-1]).all():
        return np.arange(len(names))
    made: npt.NDArray[np.int64] = np.argsort(names, kind="stable")
    return made


def scored(frame: Frame, model: Model) -> Scored:
    """Scores of a frame's rows, in its order."""
    columns = {name: np.full(len(frame), np.nan) for name in (*NUMBERS, _UNPAID_15)}
    weights = np.full(len(frame), np.nan)
    asked = {chain: np.flatnonzero(eligible(chain.chain, frame)) for chain in model.chains.values()}
    for first in range(0, len(frame), RUN_ROWS):
        run = slice(first, first + RUN_ROWS)
        sheet, history = model.together.sheet(frame, run), frame.marks["history"][run]
        for chain, chosen in asked.items():
            rows = chosen[slice(*np.searchsorted(chosen, (run.start, run.stop)))]
            if len(rows):
                stays = model.together.stays(chain.chain.name, sheet, history, rows - first)
                _put(columns, chain, rows, stays, frame)
                if chain.card is not None:
                    weights[rows] = chain.weight(frame.marks["history"][rows])
    _sure(columns, frame, model)
    _nested(columns)
    if model.repaid is not None:
        columns["expected_share_repaid"] = _share_repaid(frame, model, columns)
    reasons = {c: _reason(c, model) for c in NUMBERS if np.isnan(columns[c]).all()}
    return Scored(_table(frame, columns, weights), reasons, frame, _absent(frame, model))


def _absent(frame: Frame, model: Model) -> tuple[str, ...]:
    """The lender's own columns that the model reads and the frame does not have as it reads them."""
    numbers = {n for chain in model.chains.values() for n in chain.columns} - set(frame.columns)
    texts = {n for chain in model.chains.values() for n in chain.encodings} - set(frame.texts)
    return tuple(sorted(numbers | texts))


def _put(
    columns: dict[str, Doubles], model: ChainModel, rows: npt.NDArray[Any], stays: Doubles, frame: Frame
) -> None:
    if model.chain.name == "late":
        stays = stays.copy()
        is_due = frame.column("days_to_due")[rows] <= 0
        stays[is_due, 0] = 1.0  # due today and unpaid at the end of today: late for certain
        columns["expected_days_late"][rows] = np.round(days_late(stays, model.chain.steps, model.tails), 3)
        columns[_UNPAID_15][rows] = stays[:, model.chain.steps.index(15)]
    for column, (step, is_end) in model.chain.outputs.items():
        columns[column][rows] = np.round(1 - stays[:, step] if is_end else stays[:, step], DIGITS)


_UNPAID_15 = "unpaid_15~"


def _sure(columns: dict[str, Doubles], frame: Frame, model: Model) -> None:
    """Loans that are already there; only where the model answers the question at all."""
    if model.kind == "events":
        dpd, is_open = frame.column("dpd"), ~frame.marks["is_closed"].astype(bool)
    else:
        dpd = frame.marks["worst_ever"].astype(float)
        is_open = np.isin(frame.marks["kind_now"].astype(str), ("active", "absent", "lost"))
    for column, days in SURE.items():
        if any(column in c.chain.outputs for c in model.chains.values()):
            columns[column][(dpd >= days) & is_open] = 1.0


def _nested(columns: dict[str, Doubles]) -> None:
    """Nobody is 90 days past due without having been 60: two chains, so their answers are held to it here."""
    inner, outer = columns["p_90_in_12m"], columns["p_60_in_12m"]
    columns["p_90_in_12m"] = np.where(inner > outer, outer, inner)


def _share_repaid(frame: Frame, model: Model, columns: Mapping[str, Doubles]) -> Doubles:
    assert model.repaid is not None
    due = frame.marks["arrears"].astype(float) + frame.marks["due_30d"].astype(float)
    overdue = frame.marks["overdue"].astype(float) > 0
    share = model.repaid.share(overdue, 1 - columns[_UNPAID_15], columns["p_cure_30"])
    applies = (due > 0) & ~frame.marks["is_closed"].astype(bool)
    return np.where(applies, np.round(share, DIGITS), np.nan)


def _reason(column: str, model: Model) -> str:
    """Why a column is null for every loan."""
    for name, why in model.missing.items():
        if any(column.startswith(p) for p in _OF_CHAIN[name]):
            return f"the model could not learn it: {why}"
    if model.kind == "statuses" and column not in {c for m in model.chains.values() for c in m.chain.outputs}:
        return "a book of statuses has no due dates and no payments"
    return "it applies to no loan of this book on this day"


_OF_CHAIN = {
    "late": ("p_late", "expected_days"),
    "cure": ("p_cure",),
    "roll": ("p_roll",),
    "sixty": ("p_60",),
    "ninety": ("p_90",),
}


def _table(frame: Frame, columns: Mapping[str, Doubles], weights: Doubles) -> pa.Table:
    """The table as it is written."""
    ids = frame.marks["loan_id"]
    loan = pa.array(ids, pa.string() if ids.dtype == object else None)  # of no rows too, which tell no type
    days = pa.array(frame.marks["as_of"].astype("datetime64[D]"))
    used = np.where(
        np.isnan(weights) | (weights >= 0.999), "behavior", np.where(weights <= 0.5, "scorecard", "blend")
    )
    nothing = np.all([np.isnan(columns[c]) for c in NUMBERS], axis=0)
    return pa.table(
        {
            "loan_id": loan,
            "as_of": days,
            **{c: pa.array(columns[c], from_pandas=True) for c in NUMBERS},
            "first_time": pa.array(frame.marks["first_time"].astype(bool)),
            "history": pa.array(np.nan_to_num(frame.marks["history"].astype(float)).astype(np.int32)),
            "model": pa.array(np.where(nothing, "none", used)),
        }
    )


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
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".forbear-scores-", dir=target.parent) as aside:
        made = Path(aside) / target.name
        if target.suffix == ".csv":
            pa_csv.write_csv(table, made)
        else:
            pq.write_table(table, made)
        made.replace(target)
    return target
