"""Fitting a model on a book: rehearsed on the past to learn what it is worth, then fitted on all of it.

What it claims is what the rehearsal measured (`forbear.risk.rehearsal`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from forbear.basics.errors import WrongUse
from forbear.book import Book
from forbear.risk.asking import Together
from forbear.risk.chains import Chain, Labels, chains, eligible, labels
from forbear.risk.frame import Frame
from forbear.risk.hazard import ChainModel
from forbear.risk.maturity import ripe_until
from forbear.risk.measures import shares
from forbear.risk.panel import borrower_hash, kind_of, last_payment, training_frame
from forbear.risk.reasons import reason_of
from forbear.risk.rehearsal import Claim, Work, cuts_of, usable
from forbear.risk.repaid import Repaid, fit_repaid
from forbear.risk.seers import refuse_seers
from forbear.risk.warning import Warner, learn, on_first_day

Bools = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]
WATCHED_BINS = 10
OF_THE_DAY = ("calendar", "neighbors")
"""Reasons of features that are nearly the same for all loans of a day: they move with the day, not with the book."""


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

    @cached_property
    def together(self) -> Together:
        """The chains, asked over one matrix."""
        return Together(tuple(self.chains.values()))


LONG_WITHOUT_MONEY = 14
"""Days without any payment at the end of a book after which a reader is told."""
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
        kind = kind_of(book)
        ripe = ripe_until(book, as_of) if kind == "events" else None
        frame = training_frame(book, as_of, ripe=ripe or as_of)
    made = fit_frame(frame, kind=kind, as_of=as_of, allow=allow, watch=watching, shuffled=shuffled)
    late = _long_without_money(last_payment(book, as_of), as_of) if kind == "events" else []
    return replace(made, notes=(*_unripe(ripe), *late, *made.notes))


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
    refuse_seers(frame, known, chains(kind), allow)
    days = frame.marks["as_of"].astype("datetime64[D]")
    made: dict[str, ChainModel] = {}
    missing, claims, windows = {}, {}, {}
    for chain in chains(kind):
        cuts = cuts_of(days, usable(chain, known[chain.name]))
        with watching(f"fitting {chain.name}"):
            work, got = Work(chain, frame, known[chain.name], groups, days, cuts).final_somehow()
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


def _unripe(ripe: date | None) -> list[str]:
    if ripe is None:
        return []
    return [
        "the book holds hardly any open loan, so late ones are missing at its end: loans disbursed after "
        f"{ripe} were neither learned from nor measured"
    ]


def _long_without_money(last: date | None, as_of: date) -> list[str]:
    """What to say of a book whose payments end well before the day it is said to be known up to."""
    if last is None or (as_of - last).days <= LONG_WITHOUT_MONEY:
        return []
    return [
        f"the book's last payment is of {last}, {(as_of - last).days} days before {as_of}: what fell due since looks "
        f"unpaid; if the book ends there, fit it as of {last}"
    ]


def _unmeasured(made: Mapping[str, ChainModel], claims: Mapping[str, Claim]) -> list[str]:
    asked = [c for m in made.values() for c in m.chain.outputs if c not in claims]
    why = "the book's past is too short, or its borrowers are too few, to rehearse them: fitted, and not measured"
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
