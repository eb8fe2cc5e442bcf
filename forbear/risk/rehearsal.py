"""The rehearsal: what a model is worth, measured on borrowers that the measuring fits had not seen.

A round out of time fits on the earliest moments, calibrates on later ones, grows its trees again on both and measures
on still later ones, with a part of the borrowers kept out of all but the last; a label is used only if it was known
before the next window began (purge gap). A round by borrower is fitted as the kept model is, on the whole history, and
measures on the same days, of the borrowers kept out: a fit that has learned nearly as much, and knows those days. The
beginning of a book is not measured: nobody has a history there, which is not how it is later.

One round of a hundred events says little: an AUC of 0.77 comes out as 0.70 or 0.83. So rounds of both sorts take turns
until every borrower was kept out once in each, or the intervals are narrow enough
(docs/decisions/100-claims-with-an-interval.md). What is claimed is of a book as `forbear score` meets it: all loans of
one day, ranked among each other; and apart, loans on their days of disbursal, of which a panel holds far more than a
book on a day (docs/decisions/112-claims-of-a-book-on-a-day.md). Calibration is measured out of time alone. The kept
model is fitted likewise, with the windows moved to the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from forbear.risk.chains import Chain, Labels
from forbear.risk.claims import Tried, auc_interval, claimed
from forbear.risk.frame import Frame
from forbear.risk.hazard import ChainModel, fit_chain
from forbear.risk.measures import Doubles, Figures
from forbear.risk.warning import on_first_day

Bools = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]
BEGIN = (0.6, 0.8)
"""Shares of the labeled moments, by day, before the calibration window and before the test window."""
EARLIER = (0.4, 0.6)
"""The same for rounds by borrower, whose days begin earlier."""
LEAST_DAYS = 4
"""Different days of moments without which windows go by borrower instead of by day."""
LEAST_USABLE = 1_500
"""Moments with a horizon known for it to say where the windows lie."""
FOLDS = 4
"""Parts of the borrowers, each of which is left out of a fit in its turn."""
MOST_REHEARSED = 150_000
"""Person-period rows that a round's trees are grown on: half of the kept model's, with all of the rarer outcomes."""
NEAR_ENOUGH = 0.01
"""Half of a claim's 95 % interval below which, in all columns of a chain, no further round is made."""


@dataclass(frozen=True)
class Claim:
    """What a column is worth on other borrowers: a book on a day, first-time borrowers apart, loans when disbursed."""

    column: str
    all: Figures
    first_time: Figures
    at_disbursal: Figures


@dataclass(frozen=True)
class Cuts:
    """Days at which the calibration and the test window begin; None when windows go by borrower."""

    calibrate: np.datetime64 | None
    test: np.datetime64 | None


BY_BORROWER = Cuts(None, None)


def usable(chain: Chain, known: Labels) -> Bools:
    """Rows by which windows are cut: those whose longest horizon is known, if they are enough, else a shorter one's."""
    steps = sorted({step for step, _ in chain.outputs.values()}, reverse=True)
    found = [known.eligible & (known.known >= chain.steps[step]) for step in steps]
    return next((rows for rows in found if rows.sum() >= LEAST_USABLE), found[-1])


def cuts_of(days: npt.NDArray[Any], rows: Bools, shares: tuple[float, float] = BEGIN) -> Cuts:
    """Where the windows begin, by the days of the usable rows."""
    chosen = np.sort(days[rows])
    if len(np.unique(chosen)) < LEAST_DAYS:
        return BY_BORROWER
    first, second = (chosen[int(share * (len(chosen) - 1))] for share in shares)
    return Cuts(first, second) if chosen[0] < first < second else BY_BORROWER


@dataclass(frozen=True, eq=False)
class Round:
    """Where one round's windows lie, which borrowers it keeps out, whether it looks at days its fit knew others on."""

    cuts: Cuts
    apart: Bools
    by_borrower: bool = False


@dataclass(frozen=True, eq=False)
class Seen:
    """Rows measured in one round, what its fit said of them (rows by steps), and whether it knew others on their days.

    Where a book goes by borrower there is nothing else, and none are called so.
    """

    rows: Whole
    stays: Doubles
    in_time: bool


@dataclass(frozen=True, eq=False)
class Work:
    """One chain's fits."""

    chain: Chain
    frame: Frame
    labels: Labels
    groups: Whole
    days: npt.NDArray[Any]
    cuts: Cuts
    most: int | None = None
    """Person-period rows that trees are grown on; None: as many as the kept model's."""

    def final(self, others: Bools | None = None) -> ChainModel | str:
        """The model that is kept: the test window of the rehearsal is its calibration window.

        `others` are the rows it may look at (None: all).
        """
        if others is None:
            others = np.ones(len(self.frame), dtype=bool)
        if self.cuts.test is None:
            part = self.groups % 5 == 4
            return self.fit(self._same(~part & others), self._same(part & others), self._same(others))
        early = [k & others for k in self.known_by(self.cuts.test)]
        later = [k & others for k in self.later(self.cuts.test, None)]
        return self.fit(early, later, self._same(others))

    def final_somehow(self) -> tuple[Work, ChainModel | str]:
        """The kept model; with windows by borrower where those by day leave too few answers known in time.

        So it is with loans granted on one day: nothing is known of any of them before all have been looked at.
        """
        got = self.final()
        if isinstance(got, str) and self.cuts.test is not None:
            by_borrower = replace(self, cuts=BY_BORROWER)
            other = by_borrower.final()
            if not isinstance(other, str):
                return by_borrower, other
        return self, got

    def rehearsed(self) -> dict[str, Claim]:
        """What the columns are worth, each row predicted by fits that did not know its borrower, most not its day."""
        seen: list[Seen] = []
        for made in self._rounds():
            if seen and self._is_near(seen):
                break
            rows = np.flatnonzero(made.apart & self.labels.eligible & self._measured(made.cuts))
            work = replace(self, most=MOST_REHEARSED)
            got = work.final(~made.apart) if made.by_borrower else work.rehearsal(~made.apart)
            if not isinstance(got, str) and len(rows):
                in_time = made.by_borrower and self.cuts.test is not None
                seen.append(Seen(rows, got.stays(self.frame.take(rows)), in_time))
        return {} if all(s.in_time for s in seen) else self._claims(seen)

    def _rounds(self) -> Iterator[Round]:
        """For each part of the borrowers the latest window and, by borrower, the days from an earlier one on."""
        parts = [(self.groups // 7) % FOLDS == fold for fold in range(FOLDS)]
        if self.cuts.test is None:
            yield from (Round(self.cuts, apart, by_borrower=True) for apart in parts)
            return
        earlier = cuts_of(self.days, usable(self.chain, self.labels), EARLIER).test
        begin = self.cuts.test if earlier is None else min(earlier, self.cuts.test)
        for apart in parts:
            yield Round(self.cuts, apart)
            yield Round(replace(self.cuts, test=begin), apart, by_borrower=True)

    def _measured(self, cuts: Cuts) -> Bools:
        made: Bools = np.ones(len(self.frame), dtype=bool) if cuts.test is None else self.days >= cuts.test
        return made

    def _is_near(self, seen: Sequence[Seen]) -> bool:
        """Whether every column's interval is narrow enough for no further round to be worth its time."""
        on_a_day = self._on_a_day(on_first_day(self.frame))
        for column in self.chain.outputs:
            tried, _ = self._tried(seen, column, on_a_day)
            _, low, high = auc_interval(tried)
            if not high - low <= 2 * NEAR_ENOUGH:
                return False
        return True

    def rehearsal(self, others: Bools) -> ChainModel | str:
        """One round's fit on some borrowers' rows before the test window."""
        cuts = self.cuts
        if cuts.test is None or cuts.calibrate is None:
            return self.final(others)
        early, every = ([k & others for k in self.known_by(day)] for day in (cuts.calibrate, cuts.test))
        later = [k & others for k in self.later(cuts.calibrate, cuts.test)]
        return self.fit(early, later, every)

    def fit(
        self, early: Sequence[Bools], later: Sequence[Bools], every: Sequence[Bools] | None = None
    ) -> ChainModel | str:
        """Fitted on `early`, calibrated on `later`, its trees grown again on `every`; each rows by step."""
        return fit_chain(self.chain, self.frame, self.labels, early, later, self.groups, every, self.most)

    def _same(self, rows: Bools) -> list[Bools]:
        return [rows] * len(self.chain.steps)

    def ripe(self, step: int) -> npt.NDArray[Any]:
        """The day on which each row's answer at a step is known."""
        wait = np.ceil(np.nan_to_num(self.labels.starts) + self.chain.steps[step]).astype("timedelta64[D]")
        made: npt.NDArray[Any] = self.days + wait
        return made

    def known_by(self, day: np.datetime64) -> list[Bools]:
        """By step, rows before a day whose answers are known by it."""
        return [(self.days < day) & (self.ripe(k) < day) for k in range(len(self.chain.steps))]

    def later(self, day: np.datetime64, until: np.datetime64 | None) -> list[Bools]:
        """By step, rows from a day whose answers are known before another."""
        from_day = self.days >= day
        steps = range(len(self.chain.steps))
        return [from_day & (self.ripe(k) < until if until is not None else True) for k in steps]

    def _on_a_day(self, first: Bools) -> Bools:
        """Moments of days on which the panel looks at all loans, not only at those disbursed then (`first`)."""
        return ~first | np.isin(self.days, np.unique(self.days[~first]))

    def _claims(self, seen: Sequence[Seen]) -> dict[str, Claim]:
        """Of each column whose outcomes were seen out of time, or by borrower where the book goes by borrower."""
        first_day = on_first_day(self.frame)
        on_a_day = self._on_a_day(first_day)
        first_time = self.frame.marks["first_time"].astype(bool)
        claims = {}
        for column in self.chain.outputs:
            tried, rows = self._tried(seen, column, on_a_day)
            if not tried.later.any():
                continue
            new, _ = self._tried(seen, column, first_day, days_apart=False)
            claims[column] = Claim(
                column,
                claimed(tried, segment_traits(self.frame, rows)),
                claimed(tried.of(first_time[rows])),
                claimed(new),
            )
        return claims

    def _tried(
        self, seen: Sequence[Seen], column: str, chosen: Bools, *, days_apart: bool = True
    ) -> tuple[Tried, Whole]:
        """A column on the chosen of the rows seen (on all, where none is among them), and which rows these are.

        Ranked among each other are rows of one fit and, if days are to be kept apart, of one day (statuses: month).
        """
        step, is_end = self.chain.outputs[column]
        rows, stays = np.concatenate([s.rows for s in seen]), np.concatenate([s.stays[:, step] for s in seen])
        sizes = [len(s.rows) for s in seen]
        fits, in_time = np.repeat(np.arange(len(seen)), sizes), np.repeat([s.in_time for s in seen], sizes)
        known = self.labels.known_for(step, self.chain.steps)[rows]
        on = known & chosen[rows]
        on = np.flatnonzero(on if on.any() or not days_apart else known)
        drawn = on[redrawn(self.labels, rows[on], step, self.chain.steps)]
        stayed, p = self.labels.stays(step, self.chain.steps)[rows[drawn]], stays[drawn]
        unit = "datetime64[M]" if "kind_now" in self.frame.marks else "datetime64[D]"
        when = self.days[rows[drawn]].astype(unit).astype(np.int64) * days_apart
        _, rounds = np.unique(np.column_stack([fits[drawn], when]), axis=0, return_inverse=True)
        borrowers = self.frame.marks["borrower_id"][rows[drawn]]
        y = ~stayed if is_end else stayed
        tried = Tried(y.astype(float), 1 - p if is_end else p, borrowers, rounds.ravel(), in_time[drawn])
        return tried, rows[drawn]

    def told(self) -> str:
        """The windows in words."""
        if self.cuts.test is None:
            return "by borrower: too few days, or too few answers known early enough, to go by time"
        return f"calibrated from {self.cuts.calibrate}, measured from {self.cuts.test}"


def redrawn(known: Labels, rows: Whole, step: int, steps: tuple[int, ...]) -> Whole:
    """Rows to measure on: all, or, where contacts cut rows off, drawn again so that those left stand for those cut off.

    A row that reached its end, or the step, without a contact is drawn by the inverse of the chance of having come so
    far without one (inverse probability of censoring weights, from the product limit of contacts).
    """
    if known.asked is None or not len(rows) or not np.isfinite(known.asked[known.eligible]).any():
        return np.arange(len(rows))
    on = known.eligible & (known.known >= steps[step])
    days = np.arange(steps[step] + 1)
    left = np.array([((known.asked[on] >= d) & (known.ended[on] >= d)).sum() for d in days])
    cut = np.array([((known.asked[on] == d) & (known.ended[on] > d)).sum() for d in days])
    uncut = np.cumprod(1 - cut / np.maximum(left, 1))
    came = np.minimum(known.ended[rows], steps[step])
    chance = np.maximum(uncut[np.clip(came, 0, steps[step]).astype(int)], 0.02)
    weights = 1 / chance
    return np.sort(np.random.default_rng(5).choice(len(rows), len(rows), p=weights / weights.sum()))


def segment_traits(frame: Frame, rows: Whole) -> dict[str, npt.NDArray[Any]]:
    """Traits by which the worst-served segment is sought."""
    traits = {n: frame.texts[n][rows] for n in ("product", "region") if n in frame.texts}
    traits["first_time"] = frame.marks["first_time"].astype(bool)[rows]
    if "dpd" in frame.columns:
        dpd = frame.column("dpd")[rows]
        traits["bucket"] = np.ceil(np.minimum(dpd, 120) / 30).astype(int)
    if "dpd_now" in frame.marks:
        traits["state"] = frame.marks["dpd_now"].astype(int)[rows]
    return traits
