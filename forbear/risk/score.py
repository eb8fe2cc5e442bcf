"""Scoring a book with a model: one row a loan, each column a number or null with a reason told.

The columns are the contract of docs/risk.md. A loan that a question does not apply to (closed, nothing due, not
overdue) has null there; a question that the model could not learn is null throughout, and the answer says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from forbear.basics.errors import WrongUse
from forbear.book import Book
from forbear.risk.chains import eligible
from forbear.risk.fit import Model
from forbear.risk.frame import Frame
from forbear.risk.hazard import ChainModel
from forbear.risk.measures import Doubles
from forbear.risk.nulls import null_for_nan
from forbear.risk.panel import kind_of, scoring_blocks, scoring_frame
from forbear.risk.placed import Block
from forbear.risk.places import by_loan
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
MODELS = ("none", "behavior", "scorecard", "blend")
"""What a loan's scores rest on."""
PART_LOANS = 100_000
"""Loans scored at once where features are not kept: few enough that their features lie in memory that is used again."""
RUN_ROWS = PART_LOANS
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
    if keep_frame:
        frame = scoring_frame(book, as_of, at=at)
        return scored(frame.take(_order(frame.marks["loan_id"])), model)
    return _together(_of_block(block, model) for block in scoring_blocks(book, as_of, at=at, most=PART_LOANS))


def _of_block(block: Block, model: Model) -> Scored:
    """Scores of a block's loans, without their features; null for those of which nothing is asked."""
    made = _answered(block.asked, model)
    count = len(block.marks["loan_id"])
    if len(block.places) < count:
        made = {name: _spread(values, block.places, count) for name, values in made.items()}
    table = by_loan(_table(block.marks, made))
    return Scored(table, _reasons(made, model), absent=_absent(block.asked, model))


def _spread(values: Doubles, places: npt.NDArray[np.int64], count: int) -> Doubles:
    whole = np.full(count, np.nan)
    whole[places] = values
    return whole


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
            made.append(by_loan(pa.concat_tables(run)))
            run = []
        run.append(part.table)
    return Scored(pa.concat_tables([*made, by_loan(pa.concat_tables(run))]), reasons, absent=tuple(sorted(absent)))


def _lies_after(table: pa.Table, run: Sequence[pa.Table]) -> bool:
    ends = [t["loan_id"][-1].as_py() for t in run if len(t)]
    return bool(ends) and len(table) > 0 and bool(table["loan_id"][0].as_py() > max(ends))


def _order(names: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    if (names[1:] >= names[:-1]).all():
        return np.arange(len(names))
    made: npt.NDArray[np.int64] = np.argsort(names, kind="stable")
    return made


def scored(frame: Frame, model: Model) -> Scored:
    """Scores of a frame's rows, in its order."""
    made = _answered(frame, model)
    return Scored(_table(frame.marks, made), _reasons(made, model), frame, _absent(frame, model))


def _answered(frame: Frame, model: Model) -> dict[str, Doubles]:
    """A frame's scores by column, and the trees' weights in the last."""
    columns = {name: np.full(len(frame), np.nan) for name in (*NUMBERS, _UNPAID_15, _WEIGHT)}
    asked = {name: np.flatnonzero(eligible(chain.chain, frame)) for name, chain in model.chains.items()}
    for first in range(0, len(frame), RUN_ROWS):
        run = slice(first, first + RUN_ROWS)
        rows = {
            name: chosen[slice(*np.searchsorted(chosen, (run.start, run.stop)))] for name, chosen in asked.items()
        }
        for name, stays in model.together.all_stays(frame, run, rows):
            chain, own = model.chains[name], rows[name]
            _put(columns, chain, own, stays, frame)
            if chain.card is not None:
                columns[_WEIGHT][own] = chain.weight(frame.marks["history"][own])
    _sure(columns, frame, model)
    _nested(columns)
    if model.repaid is not None:
        columns["expected_share_repaid"] = _share_repaid(frame, model, columns)
    del columns[_UNPAID_15]
    return columns


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


_UNPAID_15, _WEIGHT = "unpaid_15~", "weight~"
"""Beside the scores: the chance of being unpaid 15 days late, and the trees' weight against the scorecard."""


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


def _reasons(columns: Mapping[str, Doubles], model: Model) -> dict[str, str]:
    return {c: _reason(c, model) for c in NUMBERS if np.isnan(columns[c]).all()}


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


def _table(marks: Mapping[str, npt.NDArray[Any]], columns: Mapping[str, Doubles]) -> pa.Table:
    """The table as it is written."""
    ids, weights = marks["loan_id"], columns[_WEIGHT]
    loan = pa.array(ids, pa.string() if ids.dtype == object else None)  # of no rows too, which tell no type
    nothing = np.all([np.isnan(columns[c]) for c in NUMBERS], axis=0)
    trees_alone = np.isnan(weights) | (weights >= 0.999)
    used = np.select([nothing, trees_alone, weights <= 0.5], [0, 1, 2], 3)  # places in MODELS
    return pa.table(
        {
            "loan_id": loan,
            "as_of": pa.array(marks["as_of"].astype("datetime64[D]")),
            **{c: null_for_nan(columns[c]) for c in NUMBERS},
            "first_time": pa.array(marks["first_time"].astype(bool)),
            "history": pa.array(np.nan_to_num(marks["history"].astype(float)).astype(np.int32)),
            "model": pa.array(MODELS).take(pa.array(used)),
        }
    )
