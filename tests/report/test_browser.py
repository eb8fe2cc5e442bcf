"""The report in a browser: drawn, quiet, offline, not too wide, usable by keyboard and on paper."""

from __future__ import annotations

import re
import shutil

import pytest

from forbear.report import render

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(params=[("zh", 390), ("en", 390), ("en", 1280)], ids=lambda p: f"{p[0]}-{p[1]}")
def seen(request, browser, portfolio, tmp_path):
    """(page, what the console said, what was asked of the network) of a report at a width."""
    language, width = request.param
    portfolio["segments"][0]["value"] = "<script>alert(1)</script>" + "x" * 60
    file = tmp_path / "report.html"
    file.write_text(render(portfolio, language), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900})
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-drawn]", state="attached")
    yield page, said, asked, file
    page.close()


def test_nothing_is_said_and_nothing_asked_of_the_network(seen):
    _, said, asked, file = seen
    assert said == []
    assert asked == [file.as_uri()]


def test_every_chart_is_drawn_within_its_box(seen):
    page, *_ = seen
    boxes = page.eval_on_selector_all(
        ".chart",
        "all => all.map(b => [b.clientWidth, b.querySelector('svg').getBoundingClientRect().width,"
        " b.querySelectorAll('svg path').length, b.querySelectorAll('svg text').length])",
    )
    assert len(boxes) == 13
    assert all(drawn <= width + 1 and paths > 4 and labels > 4 for width, drawn, paths, labels in boxes)


def test_the_page_never_scrolls_sideways(seen):
    page, *_ = seen
    page.eval_on_selector_all("details", "all => all.forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_definitions_open_by_keyboard(seen):
    page, *_ = seen
    summary = page.locator("details.means summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("details.means").first.evaluate("d => d.open")
    assert page.locator("details.means p").first.is_visible()


def test_charts_follow_the_window(seen):
    page, *_ = seen
    page.set_viewport_size({"width": 600, "height": 900})
    wide = "document.querySelector('.chart svg').getBoundingClientRect().width > 480"
    for _ in range(100):  # the page's own policy forbids Playwright to wait inside it
        if page.evaluate(wide):
            break
        page.wait_for_timeout(100)
    assert page.evaluate(wide)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_paper_gets_charts_and_their_tables(seen):
    page, *_ = seen
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.eval_on_selector_all("details.data", "all => all.every(d => d.open)")
    widths = page.eval_on_selector_all(".chart svg", "all => all.map(s => s.getBoundingClientRect().width)")
    assert set(widths) == {660}
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert not page.eval_on_selector_all("details.data", "all => all.some(d => d.open)")


def test_without_scripts_every_figure_is_still_there(browser, portfolio, tmp_path):
    file = tmp_path / "report.html"
    file.write_text(render(portfolio, "en"), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    tables = page.locator("table")
    assert tables.count() > 20
    assert all(table.is_visible() for table in tables.all())
    assert page.locator("noscript").first.is_visible()
    context.close()


def test_printed_pages_stand_upright_but_for_the_widest_tables(browser, portfolio, tmp_path):
    """The print of the browser itself, not only what the script prepares for it."""
    file = tmp_path / "report.html"
    file.write_text(render(portfolio, "zh"), encoding="utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-drawn]", state="attached")
    printed = page.pdf(prefer_css_page_size=True)
    page.close()
    sizes = [tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox \[([^\]]+)\]", printed)]
    sideways = [size for size in sizes if size[2] > size[3]]
    assert len(sideways) == 4  # vintages by money, one page each
    assert len(sizes) - len(sideways) >= 8
