"""The honesty card from a played league: self-contained, without script, the same bytes each time."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

import forbear.report
from forbear.basics.errors import WrongUse
from forbear.basics.templates import ours, template
from forbear.simulate.acts import menu
from forbear.simulate.card.frontier import svg
from forbear.simulate.evidence import Parameter, parameters, studies
from forbear.simulate.intervals import Interval
from forbear.simulate.league import METRICS, League, Line

HERE = Path(__file__).parent
LANGUAGES = ("zh", "en")
IN_THOUSANDS = ("brought", "received", "recovered", "cost", "forgiven")
THOUSAND = 1e5
"""Minor units in a thousand of the major unit."""
EFFECT_GROUPS = ("contact", "complaint", "message_in_trials", "harm")
WORLD_NAMES = {
    "zh": {
        "structural": "结构",
        "selfexciting": "自激",
        "bootstrap": "自助重抽",
        "placebo": "安慰剂",
        "harm": "伤害",
    },
    "en": {"selfexciting": "self-exciting"},
}


@cache
def texts(language: str) -> dict[str, Any]:
    """The card's words.

    Raises:
        WrongUse: there is no such language.
    """
    if language not in LANGUAGES:
        raise WrongUse(f"there is no card in {language!r}", f"choose one of {', '.join(LANGUAGES)}")
    return tomllib.loads((HERE / "texts" / f"{language}.toml").read_text(encoding="utf-8"))


def render(league: League, language: str = "zh") -> str:
    """The page.

    Raises:
        WrongUse: there is no such language.
    """
    say, first, lines = texts(language), league.strategies[0], league.lines()
    used = effect_parameters()
    page: str = template(HERE / "card.html.j2").render(
        say=say,
        style=ours((Path(forbear.report.__file__).parent / "report.css").read_text(encoding="utf-8")),
        lead=say["lead"].format(
            borrowers=f"{league.setup.borrowers:,}",
            days=league.setup.days,
            seeds=len(league.seeds),
            limits=league.setup.limits.told,
        ),
        league_lead=say["league_lead"].format(first=first),
        one_seed=len(league.seeds) < 2,
        findings=findings(league, lines, language),
        metrics=METRICS,
        worlds=[_world(league, lines, name, language) for name in league.worlds],
        picture=picture(league, language),
        frontier_lead=say["frontier_lead"].format(seeds=len({r.seed for r in league.frontier})),
        sources_lead=say["sources_lead"].format(
            count=len(used),
            studies=sum(e.source in studies() for e in used.values()),
            assumed=sum(e.source in ("assumed", "calibrated") for e in used.values()),
            definition=sum(e.source == "definition" for e in used.values()),
        ),
        studies=_studies(say),
        parameters=parameters().entries,
        footer=say["footer"].format(seed=league.seeds[0]),
    )
    return page


def effect_parameters() -> dict[str, Parameter]:
    """The numbers that set what a contact does."""
    groups = {a.name for a in menu().acts} | set(EFFECT_GROUPS)
    return {n: e for n, e in parameters().entries.items() if n.split(".")[0] in groups}


def picture(league: League, language: str) -> Markup:
    """The frontier as SVG; empty when it was not played."""
    return ours(svg(league, texts(language)["chart_title"], _names(league, language)))


def findings(league: League, lines: list[Line], language: str) -> list[str]:
    """Sentences that follow from the figures, the unwelcome ones included."""
    say, first = texts(language), league.strategies[0]
    by = {(line.world, line.strategy): line for line in lines}
    told = [_placebo(league, by, say), _harm(league, by, say)]
    for world, name in _names(league, language).items():
        if world in ("placebo", "harm"):
            continue
        worse = [s for s in league.strategies if _below(by[world, s].against["brought"])]
        key = "loses" if worse else "loses_none"
        told.append(say[key].format(world=name, first=first, strategies=", ".join(worse)))
        loud = [s for s in league.strategies if _above(by[world, s].against["complaints"])]
        if loud:
            told.append(say["complaints_more"].format(world=name, first=first, strategies=", ".join(loud)))
    return told


def _placebo(league: League, by: dict[tuple[str, str], Line], say: dict[str, Any]) -> str:
    if "placebo" not in league.worlds:
        return str(say["placebo_missing"])
    gaps = {s: by["placebo", s].against["brought"] for s in league.strategies}
    false = [s for s, gap in gaps.items() if _below(gap) or _above(gap) or (gap.low is None and gap.mean != 0)]
    return str(say["placebo_held"].format(strategies=", ".join(false)) if false else say["placebo_clean"])


def _harm(league: League, by: dict[tuple[str, str], Line], say: dict[str, Any]) -> str:
    if "harm" not in league.worlds:
        return str(say["harm_missing"])
    least = min(league.strategies, key=lambda s: by["harm", s].figures["contacts"].mean)
    best = max(league.strategies, key=lambda s: by["harm", s].figures["received"].mean)
    contacts = f"{by['harm', least].figures['contacts'].mean:,.0f}"
    return str(say["harm_least"].format(least=least, contacts=contacts, best=best))


def _below(gap: Interval) -> bool:
    return gap.high is not None and gap.high < 0


def _above(gap: Interval) -> bool:
    return gap.low is not None and gap.low > 0


def _names(league: League, language: str) -> dict[str, str]:
    return {w: WORLD_NAMES[language].get(w, w) for w in league.worlds}


def _world(league: League, lines: list[Line], world: str, language: str) -> dict[str, Any]:
    return {
        "title": _names(league, language)[world],
        "told": texts(language)["worlds"].get(world, league.worlds[world]),
        "made_of": league.worlds[world] if world == "bootstrap" else "",
        "lines": [
            {
                "strategy": line.strategy,
                "cells": [_cell(line, m, line.strategy == league.strategies[0]) for m in METRICS],
            }
            for line in lines
            if line.world == world
        ],
    }


def _cell(line: Line, metric: str, is_first: bool) -> dict[str, Any]:
    scale = THOUSAND if metric in IN_THOUSANDS else 1.0
    figure, gap = line.figures[metric], line.against[metric]
    return {
        "mean": shown(figure.mean / scale),
        "interval": "" if figure.low is None or figure.high is None else _between(figure, scale),
        "gap": "" if is_first else f"{'+' if gap.mean >= 0 else '−'}{shown(abs(gap.mean) / scale)}",
        "beyond": _below(gap) or _above(gap),
    }


def _between(figure: Interval, scale: float) -> str:
    assert figure.low is not None
    assert figure.high is not None
    return f"{shown(figure.low / scale)} … {shown(figure.high / scale)}"


def shown(value: float) -> str:
    """A figure with about four digits, never as a power of ten."""
    size = abs(value)
    digits = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 4
    text = f"{size:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"−{text}" if value < 0 and text != "0" else text


def _studies(say: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for study in studies().values():
        used = [n for n, e in parameters().entries.items() if e.source == study.id]
        permitted = say["yes"] if study.permitted else say["refused"].format(why=study.why_refused)
        rows.append({"study": study, "permitted": permitted, "used": ", ".join(used)})
    return rows
