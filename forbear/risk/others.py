"""A borrower's other loans, by columns: what `subjects.sql` and `family.sql` say of all loans on one day.

Loans of one borrower lie together in an order of their own, by age. For each loan of a run the others' rows are laid
end to end and summed; memory is bounded by pairs of loans, not by loans. The files stay the meaning; a test holds
this to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from forbear.aging.columns import NEVER, days_or_null, offsets, running
from forbear.aging.columns.rows import Day, Flags, Whole
from forbear.risk.nulls import known_where, null_for_nan
from forbear.risk.places import codes

MOST_PAIRS = 200_000
"""Pairs of loans looked at together."""
FACTS = np.dtype(
    [
        ("mean", "f8"),
        ("outstanding", "i8"),
        ("due_30d", "i8"),
        ("principal", "i8"),
        ("dues_past", "i4"),
        ("lates", "i4"),
        ("lates_7", "i4"),
        ("turn", "i4"),
        ("disbursed_on", "i4"),
        ("closed_on", "i4"),
        ("worst", "i4"),
        ("there", "?"),
        ("open", "?"),
        ("overdue", "?"),
        ("first_late", "?"),
    ]
)
"""What is told of a loan to its borrower's others, in 64 bytes: a loan's lie in one line of the processor's cache."""
WHOLE_FACTS = np.dtype((np.void, FACTS.itemsize))
"""The same bytes without names: so they are copied in one move instead of field by field."""
NONE = np.iinfo(np.int32).min
"""Stands for no days and no day, below all others; `mean` is NaN then."""
BLOCK = 100_000
"""Loans laid in order at once."""
PLACE_BITS = 32
LATELY = 90
Doubles = npt.NDArray[np.float64]


class Others:
    """What is told of the others of each loan."""

    def __init__(self, rows: pa.Table, seen: Flags, as_of: int) -> None:
        """Lay loans in order of borrower and age.

        Args:
            rows: of `forbear.risk.one_day.rows_on`.
            seen: loans disbursed by the day.
            as_of: the day, in days since 1970-01-01.
        """
        self._day = as_of
        whose, borrowers = codes(rows["t_borrower_id"])
        self._disbursed_on = rows["t_disbursed_on"].cast(pa.int32()).to_numpy()
        order = _by_age(whose, self._disbursed_on, np.flatnonzero(seen))
        starts = offsets(np.bincount(whose[seen], minlength=borrowers)).astype(np.int32)
        self._first, self._more = starts[whose], (np.diff(starts) - 1)[whose]
        self._place = np.zeros(len(whose), np.int32)
        self._place[order] = np.arange(len(order), dtype=np.int32)
        self.turn = self._place - self._first + 1
        self._facts = np.empty(len(order), FACTS)
        for first in range(0, len(whose), BLOCK):
            run = slice(first, first + BLOCK)
            facts = _facts(rows.slice(first, BLOCK), self._disbursed_on[run], self.turn[run])
            np.put(self._facts.view(WHOLE_FACTS), self._place[run][seen[run]], facts.view(WHOLE_FACTS)[seen[run]])
        self._all_there = bool(self._facts["there"].all())

    def dues(self, loans: Whole) -> pa.Array:
        """The column others_dues alone."""
        dues, others = self._sums
        first, last, place = self._first[loans], self._first[loans] + self._more[loans] + 1, self._place[loans]
        found = dues[last] - dues[first] - (dues[place + 1] - dues[place])
        some = others[last] - others[first] - (others[place + 1] - others[place])
        return known_where(found, some > 0)

    @cached_property
    def _sums(self) -> tuple[Whole, Whole]:
        """Running sums of dues and of loans, in their order."""
        there = self._facts["there"]
        return running(self._facts["dues_past"] * there), running(there)

    def of(self, loans: Whole) -> dict[str, pa.Array]:
        """The columns of family.sql for some loans, all of them seen; null for those without others."""
        found = [self._told(loans[a:b]) for a, b in self._runs(loans)]
        return {name: pa.concat_arrays([f[name] for f in found]) for name in found[0]}

    def _runs(self, loans: Whole) -> Iterator[tuple[int, int]]:
        """Runs of loans with a bounded number of pairs, at least one loan each; one empty run of no loans."""
        pairs = np.cumsum(self._more[loans])
        first = 0
        while first < len(loans) or not len(loans):
            done = pairs[first - 1] if first else 0
            last = max(first + 1, int(np.searchsorted(pairs, done + MOST_PAIRS, side="right")))
            yield first, min(last, len(loans))
            if not len(loans):
                return
            first = last

    def _told(self, loans: Whole) -> dict[str, pa.Array]:
        count = self._more[loans]
        own = np.repeat(np.arange(len(loans)), count)
        at = np.arange(len(own)) + np.repeat(self._first[loans] - np.cumsum(count) + count, count)
        at += at >= self._place[loans][own]  # the loan itself is left out
        facts = np.take(self._facts, at)
        if not self._all_there:
            own, facts = own[facts["there"]], np.compress(facts["there"], facts)
        pairs = np.bincount(own, minlength=len(loans))
        some = pairs > 0
        starts = offsets(pairs)[:-1][some]
        back = self.turn[loans][own] - facts["turn"]
        made = _made(facts, back, starts, self._disbursed_on[loans][some], self._day)
        return {name: _spread(name, values, some) for name, values in made.items()}


def _by_age(whose: Whole, disbursed_on: Day, rows: Whole) -> Whole:
    """Rows in order of borrower, day of disbursal and place, from rows in order of place."""
    if (disbursed_on[1:] < disbursed_on[:-1]).any():
        return rows[np.lexsort((disbursed_on[rows], whose[rows]))]
    numbered = whose[rows]
    numbered <<= PLACE_BITS
    numbered |= rows
    numbered.sort()  # numbers that differ are sorted much faster than places by them
    numbered &= (1 << PLACE_BITS) - 1
    return numbered


def _facts(rows: pa.Table, disbursed_on: Day, turn: Day) -> npt.NDArray[np.void]:
    """What is told of each loan, loan after loan."""
    facts = np.empty(rows.num_rows, FACTS)

    def told(column: str, kind: pa.DataType, otherwise: float = 0) -> npt.NDArray[Any]:
        values: npt.NDArray[Any] = rows[column].cast(kind).fill_null(otherwise).to_numpy()
        return values

    for short, names in {
        "s": ("outstanding", "due_30d", "dues_past", "overdue"),
        "h": ("lates", "lates_7"),
        "t": ("principal",),
    }.items():
        for name in names:
            facts[name] = told(f"{short}_{name}", pa.int64())
    facts["there"] = rows["s_installments"].is_valid().to_numpy()
    facts["open"] = facts["there"] & ~told("s_is_closed", pa.bool_(), True)
    facts["mean"] = told("h_mean_days", pa.float64(), np.nan)
    facts["worst"] = told("h_worst_days", pa.int32(), NONE)
    facts["first_late"] = told("h_first_days", pa.int32()) > 0
    facts["closed_on"] = told("s_closed_on", pa.int32(), NONE)
    facts["disbursed_on"], facts["turn"] = disbursed_on, turn
    return facts


def _made(
    facts: npt.NDArray[np.void], back: Day, starts: Whole, disbursed_on: Day, as_of: int
) -> dict[str, Doubles]:
    """The columns of loans that have others; NaN where a column is null.

    Args:
        facts: of each pair's other loan.
        back: by how many loans it is older than the own one (negative: younger).
        starts: where each loan's pairs begin.
        disbursed_on: of each loan.
        as_of: the day.
    """
    if not len(starts):
        return {name: np.zeros(0) for name in NAMES}
    means, dues = facts["mean"], facts["dues_past"].astype(np.float64)
    known = ~np.isnan(means)
    means = np.where(known, means, 0.0)

    def total(values: npt.NDArray[Any]) -> Doubles:
        return np.add.reduceat(values, starts, dtype=np.float64)

    def greatest(name: str, chosen: Flags | None = None) -> Doubles:
        values = facts[name] if chosen is None else np.where(chosen, facts[name], NONE)
        found = np.maximum.reduceat(values, starts)
        return np.where(found == NONE, np.nan, found)

    def mean(chosen: Flags) -> Doubles:
        chosen = chosen & known
        return total(np.where(chosen, means, 0.0)) / _none_for_zero(total(chosen))

    previous, all_dues, knowns = back == 1, total(dues), total(known)
    return dict(
        zip(
            NAMES,
            (
                total(facts["there"]),
                total(facts["open"]),
                total(facts["overdue"]),
                total(facts["outstanding"]),
                total(facts["due_30d"]),
                np.where(knowns > 0, total(facts["lates"]), np.nan) / _none_for_zero(all_dues),
                all_dues,
                np.where(knowns > 0, total(facts["lates_7"]), np.nan),
                np.where(knowns > 0, total(means * dues), np.nan) / _none_for_zero(all_dues),
                greatest("worst"),
                total(facts["first_late"]) / _none_for_zero(knowns),
                mean(previous),
                mean(back == 2),
                mean((back > 0) & (back <= 3)),
                greatest("principal", back > 0),
                greatest("principal", previous),
                disbursed_on - greatest("disbursed_on", previous),
                disbursed_on - greatest("closed_on", previous),
                np.minimum.reduceat(facts["disbursed_on"], starts),
                total(facts["disbursed_on"] > as_of - LATELY),
            ),
            strict=True,
        )
    )


NAMES = (
    "others",
    "others_open",
    "others_overdue",
    "others_outstanding",
    "others_due_30d",
    "others_late_share",
    "others_dues",
    "others_lates_7",
    "others_mean_days",
    "others_worst_days",
    "others_first_late",
    "previous_days",
    "previous2_days",
    "previous3_mean_days",
    "greatest_before",
    "previous_principal",
    "since_previous",
    "since_previous_closed",
    "first_disbursed_on",
    "others_90d",
)
WHOLE = frozenset(("others_outstanding", "others_due_30d", "others_dues"))
"""Columns that `features.sql` adds to whole numbers: they stay whole."""


def _none_for_zero(values: Doubles) -> Doubles:
    return np.where(values == 0, np.nan, values)


def _spread(name: str, values: Doubles, some: Flags) -> pa.Array:
    """Values of the loans that have others, in a column for all; null elsewhere and for NaN."""
    if name == "first_disbursed_on":
        days = np.full(len(some), NEVER, np.int32)
        days[some] = values
        return days_or_null(days)
    whole = np.full(len(some), np.nan)
    whole[some] = values
    made = null_for_nan(whole)
    return made.cast(pa.int64()) if name in WHOLE else made
