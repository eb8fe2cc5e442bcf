"""The frontier as a picture: what contacts bring, against their number, a panel a world, in SVG without any script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10

from forbear.simulate.league import League, Point, points

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 460, 300, 64, 34, 16, 44
COLORS = ("#1d5c96", "#b45309", "#0f766e", "#9d174d", "#4d7c0f", "#6d28d9", "#475569", "#0891b2", "#a16207")
THOUSAND = 1e5
"""Minor units in a thousand of the major unit."""
LEAST = 0.01
"""Contacts a borrower at the left edge, where the strategies without contacts stand."""


def svg(league: League, title: str, worlds: dict[str, str]) -> str:
    """The picture; empty when no frontier was played.

    Args:
        league: played with frontier seeds.
        title: of the picture, in the reader's language.
        worlds: names of the worlds in the reader's language.
    """
    known = points(league)
    if not known:
        return ""
    panels = [
        f'<g transform="translate({(n % 2) * WIDTH},{(n // 2) * HEIGHT})">'
        f"{_panel(league, known, w, worlds.get(w, w))}</g>"
        for n, w in enumerate(league.worlds)
    ]
    rows = -(-len(league.worlds) // 2)
    height = rows * HEIGHT + 46 + 22 * (-(-len(league.strategies) // 5))
    width = WIDTH * min(2, len(league.worlds))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="#1e293b"><title>{escape(title)}</title>'
        f"{''.join(panels)}{_legend(league.strategies, rows * HEIGHT + 18)}"
        f'<text x="{LEFT}" y="{height - 12}" fill="#475569">{escape(title)}</text></svg>'
    )


def _legend(strategies: Sequence[str], top: int) -> str:
    marks = []
    for n, name in enumerate(strategies):
        x, y = 64 + (n % 5) * 150, top + (n // 5) * 22
        marks.append(
            f'<line x1="{x}" y1="{y}" x2="{x + 22}" y2="{y}" stroke="{COLORS[n % len(COLORS)]}" stroke-width="2.5"/>'
            f'<text x="{x + 28}" y="{y + 4}">{escape(name)}</text>'
        )
    return "".join(marks)


def _panel(league: League, known: list[Point], world: str, title: str) -> str:
    here = [p for p in known if p.world == world]
    heads = league.setup.borrowers
    most = max(*(p.means["contacts"] / heads for p in here), LEAST * 10)
    money = [p.means["brought"] / THOUSAND for p in here]
    low, high = min(0.0, *money), max(0.0, *money)
    pad = max((high - low) * 0.08, 1.0)
    low, high = low - pad, high + pad

    def x(contacts: float) -> float:
        share = log10(max(contacts, LEAST) / LEAST) / log10(most / LEAST)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(amount: float) -> float:
        return TOP + (high - amount) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [f'<text x="{LEFT}" y="20" font-weight="600">{escape(title)}</text>', _axes(x, y, most, low, high)]
    for n, name in enumerate(league.strategies):
        dots = [
            (x(p.means["contacts"] / heads), y(p.means["brought"] / THOUSAND)) for p in here if p.strategy == name
        ]
        dots.sort()
        color = COLORS[n % len(COLORS)]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in dots)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="1.8"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{color}"/>' for a, b in dots]
    return "".join(parts)


def _axes(x, y, most: float, low: float, high: float) -> str:  # type: ignore[no-untyped-def]
    bottom = HEIGHT - BOTTOM
    lines = []
    tick = LEAST
    while tick <= most * 1.0001:
        at = x(tick)
        lines.append(f'<line x1="{at:.1f}" y1="{TOP}" x2="{at:.1f}" y2="{bottom}" stroke="#e2e8f0"/>')
        label = "0" if tick == LEAST else f"{tick:g}"
        lines.append(f'<text x="{at:.1f}" y="{bottom + 16}" text-anchor="middle">{label}</text>')
        tick *= 10
    for amount in ticks(low, high):
        at = y(amount)
        color = "#94a3b8" if amount == 0 else "#e2e8f0"
        lines.append(f'<line x1="{LEFT}" y1="{at:.1f}" x2="{WIDTH - RIGHT}" y2="{at:.1f}" stroke="{color}"/>')
        lines.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{amount:,g}</text>')
    return "".join(lines)


def ticks(low: float, high: float) -> list[float]:
    """Round figures between two bounds, four to ten of them, 0 among them when it lies between."""
    raw = (high - low) / 5
    size = 10.0 ** floor(log10(raw))
    step = next(m * size for m in (1, 2, 5, 10) if m * size >= raw)
    return [n * step for n in range(ceil(low / step), floor(high / step) + 1)]
