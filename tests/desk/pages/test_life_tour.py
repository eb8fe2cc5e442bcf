"""The life of a loan as its people see it, in a browser: the agent's, the manager's and the risk officer's pages in
English, the borrower's own in Chinese on a phone; its months pass by the clock of the desk's tests.

It is the life of `tests/desk/test_life_of_a_loan.py`, on a desk that runs within the test, since a sample desk's own
time cannot be moved. With FORBEAR_PICTURES=docs/images/life the pictures of docs/relief.md are taken anew.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from forbear.desk.bureau import correcting
from forbear.desk.plans import services
from forbear.desk.plans.models import Plan
from forbear.desk.portal import links
from forbear.desk.portal.checking import answers_of
from forbear.desk.record.models import Installment
from forbear.testing.demo import Demo
from forbear.testing.desk import PASSWORD
from tests.desk import test_life_of_a_loan as steps
from tests.desk.test_life_of_a_loan import life, outbox, sandbox, taken

sys.path.insert(0, str(Path(__file__).parent))
import portal_tour
from tour import CHROMIUM, browser_of, shot, sign_in

__all__ = ["life", "outbox", "sandbox", "taken"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium: apt-get install chromium"),
]
PICTURES = os.environ.get("FORBEAR_PICTURES", "")
PAYSLIP = {"name": "工资单.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 payslip"}


class Tour:
    """The browser beside the life: who signs in where, and pictures where they are wanted."""

    def __init__(self, browser, demo: Demo, life) -> None:
        self.browser, self.demo, self.life = browser, demo, life

    def picture(self, page, name: str) -> None:
        if PICTURES:
            shot(page, Path(PICTURES) / f"{name}.png")

    def staff(self, who: str, path: str, see: str | re.Pattern[str], name: str = "") -> None:
        """Somebody at the desk looks at a page and finds what she looks for."""
        page = sign_in(self.browser, self.demo, who)
        page.goto(self.demo.url + path)
        page.get_by_text(see).first.wait_for(state="attached")  # some of it is folded away
        if name:
            self.picture(page, name)
        assert page.said == []
        page.context.close()

    def acts(self, who: str, plan: Plan, first: Callable | None = None, name: str = "") -> None:
        """Somebody takes the plan one step further by the main button that her role has."""

        def look(desk) -> None:
            if first:
                first(desk)
            if name:
                self.picture(desk, name)

        portal_tour.staff(self.browser, self.demo, sign_in, who, str(plan.pk), look)
        plan.refresh_from_db()

    def hers(self, path: str = "/my/"):
        """Her own page on a phone, in Chinese, come in by a new link."""
        page = portal_tour.phone_of(self.browser, "zh-hans")
        door = self.demo.url + links.make(self.life.borrower).split("testserver")[1]
        portal_tour.come_in(page, (door, answers_of(self.life.borrower)))
        page.goto(self.demo.url + path)
        return page

    def sees(self, path: str, words: str, name: str = "") -> None:
        """She looks at one of her pages."""
        page = self.hers(path)
        page.get_by_text(words).first.wait_for()
        if name:
            self.picture(page, name)
        assert page.said == []
        page.context.close()


@pytest.fixture
def tour(live_server, life, monkeypatch):
    monkeypatch.setenv(
        "DJANGO_ALLOW_ASYNC_UNSAFE", "true"
    )  # the browser's loop runs in this thread, beside the ORM
    people = (life.agent, life.manager, life.other, life.risk, life.compliance)
    for one in people:
        one.set_password(PASSWORD)
        one.save()
    demo = Demo(url=live_server.url, passwords={one.username: PASSWORD for one in people})
    with browser_of() as browser:
        yield Tour(browser, demo, life)


def test_from_a_reminder_to_a_restored_record(tour, life, sandbox, taken):
    steps.apply_and_pay_out(life, taken)
    life.go_to(Installment.objects.filter(loan_id=life.loan).order_by("number").first().due_on + timedelta(days=3))
    assert life.remind("reminder") == "sent"
    correcting.noticed(life.manager, [life.loan], life.at, life.at)
    tour.staff("ann", f"/borrowers/{life.borrower}", life.loan, "agent")
    tells_of_hardship(tour)
    first = plan_of(tour, "first")
    steps.breaks(life, first)
    tour.sees(f"/my/plans/{first.pk}", "这不丢人", "broken")
    steps.reported(life)
    tour.staff("max", f"/bureau/of/{life.borrower}", "past due")
    life.outbox.later(days=14)
    second = plan_of(tour, "second")
    assert second.option["peak"] < first.option["peak"]
    steps.keeps(life, second)
    tour.sees(f"/my/plans/{second.pk}", "做得很好")
    steps.corrected(life)
    tour.staff("max", f"/bureau/of/{life.borrower}", "paid off")
    tour.staff("max", "/plans?show=ended", re.compile("kept", re.I), "ended")
    status = next(one for one in services.way_back(life.borrower, life.at)[0].steps if one.code == "status")
    life.go_to(status.on + timedelta(days=1))
    tour.sees("/my/way-back", "已完成", "way-back")
    steps.restored(life, second)
    steps.every_act_has_a_verdict(life)


def tells_of_hardship(tour: Tour) -> None:
    page = tour.hers("/my/hardship")
    page.locator('input[name="cause"]').first.check()
    page.fill("#text", "我失业了")
    page.set_input_files("#files", [{**PAYSLIP, "name": "离职证明.pdf"}])
    tour.picture(page, "hardship")
    page.locator("form.card button.main").click()
    page.locator(".number").wait_for()
    assert "离职证明.pdf" in page.locator("main").inner_text()
    page.context.close()
    assert tour.life.remind("while in hardship") != "sent"


def plan_of(tour: Tour, which: str) -> Plan:
    """She chooses a plan and shows what is asked for; the agent and the risk officer take it to its grant."""
    life = tour.life
    page = tour.hers("/my/plans")
    for name, value in (("income", "6000"), ("spending", "4000"), ("dependants", "1")):
        page.locator(f'input[name="{name}"]').first.fill(value)
    page.locator("form.card button.main").first.click()
    page.locator('form[action^="/my/plans/ask/"] button.main').first.wait_for()
    tour.picture(page, f"{which}-fit")
    page.locator('form[action^="/my/plans/ask/"] button.main').first.click()
    page.wait_for_url(re.compile(r"/my/plans/\d+$"))
    plan = Plan.objects.get(pk=int(page.url.rsplit("/", 1)[1]))
    if plan.state == "asked":
        page.set_input_files("#files", [PAYSLIP])
        page.locator('button[value="show"]').click()
        page.get_by_text("工资单.pdf").wait_for()
        tour.acts("ann", plan, lambda desk: desk.fill('input[name="evidence"]', "payslip"), f"{which}-proof")
        page.reload()
    page.locator('input[name="confirmed"]').check()
    tour.picture(page, f"{which}-agree")
    page.locator('button[value="agree"]').click()
    page.locator('input[name="confirmed"]').wait_for(state="detached")
    tour.acts("ann", plan)  # put forward
    tour.acts("rik", plan, lambda desk: desk.get_by_text("离职证明.pdf").first.wait_for(), f"{which}-grant")
    assert plan.state == "granted"
    life.balanced()
    page.reload()
    page.locator(".big").wait_for()
    tour.picture(page, f"{which}-running")
    assert page.said == []
    page.context.close()
    return plan
