"""Fitting a model on a book: rehearsed on the past to learn what it is worth, then fitted on all of it.

The rehearsal fits on the earliest moments, calibrates on later ones and measures on the latest, with other borrowers
than those it learned from; a label is used only if it was known before the next window begins (purge gap). The final
model is made in the same way with the windows moved to the end. What it claims is what the rehearsal measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from forbear.basics.errors import WrongUse
from forbear.book import Book
from forbear.book.schema import EXTRA_PREFIX
from forbear.risk.chains import Chain, Labels, chains, eligible, labels
from forbear.risk.encode import encoding
from forbear.risk.frame import Frame
from forbear.risk.hazard import ChainModel, fit_chain
from forbear.risk.measures import Doubles, Figures, auc, figures, shares
from forbear.risk.panel import borrower_hash, kind_of, training_frame
from forbear.risk.reasons import reason_of
from forbear.risk.repaid import Repaid, fit_repaid
from forbear.risk.warning import Warner, learn, on_first_day

Bools = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]
CUTS = (0.6, 0.8)
"""Shares of the labeled moments, by day, before the calibration window and before the test window."""
LEAST_DAYS = 4
"""Different days of moments without which windows go by borrower instead of by day."""
LEAST_USABLE = 1_500
"""Moments with a horizon known for it to say where the windows lie."""
SMALL = 30_000
"""Moments below which the rehearsal is made in folds of borrowers, so that small books are measured well too."""
FOLDS = 4
KNOWS_TOO_MUCH = 0.97
"""AUC from which a lender's single column seems to know the outcome."""
WATCHED_BINS = 10
OF_THE_DAY = ("calendar", "neighbors")
"""Reasons of features that are nearly the same for all loans of a day: they move with the day, not with the book."""


@dataclass(frozen=True)
class Claim:
    """What a column is worth on unseen later rows of other borrowers: all of them, and first-time borrowers apart."""

    column: str
    all: Figures
    first_time: Figures


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted model.

    Attributes:
        kind: `events` or `statuses`.
        as_of: the day up to which its book was known.
        columns: numeric features of its frames.
        chains: fitted chains by name.
        missing: chains that could not be fitted, and why.
        claims: by column.
        repaid: expected share repaid; None without the late chain.
        windows: days at which the rehearsal's and the final windows begin.
        watch: for drift: cuts and shares of each feature and column.
        rows: moments in the panel; borrowers: people in it.
        warner: early warning; None where too little was late.
        notes: what a reader must know.
    """

    kind: str
    as_of: date
    columns: tuple[str, ...]
    chains: Mapping[str, ChainModel]
    missing: Mapping[str, str]
    claims: Mapping[str, Claim]
    repaid: Repaid | None
    windows: Mapping[str, str]
    watch: Mapping[str, Any]
    rows: int
    borrowers: int
    importance: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    warner: Warner | None = None
    notes: tuple[str, ...] = ()


Watching = Callable[[str], AbstractContextManager[Any]]


def fit(
    book: Book,
    *,
    as_of: date,
    allow: Sequence[str] = (),
    watch: Watching | None = None,
    shuffled: int | None = None,
) -> Model:
    """Fit a model on a book as it was known on a day.

    Args:
        book: opened; rows are taken as they are (see `check_book`).
        as_of: nothing later counts, in features or labels.
        allow: `x_*` columns that may rank an outcome nearly perfectly; others that do are refused.
        watch: told of each step.
        shuffled: a seed: labels are shuffled among rows, to show that nothing is learned from nothing.

    Raises:
        WrongUse: the book has no usable moment, no chain can be fitted, or a column seems to know an outcome.
    """
    watching = watch or (lambda _name: nullcontext())
    with watching("looking back through the book"):
        frame = training_frame(book, as_of)
    return fit_frame(frame, kind=kind_of(book), as_of=as_of, allow=allow, watch=watching, shuffled=shuffled)


def fit_frame(
    frame: Frame,
    *,
    kind: str,
    as_of: date,
    allow: Sequence[str] = (),
    watch: Watching | None = None,
    shuffled: int | None = None,
) -> Model:
    """Fit a model on a panel; as `fit`."""
    watching = watch or (lambda _name: nullcontext())
    groups = borrower_hash(frame)
    known = {c.name: _labels(c, frame, shuffled) for c in chains(kind)}
    _refuse_seers(frame, known, chains(kind), allow)
    days = frame.marks["as_of"].astype("datetime64[D]")
    made: dict[str, ChainModel] = {}
    missing, claims, windows = {}, {}, {}
    for chain in chains(kind):
        cuts = _cuts(days, _usable(chain, known[chain.name]))
        with watching(f"fitting {chain.name}"):
            work, got = _Work(chain, frame, known[chain.name], groups, days, cuts).final_somehow()
        if isinstance(got, str):
            missing[chain.name] = got
            continue
        made[chain.name] = got
        with watching(f"rehearsing {chain.name}"):
            claims.update(work.rehearsed())
        windows[chain.name] = work.told()
    if not made:
        raise WrongUse(
            "no question can be answered from this book: " + "; ".join(f"{n}: {why}" for n, why in missing.items()),
            "a model needs a longer history or more loans",
        )
    return Model(
        kind,
        as_of,
        frame.columns,
        made,
        missing,
        claims,
        fit_repaid(frame, made["late"], made.get("cure")) if "late" in made else None,
        windows,
        _watched(frame, made, days),
        len(frame),
        len(np.unique(frame.marks["borrower_id"].astype(str))),
        {name: importance(model) for name, model in made.items()},
        learn(frame, known["late"]) if kind == "events" else None,
        (*_unmeasured(made, claims), *_notes(frame, known, kind)),
    )


def _unmeasured(made: Mapping[str, ChainModel], claims: Mapping[str, Claim]) -> list[str]:
    asked = [c for m in made.values() for c in m.chain.outputs if c not in claims]
    why = "the book's past is too short to rehearse them: fitted, and not measured"
    return [f"{', '.join(asked)}: {why}"] if asked else []


def _labels(chain: Chain, frame: Frame, shuffled: int | None) -> Labels:
    """The labels; cures without contact where enough are left, else all, and the notes say so."""
    made = labels(chain, frame)
    if chain.name == "cure" and not _cures_left(made, chain):
        made = labels(chain, frame, untouched=False)
    if shuffled is None:
        return made
    rows = np.flatnonzero(made.eligible)
    other = np.random.default_rng(shuffled).permutation(rows)
    ended, known = made.ended.copy(), made.known.copy()
    ended[rows], known[rows] = made.ended[other], made.known[other]
    return Labels(made.eligible, ended, known, made.starts, made.asked)


def _cures_left(made: Labels, chain: Chain) -> bool:
    last = made.at_risk(len(chain.steps) - 1, chain.steps)
    return int(last.sum()) >= 100


@dataclass(frozen=True)
class Cuts:
    """Days at which the calibration and the test window begin; None when windows go by borrower."""

    calibrate: np.datetime64 | None
    test: np.datetime64 | None


def _usable(chain: Chain, known: Labels) -> Bools:
    """Rows by which windows are cut: those whose longest horizon is known, if they are enough, else a shorter one's."""
    steps = sorted({step for step, _ in chain.outputs.values()}, reverse=True)
    found = [known.eligible & (known.known >= chain.steps[step]) for step in steps]
    return next((rows for rows in found if rows.sum() >= LEAST_USABLE), found[-1])


def _cuts(days: npt.NDArray[Any], usable: Bools) -> Cuts:
    chosen = np.sort(days[usable])
    if len(np.unique(chosen)) < LEAST_DAYS:
        return Cuts(None, None)
    first, second = (chosen[int(share * (len(chosen) - 1))] for share in CUTS)
    return Cuts(first, second) if chosen[0] < first < second else Cuts(None, None)


@dataclass(frozen=True, eq=False)
class _Work:
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
            return self._fit(self._same(~part), self._same(part))
        return self._fit(self._known_by(self.cuts.test), self._from(self.cuts.test, None))

    def final_somehow(self) -> tuple[_Work, ChainModel | str]:
        """The kept model; with windows by borrower where those by day leave too few answers known in time.

        So it is with loans granted on one day: nothing is known of any of them before all have been looked at.
        """
        got = self.final()
        if isinstance(got, str) and self.cuts.test is not None:
            by_borrower = replace(self, cuts=Cuts(None, None))
            other = by_borrower.final()
            if not isinstance(other, str):
                return by_borrower, other
        return self, got

    def rehearsed(self) -> dict[str, Claim]:
        """What the columns are worth, each row predicted by a fit that knew neither its day nor its borrower."""
        folds = FOLDS if len(self.frame) < SMALL else 1
        share = FOLDS if folds > 1 else 2
        parts: list[tuple[Whole, Doubles]] = []
        for fold in range(folds):
            apart = (self.groups // 7) % share == fold
            late = np.ones(len(self.frame), bool) if self.cuts.test is None else self.days >= self.cuts.test
            rows = np.flatnonzero(apart & late & self.labels.eligible)
            got = self._rehearsal(~apart)
            if not isinstance(got, str) and len(rows):
                parts.append((rows, got.stays(self.frame.take(rows))))
        if not parts:
            return {}
        return self._claims(np.concatenate([r for r, _ in parts]), np.concatenate([p for _, p in parts]))

    def _rehearsal(self, others: Bools) -> ChainModel | str:
        if self.cuts.test is None or self.cuts.calibrate is None:
            part = self.groups % 5 == 4
            return self._fit(self._same(~part & others), self._same(part & others))
        early = [k & others for k in self._known_by(self.cuts.calibrate)]
        later = [k & others for k in self._from(self.cuts.calibrate, self.cuts.test)]
        return self._fit(early, later)

    def _fit(self, early: Sequence[Bools], later: Sequence[Bools]) -> ChainModel | str:
        return fit_chain(self.chain, self.frame, self.labels, early, later, self.groups)

    def _same(self, rows: Bools) -> list[Bools]:
        return [rows] * len(self.chain.steps)

    def _ripe(self, step: int) -> npt.NDArray[Any]:
        """The day on which each row's answer at a step is known."""
        wait = np.ceil(np.nan_to_num(self.labels.starts) + self.chain.steps[step]).astype("timedelta64[D]")
        made: npt.NDArray[Any] = self.days + wait
        return made

    def _known_by(self, day: np.datetime64) -> list[Bools]:
        return [(self.days < day) & (self._ripe(k) < day) for k in range(len(self.chain.steps))]

    def _from(self, day: np.datetime64, until: np.datetime64 | None) -> list[Bools]:
        from_day = self.days >= day
        steps = range(len(self.chain.steps))
        return [from_day & (self._ripe(k) < until if until is not None else True) for k in steps]

    def _claims(self, rows: Whole, stays: Doubles) -> dict[str, Claim]:
        claims = {}
        first_time = self.frame.marks["first_time"].astype(bool)[rows]
        segments = segment_traits(self.frame, rows)
        for column, (step, is_end) in self.chain.outputs.items():
            known = self.labels.known_for(step, self.chain.steps)[rows]
            stayed = self.labels.stays(step, self.chain.steps)[rows]
            y = (~stayed if is_end else stayed)[known].astype(float)
            p = (1 - stays[:, step] if is_end else stays[:, step])[known]
            if not len(y):
                continue
            drawn = _redrawn(self.labels, rows[known], step, self.chain.steps)
            new = first_time[known][drawn]
            traits = {n: v[known][drawn] for n, v in segments.items()}
            y, p = y[drawn], p[drawn]
            claims[column] = Claim(column, figures(y, p, traits), figures(y[new], p[new]))
        return claims

    def told(self) -> str:
        """The windows in words."""
        if self.cuts.test is None:
            return "by borrower: too few days, or too few answers known early enough, to go by time"
        return f"calibrated from {self.cuts.calibrate}, measured from {self.cuts.test}"


def _redrawn(known: Labels, rows: Whole, step: int, steps: tuple[int, ...]) -> Whole:
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


def _refuse_seers(frame: Frame, known: Mapping[str, Labels], asked: Sequence[Chain], allow: Sequence[str]) -> None:
    """Refuse a lender's own column that ranks an outcome nearly perfectly: it was written after the fact."""
    own = [n for n in (*frame.columns, *frame.texts) if n.startswith(EXTRA_PREFIX) and n not in allow]
    for chain in asked:
        rows = np.flatnonzero(known[chain.name].at_risk(0, chain.steps))
        stayed = known[chain.name].stays(0, chain.steps)[rows]
        if len(rows) < 200 or min(stayed.sum(), (~stayed).sum()) < 20:
            continue
        for name in own:
            if (strength := _strength(frame, name, rows, stayed)) >= KNOWS_TOO_MUCH:
                raise WrongUse(
                    f"column {name} alone ranks the answer to {chain.name!r} with an AUC of {strength:.3f}: it seems "
                    "to have been written after the fact",
                    f"give it a column {name}_known_on with the day from which it was known, leave it out, or, if it "
                    f"was truly known at disbursal, say --allow {name}",
                )


def _strength(frame: Frame, name: str, rows: Whole, stayed: Bools) -> float:
    """AUC of one column alone, missing values as a value of their own, either way round."""
    if name in frame.texts:
        values = encoding(frame.texts[name][rows], stayed)(frame.texts[name][rows]).astype(float)
        if len(np.unique(values)) > len(rows) // 10:
            return 0.5
    else:
        values = frame.column(name)[rows].astype(float)
    gone = np.isnan(values)
    found = [auc(stayed, gone)] if 0 < gone.sum() < len(rows) else [0.5]
    if (~gone).sum() >= 50:
        found.append(auc(stayed[~gone], values[~gone]))
    return max(max(a, 1 - a) for a in found if np.isfinite(a)) if any(map(np.isfinite, found)) else 0.5


def _watched(frame: Frame, made: Mapping[str, ChainModel], days: npt.NDArray[Any]) -> dict[str, Any]:
    """What the latest fifth of the panel looked like: cuts and shares of each feature and of each column."""
    recent = np.flatnonzero((days >= np.sort(days)[int(0.8 * (len(days) - 1))]) & ~on_first_day(frame))
    recent = recent[np.unique(np.linspace(0, len(recent) - 1, min(len(recent), 50_000)).astype(int))]
    part = frame.take(recent)
    told = {n: _cut(part.column(n)) for n in part.columns if reason_of(n) not in OF_THE_DAY}
    for model in made.values():
        rows = np.flatnonzero(eligible(model.chain, part))
        stays = model.stays(part.take(rows)) if len(rows) else np.empty((0, len(model.chain.steps)))
        for column, (step, is_end) in model.chain.outputs.items():
            told[column] = _cut(1 - stays[:, step] if is_end else stays[:, step])
    return told


def _cut(values: npt.NDArray[Any]) -> dict[str, list[float]]:
    values = values.astype(np.float64)
    known = values[~np.isnan(values)]
    deciles = np.quantile(known, np.linspace(0, 1, WATCHED_BINS + 1)[1:-1]) if len(known) else np.array([])
    cuts = np.unique(np.round(deciles, 6))
    return {
        "cuts": [float(c) for c in cuts],
        "shares": [round(float(s), 6) for s in shares(values, cuts)],
    }


def importance(model: ChainModel) -> dict[str, float]:
    """Share of each feature in what the trees do, the greatest first; those below a thousandth left out."""
    told = zip(model.names(), model.booster.get_feature_importance(), strict=True)
    ordered = sorted(((n, float(v) / 100) for n, v in told), key=lambda row: (-row[1], row[0]))
    return {n: round(v, 4) for n, v in ordered if v >= 0.001}


def _notes(frame: Frame, known: Mapping[str, Labels], kind: str) -> tuple[str, ...]:
    notes = []
    if "cure" in known and kind == "events":
        chain = next(c for c in chains(kind) if c.name == "cure")
        touched = int((~np.isnan(frame.outcomes["asked_in"]) & known["cure"].eligible).sum())
        if touched and _cures_left(labels(chain, frame), chain):
            notes.append(
                f"cures are counted until the first contact: {touched} of {int(known['cure'].eligible.sum())} overdue "
                "moments were contacted within 30 days"
            )
        elif touched:
            notes.append(
                "too few overdue moments were left uncontacted: cures here are under the contacts of the past"
            )
        else:
            notes.append("the book tells of no contacts: cures may owe something to contacts that are not in it")
    if kind == "statuses":
        notes.append("statuses come by the month: cures and rolls are from one month to the next")
    notes.append("loans that were refused are not in the book: nothing is known of them (no reject inference)")
    return tuple(notes)
