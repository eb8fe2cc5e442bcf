"""One HTML file from the portfolio dict: nothing is fetched, nothing read but the dict, the same bytes each time.

Everything from the dict is escaped by the template (Jinja's autoescape) or, for charts, written as JSON without any
character that could end a script. A content security policy forbids network and every script but our two, by hash.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from forbear.report import about, cohorts, movement, standing
from forbear.report import risk as chances
from forbear.report.headline import scope, tiles, warnings
from forbear.report.model import Section
from forbear.report.telling import Telling
from forbear.report.texts import Texts, texts

HERE = Path(__file__).parent
CHART_LIBRARY = HERE / "vendor" / "echarts-6.1.0.line-bar.svg.min.js"
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
    standing.segments,
    standing.classification,
    about.quarantine,
    about.book,
    about.definitions,
)
"""In the order of the page; a section whose figures the portfolio lacks is left out."""


def render(portfolio: Mapping[str, Any], language: str = "zh") -> str:
    """The report as HTML.

    Args:
        portfolio: the content of `portfolio.json` (docs/close.md).
        language: `zh` or `en`.

    Raises:
        WrongUse: there is no such language.
    """
    say = texts(language)
    tell = Telling(portfolio, say)
    made = [_drawn(section) for make in SECTIONS if (section := make(tell))]
    scripts = (_file(CHART_LIBRARY), _file(HERE / "charts.js")) if any(s.charts for s in made) else ()
    page: str = _template().render(
        say=say,
        language=HTML_LANGUAGE[language],
        portfolio=portfolio,
        scope=scope(tell),
        warnings=warnings(tell),
        tiles=tiles(tell),
        sections=made,
        policy=_policy(scripts),
        style=_ours(_file(HERE / "report.css")),
        scripts=[_ours(s) for s in scripts],
        chart_data=_ours(_data(made, say)),
    )
    return page


def _drawn(section: Section) -> Section:
    """The section without charts on which there is nothing to see; their tables say so."""
    return replace(section, charts=tuple(c for c in section.charts if not c.is_empty))


def _data(sections: list[Section], say: Texts) -> str:
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


def _ours(text: str) -> Markup:
    """Text that stands in the page as it is: our own files, and JSON made safe by `_data`; nothing else."""
    return Markup(text)  # noqa: S704


@cache
def _file(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    assert "</script" not in text.lower(), f"{path.name} would end its own element"
    return text


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")
