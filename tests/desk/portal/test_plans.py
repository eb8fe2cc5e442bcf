"""Choosing a plan on the page: only what fits is shown, nothing is granted by her, and her way back is told."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from forbear.desk.ledger.booking import book
from forbear.desk.people.rights import allowed
from forbear.desk.plans import services
from forbear.desk.plans.models import Plan
from forbear.desk.portal.models import Asked
from forbear.desk.privacy import put
from forbear.desk.record.gate import leave_of
from forbear.desk.record.models import Borrower
from forbear.desk.replies.models import Task
from forbear.testing.lending import lend
from tests.desk.portal.conftest import MARK, come_in

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
MONTH = {"income": "6000", "spending": "4200", "obligations": "", "dependants": "1"}


@pytest.fixture
def inside(db):
    """B1, inside, with twelve months of 12,000.00, three months late."""
    today = timezone.now().date()
    lent = (today - timedelta(days=150)).replace(day=10)
    lend("L1", principal=12_000_00, rate="0.15", term=12, disbursed_on=lent)
    Borrower.objects.filter(pk="B1").update(time_zone="Asia/Shanghai", birth_year=1988)
    put("B1", "phone", "13912345678", "tests")
    book("payment", "L1", lent + timedelta(days=31), 1_083_10, "P1", "k1", actor="tests", at=timezone.now())
    return come_in("B1")


def first_option(page: str) -> str:
    assert 'name="option" value="' in page, page
    return page.split('name="option" value="')[1].split('"', maxsplit=1)[0]


def asked_for(client) -> Plan:
    page = client.post("/my/plans/fit/L1", MONTH).content.decode()
    answer = client.post("/my/plans/ask/L1", {**MONTH, "option": first_option(page)})
    assert answer.status_code == 302, answer.content.decode()
    return Plan.objects.get(pk=int(answer.headers["Location"].rsplit("/", 1)[1]))


def test_the_plans_shown_fit_what_is_left_and_nothing_is_kept(inside):
    page = inside.post("/my/plans/fit/L1", MONTH)
    said = page.content.decode()
    assert page.status_code == 200
    assert "a month is left" in said
    assert said.count("I want this one") >= 1
    assert not Plan.objects.exists()
    assert "6000" not in page.request["PATH_INFO"] + page.request["QUERY_STRING"]


def test_a_plan_is_asked_agreed_granted_by_two_and_kept_from_her_side(inside, user_of):
    made = asked_for(inside)
    assert (made.channel, made.asked_by) == ("portal", None)
    assert Asked.objects.get(kind="plan").refers == str(made.pk)
    assert not any(one.allowed for one in leave_of("B1", timezone.now(), ("call", "sms")))
    page = inside.get(f"/my/plans/{made.pk}").content.decode()
    assert "What it says and costs" in page
    if made.state == "asked":  # proof is wanted first
        assert Task.objects.filter(kind="take_plan_further").exists()
        services.offer(made.pk, user_of("agent"), timezone.now(), evidence="payslips")
    assert (
        inside.post(f"/my/plans/{made.pk}", {"do": "agree"}).status_code == 400
    )  # what it costs was not confirmed
    assert inside.post(f"/my/plans/{made.pk}", {"do": "agree", "confirmed": "1"}).status_code == 302
    made.refresh_from_db()
    assert made.state == "agreed"
    assert Task.objects.filter(kind="take_plan_further", done_at=None).count() == 1
    assert "Two people look at it" in inside.get(f"/my/plans/{made.pk}").content.decode()
    assert (
        inside.get(f"/my/receipts/{Asked.objects.get(kind='plan').pk}").headers["Location"]
        == f"/my/plans/{made.pk}"
    )
    assert "Contact is paused" in inside.get("/my/").content.decode() or made.state == "agreed"


def test_an_agreed_plan_can_be_left_before_it_is_granted(inside, user_of):
    made = asked_for(inside)
    assert inside.post(f"/my/plans/{made.pk}", {"do": "leave"}).status_code == 302
    made.refresh_from_db()
    assert made.state == "withdrawn"
    assert "not in force" in inside.get(f"/my/plans/{made.pk}").content.decode()
    asked_for(inside)  # and another be asked for


def test_no_one_who_comes_by_the_page_grants(inside):
    made = asked_for(inside)
    for do in ("grant", "offer", "forward", "refuse", ""):
        inside.post(f"/my/plans/{made.pk}", {"do": do})
        made.refresh_from_db()
        assert made.state in ("asked", "offered")
    inside.post("/my/plans/fit/L1", {**MONTH, "verified": "1"})
    assert not allowed(type("Nobody", (), {"is_authenticated": False})(), "plans.grant")


@pytest.mark.parametrize(
    "given",
    [
        {"income": ""},
        {"income": "x"},
        {"income": "-5"},
        {"income": "99999999999999"},
        {"spending": "1e9999"},
        {"income": "NaN"},
        {"dependants": "-1"},
        {"dependants": "²"},
        {"dependants": "99"},
    ],
)
def test_what_cannot_be_is_refused_with_a_word(inside, given):
    for path in ("/my/plans/fit/L1", "/my/plans/ask/L1"):
        answer = inside.post(path, {**MONTH, "option": "x", **given})
        assert answer.status_code == 400, path
        assert 'role="alert"' in answer.content.decode()
    assert not Plan.objects.exists()
    assert not Asked.objects.exists()


def test_an_option_that_was_not_shown_is_not_had(inside):
    assert inside.post("/my/plans/ask/L1", {**MONTH, "option": "made-up"}).status_code == 400
    page = inside.post("/my/plans/fit/L1", MONTH).content.decode()
    other = {**MONTH, "income": "4300", "option": first_option(page)}  # computed for a better month
    assert inside.post("/my/plans/ask/L1", other).status_code == 400
    assert not Plan.objects.exists()


def test_nothing_left_leads_to_hardship(inside):
    page = inside.post("/my/plans/fit/L1", {**MONTH, "income": "1000"}).content.decode()
    assert "/my/hardship" in page
    assert "I want this one" not in page


def test_anothers_plan_is_not_seen(inside):
    lend(f"L2{MARK}", borrower_id="B2", principal=12_000_00, term=12, disbursed_on=date(2026, 6, 10))
    made = asked_for(inside)
    Plan.objects.filter(pk=made.pk).update(borrower_id="B2", loan_id=f"L2{MARK}")
    assert inside.get(f"/my/plans/{made.pk}").status_code == 404
    assert inside.post(f"/my/plans/{made.pk}", {"do": "leave"}).status_code == 404
    assert inside.post(f"/my/plans/fit/L2{MARK}", MONTH).status_code == 404
    assert inside.post(f"/my/plans/ask/L2{MARK}", MONTH).status_code == 404


def test_her_way_back_is_told_step_by_step(inside):
    page = inside.get("/my/way-back").content.decode()
    assert "Step by step" in page
    assert "to come:" in page
    inside.post("/language", {"language": "zh-hans", "next": "/my/"})
    assert inside.get("/my/way-back").status_code == 200
