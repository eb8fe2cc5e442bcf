"""A borrower's other loans, by columns: what `subjects.sql` and `family.sql` say of all loans on one day.

Loans of one borrower lie together in an order of their own, by age. For each loan of a run the others' rows are laid
end to end and summed; memory is bounded by pairs of loans, not by loans. The files stay the meaning; a test holds
this to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from forbear.aging.columns import NEVER, days_or_null, offsets, running
from forbear.aging.columns.rows import Day, Flags, Whole
from forbear.risk.places import codes

MOST_PAIRS = 200_000
"""Pairs of loans looked at together."""
SUMMED = (
    "there",
    "open",
    "overdue",
    "outstanding",
    "due_30d",
    "dues_past",
    "known",
    "lates",
    "lates_7",
    "days",
    "first_late",
    "lately",
)
TOLD = (*SUMMED, "mean", "worst", "principal", "disbursed_on", "closed_on", "turn")
AT = {name: place for place, name in enumerate(TOLD)}
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
        whose, borrowers = codes(rows["t_borrower_id"])
        self._disbursed_on = rows["t_disbursed_on"].cast(pa.int32()).to_numpy()
        chosen = np.flatnonzero(seen)
        if (self._disbursed_on[1:] >= self._disbursed_on[:-1]).all():
            order = chosen[np.argsort(whose[chosen], kind="stable")]
        else:
            order = chosen[np.lexsort((self._disbursed_on[chosen], whose[chosen]))]
        starts = offsets(np.bincount(whose[chosen], minlength=borrowers))
        self._first, self._more = starts[whose], np.diff(starts)[whose] - 1
        self._place = np.zeros(len(whose), np.int64)
        self._place[order] = np.arange(len(order))
        self.turn = (self._place - self._first + 1).astype(np.int32)
        self._facts = _facts(rows, self.turn, as_of, order)
        self._all_there = bool((self._facts[:, AT["there"]] > 0).all())

    def dues(self, loans: Whole) -> pa.Array:
        """The column others_dues alone."""
        dues, others = self._sums
        first, last, place = self._first[loans], self._first[loans] + self._more[loans] + 1, self._place[loans]
        found = dues[last] - dues[first] - (dues[place + 1] - dues[place])
        some = others[last] - others[first] - (others[place + 1] - others[place])
        return pa.array(found, mask=some == 0)

    @cached_property
    def _sums(self) -> tuple[Whole, Whole]:
        """Running sums of dues and of loans, in their order."""
        there = self._facts[:, AT["there"]].astype(np.int64)
        return running(self._facts[:, AT["dues_past"]].astype(np.int64) * there), running(there)

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
        facts = np.ascontiguousarray(self._facts[at].T)  # read row by row, summed column by column
        if not self._all_there:
            kept = facts[AT["there"]] > 0
            own, facts = own[kept], facts[:, kept]
        pairs = np.bincount(own, minlength=len(loans))
        some = pairs > 0
        starts = offsets(pairs)[:-1][some]
        back = self.turn[loans][own] - facts[AT["turn"]]
        made = _made(facts, back, starts, self._disbursed_on[loans][some])
        return {name: _spread(name, values, some) for name, values in made.items()}


def _facts(rows: pa.Table, turn: npt.NDArray[np.int32], as_of: int, order: Whole) -> Doubles:
    """What is summed of each loan, loan after loan in an order; all of them whole numbers but the mean."""

    def told(name: str, otherwise: float = 0) -> Doubles:
        column = rows[name]
        if pa.types.is_date32(column.type):
            column = column.cast(pa.int32())
        values: Doubles = column.cast(pa.float64()).fill_null(otherwise).to_numpy()
        return values

    facts = np.empty((len(order), len(TOLD)))
    there = rows["s_installments"].is_valid().to_numpy()
    known = rows["h_mean_days"].is_valid().to_numpy()
    mean, dues = told("h_mean_days"), told("s_dues_past")
    disbursed_on = told("t_disbursed_on")
    for name, values in {
        "there": there,
        "open": there & (told("s_is_closed", 1) == 0),
        "overdue": told("s_overdue") > 0,
        "outstanding": told("s_outstanding"),
        "due_30d": told("s_due_30d"),
        "dues_past": dues,
        "known": known,
        "lates": told("h_lates"),
        "lates_7": told("h_lates_7"),
        "days": mean * dues,
        "first_late": known & (told("h_first_days") > 0),
        "lately": disbursed_on > as_of - LATELY,
        "mean": np.where(known, mean, np.nan),
        "worst": told("h_worst_days", -np.inf),
        "principal": told("t_principal"),
        "disbursed_on": disbursed_on,
        "closed_on": told("s_closed_on", -np.inf),
        "turn": turn,
    }.items():
        facts[:, AT[name]] = values[order]
    return facts


def _made(facts: Doubles, back: Doubles, starts: Whole, disbursed_on: Day) -> dict[str, Doubles]:
    """The columns of loans that have others; NaN where a column is null.

    Args:
        facts: of each pair's other loan, a row a name of `TOLD`.
        back: by how many loans it is older than the own one (negative: younger).
        starts: where each loan's pairs begin.
        disbursed_on: of each loan.
    """
    if not len(starts):
        return {name: np.zeros(0) for name in NAMES}
    sums = {name: np.add.reduceat(facts[AT[name]], starts) for name in SUMMED}
    known = sums["known"] > 0

    def greatest(name: str, chosen: Flags | None = None) -> Doubles:
        values = facts[AT[name]]
        values = np.maximum.reduceat(values if chosen is None else np.where(chosen, values, -np.inf), starts)
        return np.where(np.isinf(values), np.nan, values)

    def mean(chosen: Flags) -> Doubles:
        chosen = chosen & (facts[AT["known"]] > 0)
        days = np.add.reduceat(np.where(chosen, facts[AT["mean"]], 0.0), starts)
        return days / _none_for_zero(np.add.reduceat(chosen, starts, dtype=np.float64))

    return dict(
        zip(
            NAMES,
            (
                sums["there"],
                sums["open"],
                sums["overdue"],
                sums["outstanding"],
                sums["due_30d"],
                np.where(known, sums["lates"], np.nan) / _none_for_zero(sums["dues_past"]),
                sums["dues_past"],
                np.where(known, sums["lates_7"], np.nan),
                np.where(known, sums["days"], np.nan) / _none_for_zero(sums["dues_past"]),
                greatest("worst"),
                sums["first_late"] / _none_for_zero(sums["known"]),
                mean(back == 1),
                mean(back == 2),
                mean((back > 0) & (back <= 3)),
                greatest("principal", back > 0),
                greatest("principal", back == 1),
                disbursed_on - greatest("disbursed_on", back == 1),
                disbursed_on - greatest("closed_on", back == 1),
                np.minimum.reduceat(facts[AT["disbursed_on"]], starts),
                sums["lately"],
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
    made = pa.array(whole, from_pandas=True)
    return made.cast(pa.int64()) if name in WHOLE else made
