"""Each role's day in a browser on a sample desk, in both languages; every page tried by axe at each width."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forbear.testing.demo import running_demo

sys.path.insert(0, str(Path(__file__).parent))
from tour import CHROMIUM, LANGUAGES, PAGES, WIDTHS, addresses, browser_of, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.postgres,
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium: apt-get install chromium"),
]
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}


@pytest.fixture(scope="module")
def demo():
    with running_demo(loans=300) as running:
        yield running
    assert running.code == 0
    assert running.said[-1].strip() == "the desk has stopped"


@pytest.fixture(scope="module")
def browser(demo):
    with browser_of() as running:
        yield running


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("username", PAGES)
def test_every_page_is_accessible_and_fits_at_every_width(browser, demo, username, language):
    from axe_playwright_python.sync_playwright import Axe

    axe = Axe()
    page = sign_in(browser, demo, username, language)
    for address in addresses(page, demo, username):
        page.goto(demo.url + address)
        for name, width in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": 900})
            found = axe.run(page, options=RULES).response["violations"]
            grave = [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")]
            assert not grave, (address, name)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (address, name)
    assert page.said == []  # no script failed, and the content security policy stopped nothing
    page.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_agents_day_by_keyboard(browser, demo, language):
    page = sign_in(browser, demo, "agent", language)
    page.keyboard.press("n")  # the next case, from the home page
    page.wait_for_url("**/borrowers/*")
    page.keyboard.press("?")
    assert page.locator("#keys li").count() >= 5
    page.keyboard.press("Escape")
    page.wait_for_function("!document.getElementById('keys').open && document.activeElement === document.body")
    page.wait_for_timeout(500)  # keys that come in the very moment a dialog closes are lost; people are slower
    page.keyboard.press("c")  # ask leave and call: the answer depends on the hour
    page.wait_for_selector(".outcomes, .message.error")
    if page.locator(".outcomes").count():
        page.keyboard.press("n")  # did not connect
        page.keyboard.press("1")  # no answer
        page.wait_for_selector(".outcomes", state="detached")
    page.locator('input[name="amount"]').first.fill("1,200.50")
    page.locator('input[name="due_on"]').first.fill(str((datetime.now(UTC) + timedelta(days=3)).date()))
    page.locator('form[action^="/promises/"] button').click()
    page.locator(".timeline").get_by_text("1,200.50").first.wait_for()
    page.fill('textarea[name="text"]', "asked for a plan")
    page.locator('form[action^="/notes/"] button').click()
    page.locator(".timeline").get_by_text("asked for a plan").first.wait_for()
    page.keyboard.press("r")  # let the case go
    page.wait_for_url("**/worklist")
    assert page.said == []
    page.context.close()


def test_keys_can_be_switched_off_and_do_nothing_while_one_types(browser, demo):
    page = sign_in(browser, demo, "compliance")
    page.goto(f"{demo.url}/rules")
    page.keyboard.press("/")
    page.keyboard.type("wa")  # letters of pages, typed into the search
    assert page.input_value('input[name="words"]') == "wa"
    page.locator("#keys-open").click()
    page.locator("#keys-on").uncheck()
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("a")
    page.wait_for_timeout(100)
    assert page.url.endswith("/rules")
    page.context.close()


def test_the_first_tab_leads_past_the_navigation(browser, demo):
    page = sign_in(browser, demo, "manager")
    page.goto(f"{demo.url}/worklist")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.context.close()


def test_a_long_list_grows_by_its_next_rows_in_place(browser, demo):
    page = sign_in(browser, demo, "compliance")
    page.goto(f"{demo.url}/audit")
    rows = page.locator("tbody tr")
    before = rows.count()
    if page.locator(".more a").count():
        page.locator(".more a").click()
        page.wait_for_function(f"document.querySelectorAll('tbody tr').length > {before}")
    assert page.url.endswith("/audit")
    assert before > 1
    page.context.close()


def test_a_managers_day_from_report_to_payment(browser, demo):
    page = sign_in(browser, demo, "manager")
    page.keyboard.press("p")
    page.wait_for_selector("html[data-drawn]", state="attached")
    assert page.locator(".chart svg path").count() > 50
    page.keyboard.press("b")
    page.wait_for_selector(".tabs")
    page.goto(demo.url + addresses(page, demo, "manager")[-1])
    page.fill('input[name="amount"]', "10.50")
    page.fill('input[name="payment_id"]', "TILL-1")
    page.locator('section form[method="get"] button').click()
    assert "¥10.50" in page.locator(".hint").inner_text()
    page.locator(".hint button").click()
    page.get_by_text("TILL-1").wait_for()
    page.goto(f"{demo.url}/payments?words=TILL-1")
    assert "/payments/of/" in page.url
    assert page.said == []
    page.context.close()


def test_a_compliance_officers_day_from_vouching_to_the_audit_log(browser, demo):
    page = sign_in(browser, demo, "compliance", "zh-hans")
    page.keyboard.press("v")
    sms = page.locator('section[aria-labelledby="c-sms"]')
    sms.locator('input[name="grounds"]').fill("签名由网关加上")
    sms.locator("button").click()
    page.locator('section[aria-labelledby="c-sms"]').get_by_text("签名由网关加上").wait_for()
    page.locator('section[aria-labelledby="c-sms"] button').click()
    page.locator("table").get_by_text("签名由网关加上").wait_for()
    page.goto(f"{demo.url}/audit?subject=channel:sms")
    assert page.locator("tbody tr").count() == 2
    page.context.close()


def test_an_administrators_day_a_user_made_signs_in_and_is_switched_off(browser, demo):
    page = sign_in(browser, demo, "admin")
    page.keyboard.press("u")
    page.wait_for_url("**/users")
    page.keyboard.press("m")
    page.fill('input[name="username"]', "new-agent")
    page.select_option('select[name="role"]', "agent")
    page.locator('form[action="/users/add"] button').click()
    demo.passwords["new-agent"] = page.locator(".secret").inner_text()
    theirs = sign_in(browser, demo, "new-agent")
    page.goto(f"{demo.url}/users")
    page.locator("tr", has_text="new-agent").locator('form[action$="/switch"] button').click()
    page.wait_for_load_state()
    theirs.goto(f"{demo.url}/worklist")
    assert "/accounts/login/" in theirs.url
    for one in (page, theirs):
        one.context.close()


def test_the_demo_says_where_it_is_and_how_each_role_signs_in(demo):
    said = "".join(demo.said)
    assert re.search(r"tried: agent signs in and sees [1-9]\d* cases", said)
    assert set(PAGES) <= set(demo.passwords)
    assert len(set(demo.passwords.values())) == len(demo.passwords)
