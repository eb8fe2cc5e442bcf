"""A borrower's own page on a phone: every page of it looked at, without scripts, and a payment from end to end."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

PHONE = {"width": 390, "height": 844}
PAGES = (
    *("/my/", "LOAN", "/my/pay", "/my/pay/later", "/my/hardship", "/my/plans", "/my/extension", "/my/dispute"),
    *("/my/complain", "/my/contact", "/my/contacts", "/my/receipts", "/my/data", "/my/way-back", "/my/closed"),
)
JUDGED = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
}
"""What axe asks: the law's levels and its rules of good practice (landmarks, order of headings, one h1)."""


def phone_of(browser, language: str = "en", *, scripts: bool = True):
    """A page on a phone's screen; what its console says is kept in `said`."""
    locale = {"en": "en-US", "zh-hans": "zh-CN"}[language]
    context = browser.new_context(
        viewport=PHONE,
        locale=locale,
        java_script_enabled=scripts,
        has_touch=True,
        is_mobile=True,
        device_scale_factor=2,
    )
    page = context.new_page()
    page.said = []
    page.on("console", lambda message: page.said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.said.append(str(error)))
    return page


def come_in(page, door: tuple[str, dict[str, str]]) -> None:
    """Open the link and pass the second check."""
    url, answers = door
    page.goto(url)
    for field, value in answers.items():
        page.fill(f"#{field}", value)
    page.locator("main button.main").click()
    page.wait_for_url("**/my/")


def judge(page, axe, where: str) -> None:
    """What a reader by ear or by hand needs: axe finds nothing, one h1, labels, nothing wider than the screen."""
    found = axe.run(page, options=JUDGED).response["violations"]
    assert not found, (where, [(one["id"], one["nodes"][0]["html"]) for one in found])
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), where
    assert page.locator("h1").count() == 1, where
    assert page.locator("main").count() == page.locator("header").count() == page.locator("footer").count() == 1
    small = page.evaluate(
        "[...document.querySelectorAll('main button, main .button, main input:not([type=hidden]), main select')]"
        ".filter(e => { const r = e.getBoundingClientRect(); return r.width && r.height < 24 }).map(e => e.outerHTML)"
    )
    assert not small, (where, small)


def pages_of(page) -> list[str]:
    """The addresses of her page, with her first loan's."""
    loan = page.locator('a[href^="/my/loans/"]').first.get_attribute("href")
    return [loan if one == "LOAN" else one for one in PAGES]


def walk_every_page(browser, demo, language: str, door: tuple[str, dict[str, str]]) -> None:
    """Every page judged; by the keyboard the first stop is the way to the content."""
    from axe_playwright_python.sync_playwright import Axe

    page, axe = phone_of(browser, language), Axe()
    page.goto(door[0])
    judge(page, axe, "door")
    come_in(page, door)
    assert page.locator("html").get_attribute("lang") == {"en": "en", "zh-hans": "zh-Hans"}[language]
    for address in pages_of(page):
        page.goto(demo.url + address)
        judge(page, axe, address)
    page.goto(demo.url + "/my/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.goto(demo.url + "/my/contact")  # what was wrong is told where a reader hears it
    page.fill("#opens", "20:00")
    page.fill("#closes", "20:10")
    page.locator("form.card button.main").click()
    page.locator('[role="alert"]').wait_for()
    judge(page, axe, "a form with a fault")
    wrong = [one for one in page.said if "400" not in one]  # the fault itself, which the browser notes
    assert wrong == []
    page.context.close()


def walk_without_scripts(browser, demo, door: tuple[str, dict[str, str]]) -> None:
    """All of it works where no script runs: in, a dispute with a file, contact stopped and begun again, data, out."""
    page = phone_of(browser, scripts=False)
    come_in(page, door)
    page.goto(demo.url + "/my/dispute")
    page.fill("#text", "I paid this installment in cash.")
    page.set_input_files(
        "#files", [{"name": "receipt.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 receipt"}]
    )
    page.locator("form.card button.main").click()
    page.locator(".number").wait_for()
    assert re.fullmatch(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){2}", page.locator(".number").inner_text())
    assert "receipt.pdf" in page.locator("main").inner_text()
    page.goto(demo.url + "/my/contact")
    page.get_by_role("button", name="Stop contacting me").click()
    page.locator(".number").wait_for()
    page.goto(demo.url + "/my/contact")
    page.get_by_role("button", name="You may contact me again").click()
    page.locator(".number").wait_for()
    page.goto(demo.url + "/my/data")
    with page.expect_download() as got:
        page.locator("main button.main").click()
    assert got.value.suggested_filename.endswith(".zip")
    page.get_by_role("button", name="Leave").click()
    page.wait_for_url("**/my/closed")
    page.goto(demo.url + "/my/")
    assert page.url.endswith("/my/closed")
    page.context.close()


def walk_from_hardship_to_a_payment(browser, demo, door: tuple[str, dict[str, str]]) -> None:
    """She tells that times are hard, says when she pays, pays a part by the sandbox, and sees it arrive."""
    page = phone_of(browser)
    come_in(page, door)
    page.get_by_role("link", name="Times are hard").click()
    page.locator('input[name="cause"]').first.check()
    page.fill("#text", "Short-time work since May.")
    page.locator("form.card button.main").click()
    page.get_by_text("It is paused already").wait_for()
    page.goto(demo.url + "/my/")
    page.get_by_text("Contact is paused").wait_for()
    page.get_by_role("link", name="Pay", exact=False).first.click()
    page.get_by_role("link", name="Not today").click()
    page.locator('input[name="amount"]').first.fill("50")
    page.locator('input[name="day"]').first.fill(str((datetime.now(UTC) + timedelta(days=6)).date()))
    page.locator("form.card button.main").first.click()
    page.get_by_text("50.00").first.wait_for()
    page.goto(demo.url + "/my/pay")
    page.locator('input[value="part"]').first.check()
    page.locator('input[name="amount"]').first.fill("20.50")
    page.locator("form.card button.main").first.click()
    page.get_by_role("link", name=re.compile("Pay .*20.50")).click()  # the policy lets the way to the provider open
    page.get_by_role("button", name="Pay", exact=True).click()
    page.get_by_role("heading", name="Your payment has arrived").wait_for()
    page.goto(demo.url + "/my/receipts")
    assert "20.50" in page.locator("main").inner_text()
    assert page.said == []
    page.context.close()


def pay_by_sandbox(page, demo, much: str, amount: str = "") -> None:
    """Choose a sum, go to the sandbox's page by its link, pay there, see it arrive."""
    page.goto(demo.url + "/my/pay")
    page.locator(f'input[value="{much}"]').first.check()
    page.locator('input[name="amount"]').first.fill(amount)
    page.locator("form.card button.main").first.click()
    page.get_by_role("link", name=re.compile("^Pay .* with ")).click()
    page.get_by_role("button", name="Pay", exact=True).click()
    page.get_by_role("heading", name="Your payment has arrived").wait_for()


def walk_a_loan_back(browser, demo, door: tuple[str, dict[str, str]], sign_in) -> None:
    """A loan from her side: link, second check, hardship, a plan granted by two, a payment, all paid, the way back."""
    page = phone_of(browser)
    come_in(page, door)
    page.get_by_text("Overdue today").first.wait_for()
    page.goto(demo.url + "/my/hardship")
    page.locator("form.card button.main").click()
    page.get_by_text("It is paused already").wait_for()
    page.goto(demo.url + "/my/plans")
    page.locator('input[name="income"]').first.fill("30000")
    page.locator("form.card button.main").first.click()
    page.get_by_role("button", name=re.compile("^I want this one")).first.click()
    page.wait_for_url(re.compile(r"/my/plans/\d+$"))
    number = page.url.rsplit("/", 1)[1]
    if page.locator('input[name="confirmed"]').count() == 0:  # proof is wanted first: the agent has seen it
        staff(browser, demo, sign_in, "agent", number, lambda desk: desk.fill('input[name="evidence"]', "payslips"))
        page.reload()
    page.locator('input[name="confirmed"]').check()
    page.get_by_role("button", name="I agree").click()
    page.get_by_text("Two people look at it").wait_for()
    staff(browser, demo, sign_in, "agent", number)  # puts it forward
    staff(browser, demo, sign_in, "manager", number)  # grants it
    page.reload()
    page.get_by_text(re.compile(r"0 of \d+ payments made")).wait_for()
    pay_by_sandbox(page, demo, "part", "10")
    pay_by_sandbox(page, demo, "all")
    page.goto(demo.url + "/my/")
    page.get_by_text("This loan is paid. Nothing is owed.").first.wait_for()
    page.goto(f"{demo.url}/my/plans/{number}")
    page.get_by_text(re.compile(r"(\d+) of \1 payments made|You kept it")).first.wait_for()
    page.goto(demo.url + "/my/way-back")
    page.get_by_text("Step by step").first.wait_for()
    assert page.locator("ol.rows .unseen", has_text="done:").count() >= 1
    assert page.said == []
    page.context.close()


def staff(browser, demo, sign_in, who: str, number: str, first=None) -> None:
    """Somebody at the desk takes the plan one step further, by the one main button that her role has."""
    desk = sign_in(browser, demo, who)
    desk.goto(f"{demo.url}/plans/one/{number}")
    if first:
        first(desk)
    desk.locator("section button.main").first.click()
    desk.get_by_text("Done.").wait_for()
    desk.context.close()
