"""What the report says: figures where they belong, gaps named, rules of law marked, from a real close too."""

from __future__ import annotations

import copy
import html
import json
import re
from datetime import date

import pytest

from forbear.book.sample import make_sample
from forbear.night import close
from forbear.report import render
from forbear.report.telling import without_name


def text_of(page: str) -> str:
    """What a reader sees of a page, tags off."""
    body = page.split("</head>")[1].split('<script type="application/json"', maxsplit=1)[0]
    return html.unescape(re.sub(r"<[^>]+>", "\n", body))


def section(page: str, name: str) -> str:
    return re.search(rf'<section id="{name}".*?</section>', page, re.DOTALL)[0]


def table(page: str, caption: str) -> list[list[str]]:
    """Rows of the table with a caption, the head first."""
    found = next(t for t in re.findall(r"<table>.*?</table>", page, re.DOTALL) if f"<caption>{caption}" in t)
    rows = re.findall(r"<tr>(.*?)</tr>", found, re.DOTALL)
    return [[html.unescape(c) for c in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


def charts(page: str) -> dict:
    return json.loads(re.search(r'id="chart-data">(.*?)</script>', page, re.DOTALL)[1])["charts"]


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """A close of a small sample book."""
    folder = tmp_path_factory.mktemp("night")
    make_sample(folder / "book", loans=400, seed=3, as_of=date(2026, 6, 30))
    return close(folder / "book", as_of=date(2026, 6, 30), out=folder / "close", language="en")


def test_a_real_close_fills_every_section(closed):
    page = (closed.out / "report.html").read_text(encoding="utf-8")
    told = [key for key in closed.portfolio if key not in ("format", "as_of", "currency", "minor_digits")]
    shown = set(re.findall(r'<section id="(\w+)"', page))
    assert shown | {"settings", "totals"} == set(told)
    assert "None" not in text_of(page)


def test_the_report_is_made_from_the_written_portfolio_alone(closed):
    told = json.loads((closed.out / "portfolio.json").read_text(encoding="utf-8"))
    assert render(told, "en") == (closed.out / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_listed_figure_of_a_real_close_is_shown(closed, language):
    """Totals, buckets, rates, categories, collections and segments: each amount stands in the page, digit for digit."""
    page = text_of(render(closed.portfolio, language))
    told = closed.portfolio
    rows = [*told["buckets"], *told["rates"], *told["classification"]["categories"]]
    rows += [*told["collections"], *told["segments"], *told["first_payment_default"]]
    amounts = {row[key] for row in rows for key in ("principal", "received", "due", "arrears") if key in row}
    assert len(amounts) > 60
    assert [a for a in sorted(amounts) if f"{float(a):,.2f}" not in page] == []


def test_cures_of_all_buckets_are_pooled_by_month(portfolio):
    portfolio["cures"] = [
        {
            "to_date": "2026-06-30",
            "from": "M1",
            "loans": 10,
            "cured": 5,
            "principal": "100.00",
            "cured_principal": "80.00",
        },
        {
            "to_date": "2026-06-30",
            "from": "M2",
            "loans": 30,
            "cured": 1,
            "principal": "900.00",
            "cured_principal": "20.00",
        },
    ]
    rows = table(render(portfolio, "en"), "Cures by month")
    assert rows[1:] == [["2026-06-30", "40", "6", "15.0%", "1,000.00", "100.00", "10.0%"]]


def test_the_matrix_of_rolls_has_each_pair_in_its_place(portfolio):
    pair = {
        "from": "M1",
        "to": "M0",
        "loans": 3,
        "share_loans": "0.75",
        "principal": "30.00",
        "share_principal": "0.3",
    }
    worse = {**pair, "to": "M2", "loans": 1, "share_loans": "0.25", "principal": "70.00", "share_principal": "0.7"}
    portfolio["rolls"]["buckets"] = ["M0", "M1", "M2", "closed"]
    portfolio["rolls"]["latest"]["rows"] = [pair, worse]
    page = render(portfolio, "en")
    by_money = table(page, "Latest period, 2026-05-31 to 2026-06-30 · by money")
    assert by_money[1:] == [
        ["M0", "0", "", "", "", ""],
        ["M1", "100.00", "30.0%", "·", "70.0%", "·"],
        ["M2", "0", "", "", "", ""],
    ]
    by_loans = table(page, "Latest period, 2026-05-31 to 2026-06-30 · by loans")
    assert by_loans[2] == ["M1", "4", "75.0%", "·", "25.0%", "·"]
    assert '<td class="better-2">30.0%' in page
    assert '<td class="worse-4">70.0%' in page


def test_only_rules_not_checked_against_the_law_are_marked(portfolio):
    shown = section(render(portfolio, "en"), "classification")
    marked = re.findall(r"<dt>(CN-CLS-\d+)[^<]*<span", shown)
    assert marked == ["CN-CLS-01"]
    assert "CN-CLS-02" in shown


def test_contagion_is_counted_beside_its_category(portfolio):
    rows = table(render(portfolio, "zh"), "未结清贷款的分类")
    assert {row[0]: row[-1] for row in rows[1:]} == {
        "正常": "0",
        "关注": "0",
        "次级": "22",
        "可疑": "0",
        "损失": "0",
    }


def test_what_narrows_the_report_stands_before_the_figures(portfolio):
    portfolio["book"]["missing_tables"].append("payments")
    page = render(portfolio, "en")
    before = page[: page.index('id="headline-title"')]
    assert "3 loans with ¥45.00k of principal, and 1 broken lines" in html.unescape(before)
    assert "no payments" in before
    clean = copy.deepcopy(portfolio)
    clean["quarantine"] |= {"loans": 0, "broken_lines": 0}
    clean["book"]["missing_tables"] = []
    assert 'class="warning"' not in render(clean, "en")


def test_loans_not_yet_disbursed_are_named(portfolio):
    assert "50 more loans" in render(portfolio, "en")
    portfolio["totals"]["not_disbursed"] = 0
    assert "not yet disbursed" not in render(portfolio, "en")


def test_the_book_names_its_gaps_notes_and_settings(portfolio):
    shown = html.unescape(section(render(portfolio, "zh"), "book"))
    assert "superlender_ng" in shown
    assert "Fees are not told apart from interest." in shown
    assert "账本中没有事件表" in shown
    assert ["aging.retail_exempt", "false"] in table(shown, "采用的设定")


def test_own_buckets_are_told_among_the_settings(portfolio):
    portfolio["settings"]["aging"]["buckets"] = [{"bucket": "good", "from": 0}, {"bucket": "bad", "from": 10}]
    shown = table(render(portfolio, "en"), "Settings in force")
    assert ["aging.buckets", "bucket good from 0, bucket bad from 10"] in shown
    assert ["report.amount_bands", "–"] in shown


def test_the_quarantine_lists_faults_orphans_and_waived_rules(portfolio):
    shown = section(render(portfolio, "en"), "quarantine")
    assert table(shown, "Faults by kind")[1:] == [["duplicate_key", "1"], ["principal_mismatch", "2"]]
    assert table(shown, "Rows of unknown loans")[1:] == [["installments", "2"]]
    assert table(shown, "Rules not asked")[1:] == [["paid_before_disbursal", "dates carry no hour"]]


def test_charts_draw_what_their_tables_say(portfolio):
    drawn = charts(render(portfolio, "en"))
    rates = {s["name"]: s["values"] for s in drawn["rates-0"]["series"]}
    assert rates["by loans"] == pytest.approx([float(r["rate_loans"]) * 100 for r in portfolio["rates"]])
    assert [s["name"] for s in drawn["history-0"]["series"]] == ["M1", "M2", "M3", "M4", "M5", "M6", "M7+"]
    curve = drawn["vintages-1"]["series"][0]
    points = portfolio["vintages"][0]["curves"]
    assert curve["values"] == pytest.approx([float(p["rate_30_principal"]) * 100 for p in points])


def test_a_young_vintage_ends_where_it_has_no_months_yet(portfolio):
    values = charts(render(portfolio, "en"))["vintages-0"]["series"][-1]["values"]
    assert values[0] is not None
    assert values[1:] == [None] * 23


@pytest.mark.parametrize(
    ("name", "meaning", "kept"),
    [
        ("迁徙率", "迁徙率：某月末的比例。", "某月末的比例。"),
        ("风险分类", "分类：仅按逾期天数。", "仅按逾期天数。"),
        ("Roll rate", "Roll rate: of the loans.", "Of the loans."),
        ("Arrears", "What is unpaid: principal.", "What is unpaid: principal."),
        ("Default", "Open loans.", "Open loans."),
    ],
)
def test_a_meaning_does_not_say_its_name_twice(name, meaning, kept):
    assert without_name(name, meaning) == kept


def test_charts_on_which_there_is_nothing_to_see_are_left_out(portfolio):
    """A book without open loans: rates of nothing, buckets of nothing; the tables stay."""
    for row in portfolio["rates"]:
        row["rate_loans"] = row["rate_principal"] = None
    for row in portfolio["buckets"]:
        row["principal"] = "0.00"
    page = render(portfolio, "en")
    assert not {"rates-0", "buckets-0"} & charts(page).keys()
    assert "<figure" not in section(page, "rates")
    assert len(table(page, "Delinquency rates by loans")) == 5
