"""Each role's day in a browser on a sample desk, in both languages; every page tried by axe at each width."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forbear.desk.sampling import FIRST_NAMES, SURNAMES
from forbear.testing.demo import running_demo

sys.path.insert(0, str(Path(__file__).parent))
import portal_tour
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
    for place, found in personal_data_in(running.logs):
        pytest.fail(f"the logs of the day's tours hold personal data: {found!r} in ...{place!r}")
    assert '"event": "request"' in running.logs, "the day was logged"
    assert running.code == 0
    assert running.said[-1].strip() == "the desk has stopped"


def personal_data_in(logs: str) -> list[tuple[str, str]]:
    """Names, phones and notes of the sample's people, written as they are or escaped, and where they stand."""
    names = "|".join(f"[{SURNAMES}]{first}" for first in FIRST_NAMES)
    escaped = "|".join(first.encode("unicode_escape").decode().replace("\\", r"\\") for first in FIRST_NAMES)
    wanted = re.compile(
        rf"{names}|{escaped}|(?<![0-9a-f])139\d{{8}}(?![0-9a-f])|139\*{{4}}|asked for a plan|换了工作|new job"
    )
    return [(logs[max(0, m.start() - 80) : m.end()], m[0]) for m in wanted.finditer(logs)]


def test_the_search_of_the_logs_finds_what_it_looks_for():
    for planted in ('{"event": "王安样"}', "phone 13912345678", repr("王安样".encode("unicode_escape"))[2:-1]):
        assert personal_data_in(planted.replace("\\\\", "\\")), planted


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
    for place, address in enumerate(addresses(page, demo, username)):
        page.goto(demo.url + address)
        judged = ("phone", "wide")[(place + LANGUAGES.index(language)) % 2]  # the other width in the other language
        for name, width in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": 900})
            if name == judged:  # axe takes most of the time
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
    page.locator("#keys:not([open])").wait_for(state="attached")
    page.wait_for_timeout(500)  # keys that come in the very moment a dialog closes are lost; people are slower
    page.keyboard.press("c")  # ask leave and call: the answer depends on the hour
    page.wait_for_selector(".outcomes, .message.error")
    if page.locator(".outcomes").count():
        page.keyboard.press("n")  # did not connect
        page.keyboard.press("1")  # no answer
        page.wait_for_selector(".outcomes", state="detached")
    page.locator('input[name="amount"]').first.fill("1,200.50")
    page.locator('input[name="due_on"]').first.fill(str((datetime.now(UTC) + timedelta(days=3)).date()))
    page.locator('form[action^="/promises/of"] button').last.click()
    page.locator(".timeline").get_by_text("1,200.50").first.wait_for()
    page.locator("summary", has_text=re.compile("See as plain text|明文")).click()
    page.select_option('select[name="value"]', index=0)
    page.locator('form[action^="/borrowers/show/"] button').first.click()
    page.locator("code.secret").wait_for()
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
        rows.nth(before).wait_for()
    assert page.url.endswith("/audit")
    assert before > 1
    page.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_managers_day_from_report_to_payment(browser, demo, language):
    page, payment = sign_in(browser, demo, "manager", language), f"TILL-{language}"
    page.keyboard.press("p")
    page.wait_for_selector("html[data-drawn]", state="attached")
    assert page.locator(".chart svg path").count() > 50
    page.keyboard.press("b")
    page.wait_for_selector(".tabs")
    page.goto(demo.url + next(one for one in addresses(page, demo, "manager") if one.startswith("/payments/of/")))
    page.fill('input[name="amount"]', "10.50")
    page.fill('input[name="payment_id"]', payment)
    page.locator('section form[method="get"] button').click()
    assert "¥10.50" in page.locator(".hint").inner_text()
    page.locator(".hint button").click()
    page.get_by_text(payment).first.wait_for()
    page.goto(f"{demo.url}/payments?words={payment}")
    assert "/payments/of/" in page.url
    assert page.said == []
    page.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_compliance_officers_day_from_vouching_to_the_audit_log(browser, demo, language):
    page = sign_in(browser, demo, "compliance", language)
    page.keyboard.press("v")
    sms = page.locator('section[aria-labelledby="c-sms"]')
    sms.locator('input[name="grounds"]').fill("签名由网关加上")
    sms.locator("button").click()
    page.locator('section[aria-labelledby="c-sms"]').get_by_text("签名由网关加上").wait_for()
    second = sign_in(browser, demo, "manager", language)
    second.goto(f"{demo.url}/rules/vouched")
    second.locator('section[aria-labelledby="c-sms"] button[value="approve"]').click()
    second.wait_for_load_state()
    second.context.close()
    page.reload()
    page.locator('section[aria-labelledby="c-sms"] form[action*="/end/"] button').click()
    page.locator("table").get_by_text("签名由网关加上").first.wait_for()
    page.goto(f"{demo.url}/audit?subject=channel:sms")
    assert page.locator("tbody tr").count() >= 4  # proposed, vouched for, approved, ended
    page.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_administrators_day_a_user_made_signs_in_and_is_switched_off(browser, demo, language):
    page, username = sign_in(browser, demo, "admin", language), f"new-{language}"
    page.keyboard.press("u")
    page.wait_for_url("**/users")
    page.keyboard.press("m")
    page.fill('input[name="username"]', username)
    page.select_option('select[name="role"]', "agent")
    page.locator('form[action="/users/add"] button').click()
    demo.passwords[username] = page.locator(".secret").inner_text()
    theirs = sign_in(browser, demo, username)
    page.goto(f"{demo.url}/users")
    page.locator("tr", has_text=username).locator('form[action$="/switch"] button').click()
    page.wait_for_load_state()
    theirs.goto(f"{demo.url}/worklist")
    assert "/accounts/login/" in theirs.url
    for one in (page, theirs):
        one.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_risk_modellers_day_from_the_report_to_the_rules(browser, demo, language):
    page = sign_in(browser, demo, "risk", language)
    page.keyboard.press("p")
    page.wait_for_selector("html[data-drawn]", state="attached")
    page.keyboard.press("g")
    page.wait_for_url("**/rules")
    page.fill('input[name="words"]', "CN-REC-01")
    page.keyboard.press("Enter")
    page.wait_for_url("**words=CN-REC-01*")
    assert 1 <= page.locator(".card.rule").count() < 10
    page.goto(f"{demo.url}/worklist")
    assert page.locator("h1").count() == 1  # refused in words, on a page of ours
    assert not page.locator('a[href^="/borrowers/"]').count()
    assert [said for said in page.said if "403" not in said] == []
    page.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_agencys_day_is_spent_on_its_placements_alone(browser, demo, language):
    mine = sign_in(browser, demo, "agency", language)
    mine.keyboard.press("w")
    mine.wait_for_url("**/worklist")
    placed = mine.locator('a[href^="/borrowers/"]').evaluate_all("rows => rows.map(a => a.getAttribute('href'))")
    lender = sign_in(browser, demo, "manager", language)
    lender.goto(f"{demo.url}/worklist")
    every = lender.locator('a[href^="/borrowers/"]').evaluate_all("rows => rows.map(a => a.getAttribute('href'))")
    others = [href for href in every if href not in placed]
    assert placed
    assert others
    mine.goto(demo.url + placed[0])
    assert mine.locator(".gate li").count() > 3
    mine.fill('textarea[name="text"]', f"placed with us {language}")
    mine.locator('form[action^="/notes/"] button').click()
    mine.locator(".timeline").get_by_text(f"placed with us {language}").first.wait_for()
    answer = mine.goto(demo.url + others[0])
    assert answer.status == 404
    for one in (mine, lender):
        one.context.close()


@pytest.mark.parametrize(("language", "said"), [("en", "loans that you fund"), ("zh-hans", "出资贷款")])
def test_a_funders_day_is_short_and_shows_nobody_elses_figures(browser, demo, language, said):
    page = sign_in(browser, demo, "funder", language)
    assert said in page.locator(".first").inner_text()
    for address in ("/portfolio", "/worklist", "/payments", "/users", "/audit"):
        assert page.goto(demo.url + address).status == 403
        assert not page.locator("table").count()
    page.context.close()


def test_the_demo_says_where_it_is_and_how_each_role_signs_in(demo):
    said = "".join(demo.said)
    assert re.search(r"tried: agent signs in and sees [1-9]\d* cases", said)
    assert set(PAGES) <= set(demo.passwords)
    assert len(set(demo.passwords.values())) == len(demo.passwords)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_borrowers_own_page_is_accessible_on_a_phone(browser, demo, language):
    portal_tour.walk_every_page(browser, demo, language, demo.doors[LANGUAGES.index(language)])


def test_a_borrowers_own_page_needs_no_scripts(browser, demo):
    portal_tour.walk_without_scripts(browser, demo, demo.doors[2])


def test_a_borrower_tells_promises_and_pays(browser, demo):
    portal_tour.walk_from_hardship_to_a_payment(browser, demo, demo.doors[3])


def test_a_loans_way_back_from_the_borrowers_side(browser, demo):
    portal_tour.walk_a_loan_back(browser, demo, demo.doors[4], sign_in)
