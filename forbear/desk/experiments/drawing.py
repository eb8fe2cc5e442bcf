"""The daily intervals of one arm as points of an SVG: no script, no style, its figures in the table beside it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, EDGE = 640.0, 200.0, 6.0


@dataclass(frozen=True)
class Drawing:
    """What is drawn: a band from low to high, a line of values, the line of no difference, dots where a day is alone.

    Attributes:
        band, line: points as SVG takes them; empty when there is nothing to draw.
        dots: x and y of each value.
        zero: y of no difference.
        low, high: the scale's ends.
    """

    band: str
    line: str
    dots: tuple[tuple[float, float], ...]
    zero: float
    low: float
    high: float


def drawn(rows: Sequence[tuple[int, float, float, float]]) -> Drawing | None:
    """Draw rows of day number, value, low and high; None: there are none."""
    if not rows:
        return None
    low, high = min(0.0, *(r[2] for r in rows)), max(0.0, *(r[3] for r in rows))
    low, high = (low, high) if high > low else (-1.0, 1.0)
    first, days = rows[0][0], max(1, rows[-1][0] - rows[0][0])

    def x(day: int) -> float:
        return round(EDGE + (WIDTH - 2 * EDGE) * (day - first) / days, 1)

    def y(value: float) -> float:
        return round(EDGE + (HEIGHT - 2 * EDGE) * (high - value) / (high - low), 1)

    upper = [f"{x(day)},{y(top)}" for day, _value, _low, top in rows]
    lower = [f"{x(day)},{y(bottom)}" for day, _value, bottom, _high in reversed(rows)]
    dots = tuple((x(day), y(value)) for day, value, _low, _high in rows)
    return Drawing(
        " ".join(upper + lower), " ".join(f"{a},{b}" for a, b in dots), dots, y(0.0), round(low, 4), round(high, 4)
    )
