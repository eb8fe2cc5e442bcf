"""What a report is made of, before it is HTML: sections with charts, tables and the meaning of each figure.

Texts are ready to show, in the report's language; the template escapes them. Numbers for charts are plain floats,
for drawing only: what people read are texts made from the exact figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]
Rows = Sequence[Row]


@dataclass(frozen=True)
class Term:
    """A figure's name and what it means; `mark` is a warning that stands beside the name."""

    name: str
    meaning: str
    mark: str = ""


@dataclass(frozen=True)
class Cell:
    """A table cell; `tone` is a CSS class for its shade, such as `worse-3`."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class Table:
    """A table: the first column heads its rows, the others are numbers unless `words` names them.

    Attributes:
        is_open: shown at once; else, where scripts run, behind a line that opens it.
        is_wide: has so many columns that it is set small, and sideways on paper.
        on_paper: printed; a table whose twin is printed need not be.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    words: frozenset[int] = frozenset()
    is_open: bool = False
    is_wide: bool = False
    on_paper: bool = True


@dataclass(frozen=True)
class Column:
    """How one column of a table is made from a row of the portfolio."""

    name: str
    cell: Callable[[Row], Cell | str]
    is_words: bool = False


def table_of(caption: str, rows: Iterable[Row], columns: Sequence[Column], *, is_open: bool = False) -> Table:
    """A table with one line for each row of the portfolio."""
    cells = tuple(tuple(_cell(c.cell(row)) for c in columns) for row in rows)
    words = frozenset(i for i, c in enumerate(columns) if c.is_words)
    return Table(caption, tuple(c.name for c in columns), cells, words, is_open)


def _cell(made: Cell | str) -> Cell:
    return made if isinstance(made, Cell) else Cell(made)


@dataclass(frozen=True)
class Series:
    """One line or one kind of bar; missing values are None."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Chart:
    """A chart over categories.

    Attributes:
        kind: `line`, `bar`, or `stack` for bars one on another, from mild to severe.
        unit: `percent`, `money` or `count`, of the vertical axis.
        ramp: colors run from pale to dark over the series (older to newer) instead of standing apart.
    """

    title: str
    kind: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str
    x_title: str = ""
    ramp: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see: no value, or bars of no height."""
        values = [v for s in self.series for v in s.values if v is not None]
        return not any(values) if self.kind in ("bar", "stack") else not values

    def spec(self) -> dict[str, Any]:
        """The chart as data for the script that draws it."""
        return {
            "kind": self.kind,
            "unit": self.unit,
            "ramp": self.ramp,
            "x": list(self.categories),
            "xTitle": self.x_title,
            "series": [{"name": s.name, "values": list(s.values)} for s in self.series],
        }


@dataclass(frozen=True)
class Tile:
    """A headline figure: its name, the figure, a smaller line below, and what it means."""

    name: str
    figure: str
    detail: str
    meaning: str


@dataclass(frozen=True)
class Section:
    """A section of the report; `name` is its anchor.

    Attributes:
        terms: meanings, shown on demand.
        charts, tables: the figures.
        notes: sentences shown above the figures.
        sources: rules of law that the figures follow, shown below them.
    """

    name: str
    title: str
    lead: str
    terms: tuple[Term, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = field(default_factory=tuple)
    notes: tuple[str, ...] = ()
    sources: tuple[Term, ...] = ()
