"""The matrix that trees read, and chains that are asked over one matrix side by side.

The chains of a model read much the same columns of the same rows. So what any of them splits by is laid out once, each
chain's coded texts after it, and every chain's trees are told where their columns stand there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from forbear.risk.frame import Floats, Frame
from forbear.risk.measures import Doubles
from forbear.risk.trees import by_steps, columns_asked, plain_trees

if TYPE_CHECKING:
    from forbear.risk.hazard import ChainModel

Whole = npt.NDArray[np.int64]
THREADS = 2
"""Fixed, so that the same rows give the same trees on every machine; so many chains are asked at once, each by one."""
FEW = 0.5
"""Share of a matrix's rows below which a chain's rows are copied out of it before its trees are asked."""


def matrix(
    frame: Frame,
    columns: Sequence[str],
    coded: Mapping[str, Floats],
    rows: Whole | slice = slice(None),
) -> Floats:
    """The frame's columns by name, a missing one as NaN throughout, with coded texts after them; some rows or all.

    Column lies after column in memory: so the trees read it without a copy.
    """
    known = [frame.column(name) if name in frame.columns else None for name in columns]
    count = len(range(*rows.indices(len(frame)))) if isinstance(rows, slice) else len(rows)
    made = np.empty((count, len(columns) + len(coded)), dtype=np.float32, order="F")
    for place, values in enumerate((*known, *coded.values())):
        if values is None:
            made[:, place] = np.nan
        elif isinstance(rows, slice):
            made[:, place] = values[rows]
        else:
            np.take(values, rows, out=made[:, place], mode="clip")
    return made


def answers(booster: Any, numbers: Floats) -> Doubles:
    """The trees' answers; the library reads columns in place and shuts them against writing while it does."""
    made: Doubles = np.asarray(
        booster.predict(numbers, prediction_type="RawFormulaVal", thread_count=1), dtype=np.float64
    )
    if numbers.flags.owndata:
        numbers.flags.writeable = True
    return made


class Together:
    """Chains that are asked over one matrix."""

    def __init__(self, models: Sequence[ChainModel]) -> None:
        """Find what the chains read, and tell their trees where it stands."""
        self._models = {model.chain.name: model for model in models}
        told = {name: plain_trees(model.booster) for name, model in self._models.items()}
        read = {name: _read(model, told[name]) for name, model in self._models.items()}
        self._columns = tuple(dict.fromkeys(c for n, m in self._models.items() for c in m.columns if c in read[n]))
        self._texts = [(n, text) for n, m in self._models.items() for text in m.encodings if f"{text}~" in read[n]]
        self._names = {name: self._named(name) for name in self._models}
        self._trees = {name: self._placed(name, told[name]) for name in self._models}

    def sheet(self, frame: Frame, rows: Whole | slice = slice(None)) -> Floats:
        """The matrix of a frame's rows: some or all."""
        coded = {
            f"{chain}.{text}": self._models[chain].encodings[text].of(*frame.coded(text))
            for chain, text in self._texts
        }
        return matrix(frame, self._columns, coded, rows)

    def all_stays(self, frame: Frame, run: slice, rows: Mapping[str, Whole]) -> Iterator[tuple[str, Doubles]]:
        """What each chain says (`stays`) of its own rows, chains side by side; those without rows are left out.

        Args:
            frame: the rows' features.
            run: rows of the frame that are laid in one matrix.
            rows: of the frame and within the run, by chain.
        """
        sheet, history = self.sheet(frame, run), frame.marks["history"][run]
        asked = [name for name, own in rows.items() if len(own)]
        with ThreadPoolExecutor(THREADS) as pool:
            told = pool.map(lambda name: self.stays(name, sheet, history, rows[name] - run.start), asked)
            yield from zip(asked, told, strict=True)

    def stays(self, chain: str, sheet: Floats, history: npt.NDArray[Any], rows: Whole | None = None) -> Doubles:
        """Chance of still being as it was after each step of a chain: rows by steps, never rising along a row.

        Args:
            chain: its name.
            sheet: made by `sheet`.
            history: installments or months known of each of the sheet's rows.
            rows: of the sheet; None for all.
        """
        if rows is not None and len(rows) < FEW * len(sheet):
            sheet, history, rows = np.take(sheet.T, rows, axis=1).T, history[rows], None
        model = self._models[chain]
        raw = answers(self._trees[chain], sheet).reshape(len(sheet), len(model.chain.steps))
        raw[:, 0] = model.blended(raw[:, 0], self._names[chain], sheet, history)
        return model.calibrated(raw if rows is None else raw[rows])

    def _named(self, chain: str) -> tuple[str, ...]:
        """Names of the matrix's columns as a chain's trees and scorecard call them; blank for other chains' texts."""
        return (*self._columns, *(f"{text}~" if owner == chain else "" for owner, text in self._texts))

    def _placed(self, chain: str, told: dict[str, Any]) -> Any:
        model, names = self._models[chain], self._names[chain]
        place_of = {i: names.index(name) for i, name in enumerate(model.names()[:-1]) if name in names}
        return by_steps(told, len(model.names()) - 1, len(model.chain.steps), place_of)


def _read(model: ChainModel, told: Mapping[str, Any]) -> set[str]:
    """Names of the columns that a chain's trees or its scorecard look at, the step's among them."""
    of_card = {part.name for part in model.card.parts} if model.has_say_of_card() else set()  # type: ignore[union-attr]
    return of_card | {model.names()[place] for place in columns_asked(told)}
