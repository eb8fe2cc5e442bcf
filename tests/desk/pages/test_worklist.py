"""The worklist: filtered, sorted and paged without losing or repeating a case; taken with one key."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from forbear.desk.record.models import Borrower, Case

pytestmark = pytest.mark.django_db


@pytest.fixture
def cases():
    """130 cases, many of the same priority."""
    made = []
    for number in range(130):
        borrower = Borrower.objects.create(borrower_id=f"B{number:03}")
        made.append(
            Case(
                case_id=f"C{number:03}",
                borrower=borrower,
                priority=number % 7,
                dpd=number,
                bucket=f"M{1 + number % 3}",
                arrears=number * 100,
                outstanding=50_000 - number,
            )
        )
    return Case.objects.bulk_create(made)


def borrowers(page: str) -> list[str]:
    return re.findall(r'href="/borrowers/(B\d+)"', page)


def following(page: str) -> str:
    found = re.search(r'<a href="(\?[^"]*after=[^"]*)"', page)
    return found[1].replace("&amp;", "&") if found else ""


@pytest.mark.parametrize(("sort", "key"), [("priority", "priority"), ("dpd", "dpd"), ("arrears", "arrears")])
def test_all_pages_together_are_the_whole_list_in_order(cases, as_role, sort, key):
    agent, seen, address = as_role("agent"), [], f"?sort={sort}"
    while address:
        page = agent.get(f"/worklist{address}").content.decode()
        seen += borrowers(page)
        address = following(page)
    wanted = sorted(cases, key=lambda case: (-getattr(case, key), case.case_id))
    assert seen == [case.borrower_id for case in wanted]


def test_the_next_page_keeps_the_filter_and_comes_alone_by_htmx(cases, as_role):
    agent = as_role("agent")
    page = agent.get("/worklist?bucket=M2").content.decode()
    assert set(borrowers(page)) <= {case.borrower_id for case in cases if case.bucket == "M2"}
    assert len(borrowers(page)) == 43
    first = agent.get("/worklist").content.decode()
    rows = agent.get(f"/worklist{following(first)}", headers={"HX-Request": "true"}).content.decode()
    assert rows.lstrip().startswith("<tr>")
    assert "<html" not in rows


@pytest.mark.parametrize("after", ["x", "['priority', 1, 'C1']", "eyJ:bad:sig"])
def test_an_address_that_was_tampered_with_shows_the_first_page(cases, as_role, after):
    agent = as_role("agent")
    first = borrowers(agent.get("/worklist").content.decode())
    assert borrowers(agent.get("/worklist", {"after": after}).content.decode()) == first


def test_a_page_of_the_list_takes_few_queries_whatever_its_length(cases, as_role, django_assert_max_num_queries):
    agent = as_role("agent")
    with django_assert_max_num_queries(4):
        agent.get("/worklist")


def test_the_next_case_is_taken_and_its_borrower_shown(cases, as_role):
    agent = as_role("agent")
    went = agent.post("/worklist/next", follow=True)
    assert went.redirect_chain == [("/borrowers/B006", 302)]
    assert Case.objects.get(case_id="C006").claimed_by.username == "agent"
    mine = agent.get("/worklist?held=mine").content.decode()
    assert borrowers(mine) == ["B006"]


def test_a_case_that_another_holds_is_not_taken(cases, as_role, user_of):
    Case.objects.filter(case_id="C001").update(
        claimed_by=user_of("agent", "bo"), claimed_until=timezone.now() + timezone.timedelta(minutes=5)
    )
    agent = as_role("agent", username="anna")
    page = agent.post("/cases/take/C001", follow=True)
    assert page.redirect_chain == [("/worklist", 302)]
    assert Case.objects.get(case_id="C001").claimed_by.username == "bo"


def test_an_empty_list_says_what_to_do(as_role):
    assert "forbear desk worklist" in as_role("manager").get("/worklist").content.decode()


@pytest.mark.parametrize("role", ["risk", "funder", "borrower", "administrator"])
def test_whose_work_it_is_not_sees_no_list(as_role, role):
    assert as_role(role).get("/worklist").status_code == 403
