"""A lender's own columns that know an outcome: written after the fact, refused before anything is learned from them.

A column is taken as known when the loan was disbursed (docs/risk.md). One that alone ranks what came later nearly
perfectly was not. It is held against the answers at each moment, and against what became of each loan and of each
borrower as a whole: a column such as "was ever late" ranks no single moment so well, and the whole perfectly. What
ranks less well is not found out here: nobody can tell it from a good feature.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from forbear.basics.errors import WrongUse
from forbear.book.schema import EXTRA_PREFIX
from forbear.risk.chains import Chain, Labels
from forbear.risk.encode import FOLDS
from forbear.risk.frame import Frame
from forbear.risk.measures import auc
from forbear.risk.panel import borrower_hash

Bools = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
KNOWS_TOO_MUCH = 0.97
"""AUC from which a lender's single column seems to know the outcome."""
LEAST_ROWS = 200
LEAST_CASES = 20
"""Moments, or loans, or borrowers, of either answer without which nothing is said: chance ranks a few perfectly."""
LEAST_LOANS = 10
"""Loans from which the moments of either answer must come: a loan's moments share its columns."""
LONGEST_GAP = 31
"""Days between two looks at an open loan, at most (`forbear.risk.panel`)."""
NEARLY_ALL = 0.9
PRIOR = 5.0
"""Cases of the mean that a text's share is held to."""


def refuse_seers(frame: Frame, known: Mapping[str, Labels], asked: Sequence[Chain], allow: Sequence[str]) -> None:
    """Refuse a lender's own column that ranks an outcome nearly perfectly.

    Args:
        frame: the panel.
        known: labels by chain.
        asked: the chains.
        allow: columns that may.

    Raises:
        WrongUse: naming the column, what it ranks and how well; or one that is allowed and not there.
    """
    features = [n for n in (*frame.columns, *frame.texts) if n.lower().startswith(EXTRA_PREFIX)]
    if unknown := sorted(set(allow) - set(features)):
        raise WrongUse(
            f"--allow {unknown[0]}: the book has no such feature",
            f"its own are {', '.join(features)}" if features else "it has no column that begins with x_",
        )
    own = [n for n in features if n not in allow]
    if not own or not len(frame):
        return
    folds = borrower_hash(frame) % FOLDS
    for question, rows, seen in _asked(frame, known, asked):
        for name in own:
            if (strength := _strength(frame, name, rows, seen, folds[rows])) >= KNOWS_TOO_MUCH:
                raise WrongUse(
                    f"column {name} alone ranks {question} with an AUC of {strength:.3f}: it seems to have been "
                    "written after the fact",
                    f"give it a column {name}_known_on with the day from which it was known, leave it out, or, if it "
                    f"was truly known at disbursal, say --allow {name}",
                )


def _asked(frame: Frame, known: Mapping[str, Labels], asked: Sequence[Chain]) -> Iterator[tuple[str, Whole, Bools]]:
    """What a column must not rank: a question in words, rows of the frame, and the answer to it of each."""
    wholes = {who: _Wholes.of(frame, f"{who}_id") for who in ("loan", "borrower")}
    for chain in asked:
        told = known[chain.name]
        rows = np.flatnonzero(told.at_risk(0, chain.steps))
        stayed = told.stays(0, chain.steps)[rows]
        loans = wholes["loan"].places[rows]
        least = min(len(np.unique(loans[stayed])), len(np.unique(loans[~stayed])))
        if len(rows) >= LEAST_ROWS and _enough(stayed) and least >= LEAST_LOANS:
            yield f"the answer to {chain.name!r}", rows, stayed
        for who, whole in wholes.items():
            for column, (step, is_end) in chain.outputs.items():
                there = np.flatnonzero(told.known_for(step, chain.steps))
                stays = told.stays(step, chain.steps)[there]
                firsts, ever = whole.ever(there, ~stays if is_end else stays)
                if _enough(ever):
                    yield f"the {who}s for which {column} ever came true", firsts, ever


def _enough(answers: Bools) -> bool:
    return min(int(answers.sum()), int((~answers).sum())) >= LEAST_CASES


@dataclass(frozen=True, eq=False)
class _Wholes:
    """The loans, or the borrowers, that a frame's rows are of.

    Attributes:
        places: of each row, which one it is of.
        firsts: of each one, its first row.
        is_over: of each one, whether nothing more can come: it was closed before the panel ends, or is due to the last.
        days: of each one, the day of its first row.
    """

    places: Whole
    firsts: Whole
    is_over: Bools
    days: npt.NDArray[np.datetime64]

    @classmethod
    def of(cls, frame: Frame, name: str) -> _Wholes:
        """By a mark of the frame."""
        days = frame.marks["as_of"].astype("datetime64[D]")
        places = np.unique(frame.marks[name].astype(str), return_inverse=True)[1]
        order = np.lexsort((days, places))
        ends = np.cumsum(np.bincount(places))
        lasts, firsts = order[ends - 1], order[np.concatenate([[0], ends[:-1]])]
        is_over = days[lasts] < days.max() - np.timedelta64(LONGEST_GAP, "D")
        if name == "loan_id" and "next_place" in frame.marks:
            is_over |= np.isnan(frame.marks["next_place"].astype(float)[lasts])
        return cls(places, firsts, is_over, days[firsts])

    def ever(self, rows: Whole, answers: Bools) -> tuple[Whole, Bools]:
        """Whether an answer was ever yes, of those of which that is certain: the first row of each, and the answer.

        A yes stays one; a no may still become one, until all is over. So only those are taken who came early enough
        for nearly all of them to be certain, where there are such: else those with an answer, whatever may come.
        """
        yes = np.bincount(self.places[rows], weights=answers, minlength=len(self.firsts)) > 0
        asked = np.unique(self.places[rows])
        asked = asked[np.argsort(self.days[asked], kind="stable")]
        certain = (yes | self.is_over)[asked]
        nearly = np.flatnonzero(np.cumsum(certain) >= NEARLY_ALL * np.arange(1, len(asked) + 1))
        early = np.arange(len(asked)) <= nearly[-1] if len(nearly) else np.zeros(len(asked), dtype=bool)
        chosen = asked[certain & early]
        if not _enough(yes[chosen]):
            chosen = asked
        return self.firsts[chosen], yes[chosen]


def _strength(frame: Frame, name: str, rows: Whole, seen: Bools, folds: Whole) -> float:
    """AUC of one column alone, missing values as a value of their own, either way round."""
    if name in frame.texts:
        coded = pa.array(frame.texts[name][rows], pa.string()).dictionary_encode()
        return auc(seen, _text_shares(coded.indices.to_numpy(), len(coded.dictionary), seen, folds))
    values = frame.column(name)[rows].astype(float)
    gone = np.isnan(values)
    found = [auc(seen, gone)] if 0 < gone.sum() < len(rows) else [0.5]
    if _enough(seen[~gone]):
        found.append(auc(seen[~gone], values[~gone]))
    return max(max(a, 1 - a) for a in found if np.isfinite(a))


def _text_shares(codes: npt.NDArray[np.int32], count: int, seen: Bools, folds: Whole) -> Doubles:
    """Of each row, the share of yes among other borrowers' rows with the same text: a text that nobody shares, such as
    a name or a number, says nothing.
    """
    cells = folds * count + codes
    rows = np.bincount(cells, minlength=FOLDS * count).reshape(FOLDS, count)
    yes = np.bincount(cells, weights=seen, minlength=FOLDS * count).reshape(FOLDS, count)
    others, their_yes = rows.sum(axis=0) - rows, yes.sum(axis=0) - yes
    shares: Doubles = ((their_yes + PRIOR * seen.mean()) / (others + PRIOR)).ravel()[cells]
    return shares
