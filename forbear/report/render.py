"""One HTML file from the portfolio dict: nothing is fetched, nothing read but the dict, the same bytes each time.

Everything from the dict is escaped by the template (Jinja's autoescape) or, for charts, written as JSON without any
character that could end a script. A content security policy forbids network and every script but our two, by hash.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from forbear.basics.templates import ours, template
from forbear.report import about, cohorts, movement, standing
from forbear.report import decisions as deciding
from forbear.report import risk as chances
from forbear.report.headline import scope, tiles, warnings
from forbear.report.model import Section, Tile
from forbear.report.telling import Telling
from forbear.report.texts import Texts, texts

HERE = Path(__file__).parent
CHART_LIBRARY = HERE / "vendor" / "echarts-6.1.0.line-bar.svg.min.js"
CHART_SCRIPT = HERE / "charts.js"
HTML_LANGUAGE = {"zh": "zh-CN", "en": "en"}
SECTIONS = (
    standing.buckets,
    standing.rates,
    movement.history,
    movement.rolls,
    cohorts.vintages,
    cohorts.collections,
    movement.cures,
    cohorts.first_payment_default,
    chances.risk,
    deciding.decisions,
    standing.segments,
    standing.classification,
    about.quarantine,
    about.book,
    about.definitions,
)
"""In the order of the page; a section whose figures the portfolio lacks is left out."""


@dataclass(frozen=True)
class Parts:
    """What a report is made of, for whoever draws it in a page of their own.

    Attributes:
        say: the report's words.
        scope: one sentence on which loans it is about.
        chart_data: JSON for `charts.js`, that cannot end a script element.
    """

    say: Texts
    scope: str
    warnings: tuple[str, ...]
    tiles: tuple[Tile, ...]
    sections: tuple[Section, ...]
    chart_data: str

    @property
    def has_charts(self) -> bool:
        """Whether there is anything to draw."""
        return any(section.charts for section in self.sections)


def parts(portfolio: Mapping[str, Any], language: str = "zh") -> Parts:
    """The parts of the report, in its order.

    Raises:
        WrongUse: there is no such language.
    """
    say = texts(language)
    tell = Telling(portfolio, say)
    made = tuple(_drawn(section) for make in SECTIONS if (section := make(tell)))
    return Parts(say, scope(tell), warnings(tell), tiles(tell), made, _data(made, say))


def render(portfolio: Mapping[str, Any], language: str = "zh") -> str:
    """The report as HTML.

    Args:
        portfolio: the content of `portfolio.json` (docs/close.md).
        language: `zh` or `en`.

    Raises:
        WrongUse: there is no such language.
    """
    made = parts(portfolio, language)
    scripts = (_file(CHART_LIBRARY), _file(CHART_SCRIPT)) if made.has_charts else ()
    page: str = template(HERE / "report.html.j2").render(
        say=made.say,
        language=HTML_LANGUAGE[language],
        portfolio=portfolio,
        scope=made.scope,
        warnings=made.warnings,
        tiles=made.tiles,
        sections=made.sections,
        policy=_policy(scripts),
        style=ours(_file(HERE / "report.css")),
        scripts=[ours(s) for s in scripts],
        chart_data=ours(made.chart_data),
    )
    return page


def _drawn(section: Section) -> Section:
    """The section without charts on which there is nothing to see; their tables say so."""
    return replace(section, charts=tuple(c for c in section.charts if not c.is_empty))


def _data(sections: Iterable[Section], say: Texts) -> str:
    """What the script draws, as JSON that cannot end its script element."""
    charts = {f"{s.name}-{i}": chart.spec() for s in sections for i, chart in enumerate(s.charts)}
    told = {"charts": charts, "units": say.entries["words"]["units"]["axis"]}
    text = json.dumps(told, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _policy(scripts: tuple[str, ...]) -> str:
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    script = hashes or "'none'"
    return (
        f"default-src 'none'; script-src {script}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _file(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    assert "</script" not in text.lower(), f"{path.name} would end its own element"
    return text
