"""What a league leaves in a folder: figures for programs, the frontier as table and picture, the card for people."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from forbear.basics.errors import WrongUse
from forbear.simulate.card.render import picture, render
from forbear.simulate.league import METRICS, League, points


def write(league: League, out: Path, language: str) -> list[Path]:
    """Write league.json, league.csv (a row a run), frontier.csv, frontier.svg and card.html into `out`.

    Raises:
        WrongUse: `out` is a file.
    """
    if out.exists() and not out.is_dir():
        raise WrongUse(f"{out} is a file", "name a folder")
    out.mkdir(parents=True, exist_ok=True)
    files = {
        "league.json": json.dumps(league.as_dict(), ensure_ascii=False, indent=2) + "\n",
        "league.csv": _runs(league),
        "frontier.csv": _frontier(league),
        "card.html": render(league, language),
    }
    if league.frontier:
        files["frontier.svg"] = str(picture(league, language))
    for name, text in files.items():
        (out / name).write_text(text, encoding="utf-8", newline="\n")
    return [out / name for name in files]


def _runs(league: League) -> str:
    told = io.StringIO()
    writer = csv.writer(told, lineterminator="\n")
    writer.writerow(("world", "strategy", "seed", *METRICS))
    for row in league.rows:
        writer.writerow((row.world, row.strategy, row.seed, *(f"{row.sums[m]:.10g}" for m in METRICS)))
    return told.getvalue()


def _frontier(league: League) -> str:
    told = io.StringIO()
    writer = csv.writer(told, lineterminator="\n")
    writer.writerow(("world", "strategy", "contacts_a_day_for_1000", *METRICS))
    for point in points(league):
        budget = "" if point.budget is None else f"{point.budget:g}"
        writer.writerow((point.world, point.strategy, budget, *(f"{point.means[m]:.10g}" for m in METRICS)))
    return told.getvalue()
