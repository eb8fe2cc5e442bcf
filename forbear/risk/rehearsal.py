"""The rehearsal: what a model is worth, measured on later days of borrowers that the measuring fits had not seen.

Each round fits on the earliest moments, calibrates on later ones, grows its trees again on both and measures on still
later ones, with a part of the borrowers kept out of all but the last; a label is used only if it was known before the
next window began (purge gap). One round of a hundred events says little: an AUC of 0.77 comes out as 0.70 or 0.83. So
rounds are repeated, with each part of the borrowers and then for an earlier window, until enough events were seen or
enough rows fitted (docs/decisions/100-claims-with-an-interval.md). The kept model is fitted likewise, with the windows
moved to the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from forbear.risk.chains import Chain, Labels
from forbear.risk.frame import Frame
from forbear.risk.hazard import ChainModel, fit_chain
from forbear.risk.measures import Doubles, Figures, claimed

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
"""Outcomes of the rarer kind, of the rarest column, after which the rehearsal ends: 95 % within some 0.02 of AUC."""
MOST_REHEARSED = 1_200_000
"""Moments over all rounds after which the rehearsal ends all the same: at least one round is made."""


@dataclass(frozen=True)
class Claim:
    """What a column is worth on unseen later rows of other borrowers: all of them, and first-time borrowers apart."""

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
class Work:
    """One chain's fits."""

    chain: Chain
    frame: Frame
    labels: Labels
    groups: Whole
    days: npt.NDArray[Any]
    cuts: Cuts

    def final(self) -> ChainModel | str:
        """The model that is kept: the test window of the rehearsal is its calibration window."""
        if self.cuts.test is None:
            part = self.groups % 5 == 4
            return self.fit(self._same(~part), self._same(part), self._same(part | ~part))
        every = self._same(np.ones(len(self.frame), dtype=bool))
        return self.fit(self.known_by(self.cuts.test), self.later(self.cuts.test, None), every)

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
        """What the columns are worth, each row predicted by a fit that knew neither its day nor its borrower."""
        parts: list[tuple[Whole, Doubles, int]] = []
        fitted = 0
        for window, (cuts, apart) in enumerate(self._rounds()):
            if parts and (fitted + len(self.frame) > MOST_REHEARSED or self._seen(parts) >= ENOUGH_EVENTS):
                break
            rows = np.flatnonzero(apart & self._measured(cuts) & self.labels.eligible)
            got = self.rehearsal(~apart, cuts)
            fitted += len(self.frame)
            if not isinstance(got, str) and len(rows):
                parts.append((rows, got.stays(self.frame.take(rows)), window // FOLDS))
        if not parts:
            return {}
        rows, stays = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
        return self._claims(rows, stays, np.concatenate([np.full(len(r), w) for r, _, w in parts]))

    def _rounds(self) -> Iterator[tuple[Cuts, Bools]]:
        """Windows and the borrowers kept out, the latest window first."""
        windows = [self.cuts]
        if self.cuts.test is not None:
            earlier = cuts_of(self.days, usable(self.chain, self.labels), EARLIER)
            if earlier.test is not None and earlier.test < self.cuts.test:
                windows.append(replace(earlier, until=self.cuts.test))
        for cuts in windows:
            for fold in range(FOLDS):
                yield cuts, (self.groups // 7) % FOLDS == fold

    def _measured(self, cuts: Cuts) -> Bools:
        if cuts.test is None:
            return np.ones(len(self.frame), dtype=bool)
        made: Bools = (self.days >= cuts.test) & (True if cuts.until is None else self.days < cuts.until)
        return made

    def _seen(self, parts: Sequence[tuple[Whole, Doubles, int]]) -> int:
        """Outcomes of the rarer kind of the column that has fewest."""
        rows = np.concatenate([r for r, _, _ in parts])
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
            part = self.groups % 5 == 4
            return self.fit(self._same(~part & others), self._same(part & others), self._same(others))
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

    def _claims(self, rows: Whole, stays: Doubles, windows: Whole) -> dict[str, Claim]:
        claims = {}
        first_time = self.frame.marks["first_time"].astype(bool)[rows]
        borrowers = self.frame.marks["borrower_id"][rows]
        segments = segment_traits(self.frame, rows)
        for column, (step, is_end) in self.chain.outputs.items():
            known = self.labels.known_for(step, self.chain.steps)[rows]
            if not known.any():
                continue
            stayed = self.labels.stays(step, self.chain.steps)[rows]
            drawn = np.flatnonzero(known)[redrawn(self.labels, rows[known], step, self.chain.steps)]
            y = (~stayed if is_end else stayed)[drawn].astype(float)
            p = (1 - stays[:, step] if is_end else stays[:, step])[drawn]
            who, when, new = borrowers[drawn], windows[drawn], first_time[drawn]
            traits = {n: v[drawn] for n, v in segments.items()}
            claims[column] = Claim(
                column, claimed(y, p, who, when, traits), claimed(y[new], p[new], who[new], when[new])
            )
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
