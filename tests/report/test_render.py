"""The report as HTML: complete in both languages, safe with hostile texts, whole without missing sections."""

from __future__ import annotations

import base64
import copy
import hashlib
import html
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.report import render
from forbear.report.texts import LANGUAGES, texts

GOLDEN = Path(__file__).parent / "golden"
SECTION_KEYS = [
    "buckets",
    "rates",
    "history",
    "rolls",
    "vintages",
    "collections",
    "cures",
    "first_payment_default",
    "segments",
    "classification",
    "quarantine",
    "book",
    "definitions",
]


class Outline(HTMLParser):
    """Landmarks, headings, captions and column heads, one a line: the structure a reader meets."""

    KEPT = frozenset(["h1", "h2", "figcaption", "caption", "th", "dt", "summary"])
    LANDMARKS = frozenset(["header", "nav", "main", "section", "footer"])

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.open: list[str] = []
        self.row_heads = False

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in self.LANDMARKS:
            self.lines.append(f"{tag} {given.get('id', '')}".strip())
        self.open.append(tag if tag in self.KEPT and given.get("scope") != "row" else "")
        if tag in {"meta", "br"}:
            self.open.pop()

    def handle_endtag(self, tag):
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] and data.strip():
            self.lines.append(f"  {self.open[-1]}: {data.strip()}")


def outline(page: str) -> str:
    parser = Outline()
    parser.feed(page)
    return "\n".join(parser.lines) + "\n"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_structure_is_the_golden_one(portfolio, language):
    """Refresh with FORBEAR_GOLDEN=1 pytest tests/report, and read the diff."""
    made, kept = outline(render(portfolio, language)), GOLDEN / f"outline_{language}.txt"
    if os.environ.get("FORBEAR_GOLDEN"):
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(made, encoding="utf-8")
    assert made == kept.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_dict_gives_the_same_bytes(portfolio, language):
    again = json.loads(json.dumps(portfolio))
    assert render(portfolio, language) == render(again, language)


def test_both_languages_have_the_same_keys():
    def keys(entries, before=""):
        for key, value in entries.items():
            yield from keys(value, f"{before}{key}.") if isinstance(value, dict) else [before + key]

    zh, en = (set(keys(texts(language).entries)) for language in LANGUAGES)
    assert zh == en


def test_both_languages_fill_the_same_places():
    def places(entries):
        for key, value in entries.items():
            found = (
                places(value) if isinstance(value, dict) else [(key, sorted(re.findall(r"\{(\w+)\}", str(value))))]
            )
            yield from found

    assert sorted(map(str, places(texts("zh").entries))) == sorted(map(str, places(texts("en").entries)))


def test_another_language_is_refused(portfolio):
    with pytest.raises(WrongUse, match="'fr'"):
        render(portfolio, "fr")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", SECTION_KEYS)
def test_a_missing_section_is_left_out_and_the_rest_stays(portfolio, key, language):
    sections = re.findall(r'<section id="([\w]+)"', render(portfolio, language))
    del portfolio[key]
    assert re.findall(r'<section id="([\w]+)"', render(portfolio, language)) == [s for s in sections if s != key]
    assert set(sections) == set(SECTION_KEYS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_portfolio_of_nothing_is_a_page_without_figures_and_scripts(language):
    page = render({"as_of": "2026-06-30", "currency": "CNY"}, language)
    assert "<h1>" in page
    assert "<script" not in page
    assert "script-src 'none'" in html.unescape(page)
    assert "<section" not in page


HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "\"'><img src=x onerror=alert(1)>",
    "中文 & 引号“”",
    "\u202egnp.exe",
    "{{ 7*7 }} {0} {as_of}",
    "]]>\u2028\u2029",
]


def with_texts(portfolio, text):
    """The portfolio with a text wherever the lender's own words stand."""
    told = copy.deepcopy(portfolio)
    told["as_of"] = told["currency"] = told["book"]["mapping"] = told["book"]["notes"][0] = text
    told["book"]["missing_tables"][0] = told["settings"]["aging"]["buckets"] = text
    told["buckets"][1]["bucket"] = told["vintages"][0]["month"] = text
    told["segments"][0]["value"] = told["segments"][0]["dimension"] = text
    told["rolls"]["buckets"][1] = told["history"][3]["date"] = told["cures"][0]["from"] = text
    told["classification"]["title"] = {"zh": text, "en": text}
    told["classification"]["citations"][0]["instrument"] = text
    told["quarantine"]["waived"][0]["why"] = text
    told["quarantine"]["faults"] = {text: 1}
    told["definitions"]["dpd"] = {"zh": text, "en": text}
    return told


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_texts_stay_texts(portfolio, text, language):
    harmless = Tags.of(render(with_texts(portfolio, "2024-07"), language))
    page = render(with_texts(portfolio, text), language)
    assert Tags.of(page) == harmless
    data = re.search(r'<script type="application/json" id="chart-data">(.*?)</script>', page, re.DOTALL)
    assert text in {s["name"] for s in json.loads(data[1])["charts"]["vintages-0"]["series"]}
    assert "&lt;script" in page or "<script" not in text


class Tags(HTMLParser):
    """Every tag with its attributes' names, to see that no text became one."""

    @classmethod
    def of(cls, page):
        parser = cls()
        parser.found = []
        parser.feed(page)
        return parser.found

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, tuple(name for name, _ in attrs)))


def leaves(value, path=()):
    if isinstance(value, dict):
        return [leaf for k, v in value.items() if k != "mob" for leaf in leaves(v, (*path, k))]
    if isinstance(value, list):
        return [leaf for i, v in enumerate(value) for leaf in leaves(v, (*path, i))]
    return [path]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.data(),
    odd=st.one_of(
        st.none(),
        st.text(max_size=12),
        st.integers(),
        st.booleans(),
        st.sampled_from(["NaN", "1e999999"]),
        st.just(10**30),
    ),
)
def test_an_odd_figure_never_stops_the_report(portfolio, data, odd):
    told = copy.deepcopy(portfolio)
    path = data.draw(st.sampled_from(leaves(told)))
    where = told
    for step in path[:-1]:
        where = where[step]
    where[path[-1]] = odd
    assert "</html>" in render(told, "en")


def test_figures_are_shown_exactly(portfolio):
    portfolio["buckets"][0]["principal"] = "90071992547409930.07"
    portfolio["rates"][0]["rate_principal"] = "0.123449"
    page = render(portfolio, "en")
    assert "90,071,992,547,409,930.07" in page
    assert "12.34%" in page


def test_the_policy_lets_only_the_two_scripts_run(portfolio):
    page = render(portfolio, "en")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1].replace("&#39;", "'")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    assert policy.startswith("default-src 'none'; script-src " + " ".join(f"'sha256-{h}'" for h in hashes) + ";")
    assert len(scripts) == 2
    assert not re.search(r'(?:src|href)="(?!#)', page)


def test_every_table_tells_its_caption_and_what_heads_what(portfolio):
    page = render(portfolio, "zh")
    for table in re.findall(r"<table>(.*?)</table>", page, re.DOTALL):
        assert re.search(r"<caption>[^<]+</caption>", table)
        assert all('scope="' in th for th in re.findall(r"<th\b[^>]*>", table))
    assert page.count("data-chart=") == page.count("<figcaption>")


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_text_stands_out_from_every_shade():
    """WCAG 2.2 AA, 1.4.3: at least 4.5 to 1."""
    css = (Path(render.__code__.co_filename).parent / "report.css").read_text()
    named = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", css))
    shades = re.findall(r"\.(?:better|worse|same)-\d \{ background: (#[0-9a-f]{6})", css)
    assert len(shades) == 18
    pairs = [(named["ink"], s) for s in shades] + [
        (named[n], b) for n in ("soft", "accent") for b in ("#ffffff", named["pale"])
    ]
    zero = re.search(r"\.zero \{ color: (#[0-9a-f]{6})", css)[1]
    assert min(contrast(*pair) for pair in [*pairs, (zero, "#ffffff")]) >= 4.5
