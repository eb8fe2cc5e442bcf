"""An agent through ten calls; a compliance officer from approving a template to why a contact is shut now."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forbear.testing.demo import running_demo

sys.path.insert(0, str(Path(__file__).parent))
from tour import CHROMIUM, browser_of, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.postgres,
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium: apt-get install chromium"),
]
TALKS = ("s1", "s2", "s3", "o1", "n1", "n2", "n3", "n4", "s2", "n1")
"""Outcomes of the ten calls, by their two keys."""
MOST_REFUSED = 5
"""Cases in a row for which the gate may say no, on a desk where some have disputes, plans and complaints."""


@pytest.fixture(scope="module")
def demo():
    with running_demo(loans=800, awake_at=datetime.now(UTC)) as running:
        yield running
    assert running.code == 0


@pytest.fixture(scope="module")
def browser(demo):
    with browser_of() as running:
        yield running


def begin_a_call(page, demo):
    """The next case that the gate gives leave for; those it refuses (a dispute is open, ...) are left."""
    for _ in range(MOST_REFUSED):
        page.goto(f"{demo.url}/worklist")
        page.keyboard.press("n")
        page.wait_for_url("**/borrowers/*")
        with page.expect_navigation():
            page.keyboard.press("c")  # the gate's leave
        if "/calls/screen/" in page.url:
            return
    raise AssertionError("the gate gave no leave")


def test_an_agent_through_ten_calls(browser, demo):
    page, named = sign_in(browser, demo, "agent"), 0
    for number, keys in enumerate(TALKS):
        begin_a_call(page, demo)
        assert "¥" not in page.locator("main").inner_text()  # no sum yet
        if keys[0] == "s":
            page.keyboard.press("k")  # I said who calls
            page.get_by_text("✓ I said who calls").wait_for()
            with page.expect_navigation():
                page.locator(".answers button").first.click()  # it is she
            page.keyboard.press("j")  # the right person
            page.get_by_text("✓ The right person").wait_for()
            page.locator(".answers button").first.click()  # what she told fits
            said = page.locator("blockquote.say", has_text=re.compile("¥|Nothing is overdue any more"))
            said.first.wait_for()  # some have paid since the night, as the bank's file tells
            named += "¥" in said.first.inner_text()
        page.keyboard.press(keys[0])
        page.keyboard.press(keys[1])
        page.wait_for_url("**/borrowers/*")
        if keys == "s2":
            page.locator('input[name="amount"]').first.fill("300")
            day = (datetime.now(UTC) + timedelta(days=3)).date()
            page.locator('input[name="due_on"]').first.fill(str(day))
            page.locator('form[action^="/promises/of"] button').last.click()
            page.locator(".timeline").get_by_text("300.00").first.wait_for()
        page.keyboard.press("r")  # let the case go, until the day proposed
        page.wait_for_url("**/worklist")
        assert number < 10
    assert named, "no call came to name a sum"
    assert page.said == []
    page.context.close()


def test_a_compliance_officer_approves_a_template_and_reads_why_a_contact_may_not_be_made(browser, demo):
    page = sign_in(browser, demo, "compliance")
    page.keyboard.press("t")
    page.locator("#waiting + ul a").first.click()
    page.get_by_text("The check of words has nothing against it").wait_for()
    page.keyboard.press("e")  # approve
    page.get_by_text("In force from now on").wait_for()
    page.goto(f"{demo.url}/worklist")
    page.locator('a[href^="/borrowers/"]').first.click()
    shut = page.locator(".gate li").filter(has=page.locator("details"))
    shut.first.locator("summary").click()
    assert "(CN-" in shut.first.inner_text() or "(LENDER-" in shut.first.inner_text()
    page.goto(f"{demo.url}/audit?action=template.approved")
    assert page.locator("tbody tr").count() > 1
    assert page.said == []
    page.context.close()
