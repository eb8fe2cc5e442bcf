"""The rehearsal: what a model is worth, measured on borrowers that the measuring fits had not seen.

A round out of time fits on the earliest moments, calibrates on later ones, grows its trees again on both and measures
on still later ones, with a part of the borrowers kept out of all but the last; a label is used only if it was known
before the next window began (purge gap). A round by borrower is fitted as the kept model is, on the whole history, and
measures on the same days, of the borrowers kept out: a fit that has learned nearly as much, and knows those days. The
beginning of a book is not measured: nobody has a history there, which is not how it is later.

One round of a hundred events says little: an AUC of 0.77 comes out as 0.70 or 0.83. So rounds of both sorts take turns,
with each part of the borrowers and then for an earlier window, until enough events were seen or enough rows fitted
(docs/decisions/100-claims-with-an-interval.md). Calibration is measured out of time alone. The kept model is fitted
likewise, with the windows moved to the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from forbear.risk.chains import Chain, Labels
from forbear.risk.claims import Tried, claimed
from forbear.risk.frame import Frame
from forbear.risk.hazard import ChainModel, fit_chain
from forbear.risk.measures import Doubles, Figures

Bools = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]
BEGIN = (0.6, 0.8)
"""Shares of the labeled moments, by day, before the calibration window and before the test window."""
EARLIER = (0.4, 0.6)
"""The same for the earlier rehearsal, which ends where the test window of the other begins."""
LEAST_DAYS = 4
"""Different days of moments without which windows go by borrower instead of by day."""
LEAST_USABLE = 1_500
"""Moments with a horizon known for it to say where the windows lie."""
FOLDS = 4
"""Parts of the borrowers, each of which is left out of a fit in its turn."""
ENOUGH_EVENTS = 2_000
"""Outcomes of the rarer kind, of the rarest column, after which the rehearsal ends: 95 % within some 0.02 of AUC.

Out of time, since two windows tell more of how months differ than any number of outcomes in one.
"""
MOST_REHEARSED = 1_200_000
"""Moments over all rounds after which the rehearsal ends all the same: at least one round is made."""


@dataclass(frozen=True)
class Claim:
    """What a column is worth on unseen rows of other borrowers: all of them, and first-time borrowers apart."""

    column: str
    all: Figures
    first_time: Figures


@dataclass(frozen=True)
class Cuts:
    """Days at which the calibration and the test window begin, and the test window ends (None: with the book).

    The first two are None when windows go by borrower.
    """

    calibrate: np.datetime64 | None
    test: np.datetime64 | None
    until: np.datetime64 | None = None


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
        fitted = 0
        for made in self._rounds():
            if seen and (fitted + len(self.frame) > MOST_REHEARSED or self._seen(seen) >= ENOUGH_EVENTS):
                break
            rows = np.flatnonzero(made.apart & self.labels.eligible & self._measured(made.cuts))
            got = self.final(~made.apart) if made.by_borrower else self.rehearsal(~made.apart, made.cuts)
            fitted += len(self.frame)
            if not isinstance(got, str) and len(rows):
                in_time = made.by_borrower and self.cuts.test is not None
                seen.append(Seen(rows, got.stays(self.frame.take(rows)), in_time))
        return {} if all(s.in_time for s in seen) else self._claims(seen)

    def _rounds(self) -> Iterator[Round]:
        """The latest window and, by borrower, the days of both windows in turn; then the earlier window."""
        parts = [(self.groups // 7) % FOLDS == fold for fold in range(FOLDS)]
        if self.cuts.test is None:
            yield from (Round(self.cuts, apart, by_borrower=True) for apart in parts)
            return
        earlier = cuts_of(self.days, usable(self.chain, self.labels), EARLIER)
        windows = [self.cuts]
        if earlier.test is not None and earlier.test < self.cuts.test:
            windows.append(replace(earlier, until=self.cuts.test))
        for apart in parts:
            yield Round(self.cuts, apart)
            yield Round(replace(self.cuts, test=windows[-1].test), apart, by_borrower=True)
        yield from (Round(window, apart) for window in windows[1:] for apart in parts)

    def _measured(self, cuts: Cuts) -> Bools:
        if cuts.test is None:
            return np.ones(len(self.frame), dtype=bool)
        made: Bools = (self.days >= cuts.test) & (True if cuts.until is None else self.days < cuts.until)
        return made

    def _seen(self, seen: Sequence[Seen]) -> int:
        """Outcomes of the rarer kind, out of time if the book goes by time, of the column that has fewest."""
        rows = np.concatenate([np.empty(0, dtype=np.int64), *(s.rows for s in seen if not s.in_time)])
        found = []
        for step in {step for step, _ in self.chain.outputs.values()}:
            stayed = self.labels.stays(step, self.chain.steps)[rows]
            known = self.labels.known_for(step, self.chain.steps)[rows]
            found.append(int(min((stayed & known).sum(), (~stayed & known).sum())))
        return min(found)

    def rehearsal(self, others: Bools, cuts: Cuts | None = None) -> ChainModel | str:
        """One round's fit on some borrowers' rows before the test window."""
        cuts = cuts or self.cuts
        if cuts.test is None or cuts.calibrate is None:
            return self.final(others)
        early, every = ([k & others for k in self.known_by(day)] for day in (cuts.calibrate, cuts.test))
        later = [k & others for k in self.later(cuts.calibrate, cuts.test)]
        return self.fit(early, later, every)

    def fit(
        self, early: Sequence[Bools], later: Sequence[Bools], every: Sequence[Bools] | None = None
    ) -> ChainModel | str:
        """Fitted on `early`, calibrated on `later`, its trees grown again on `every`; each rows by step."""
        return fit_chain(self.chain, self.frame, self.labels, early, later, self.groups, every)

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

    def _claims(self, seen: Sequence[Seen]) -> dict[str, Claim]:
        """Of each column whose outcomes were seen out of time, or by borrower where the book goes by borrower."""
        rows, stays = np.concatenate([s.rows for s in seen]), np.concatenate([s.stays for s in seen])
        sizes = [len(s.rows) for s in seen]
        rounds = np.repeat(np.arange(len(seen)), sizes)
        in_time = np.repeat([s.in_time for s in seen], sizes)
        claims = {}
        first_time = self.frame.marks["first_time"].astype(bool)[rows]
        borrowers = self.frame.marks["borrower_id"][rows]
        segments = segment_traits(self.frame, rows)
        for column, (step, is_end) in self.chain.outputs.items():
            known = self.labels.known_for(step, self.chain.steps)[rows]
            if not (known & ~in_time).any():
                continue
            stayed = self.labels.stays(step, self.chain.steps)[rows]
            drawn = np.flatnonzero(known)[redrawn(self.labels, rows[known], step, self.chain.steps)]
            y = (~stayed if is_end else stayed)[drawn].astype(float)
            p = (1 - stays[:, step] if is_end else stays[:, step])[drawn]
            tried = Tried(y, p, borrowers[drawn], rounds[drawn], in_time[drawn])
            traits = {n: v[drawn] for n, v in segments.items()}
            claims[column] = Claim(column, claimed(tried, traits), claimed(tried.of(first_time[drawn])))
        return claims

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
    if known.asked is None or not np.isfinite(known.asked[known.eligible]).any():
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
