"""The door: links cannot be guessed, expire, open for one device; the second check has few tries; visits are short."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core import signing
from django.db import connections
from django.test import Client
from django.utils import timezone

from forbear.desk.audit.models import Entry
from forbear.desk.portal import checking, links, visits
from forbear.desk.portal.models import Door, UsedLink, Visit
from forbear.desk.privacy import put
from forbear.desk.record.models import Borrower
from forbear.desk.wording.links import LASTS, link
from tests.desk.portal.conftest import CHECK, come_in, door_of, make_borrower

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
WRONG = {"phone": "0000", "born": "1988"}


def said(client: Client, path: str, given: dict[str, str]) -> int:
    return client.post(path, given).status_code


def test_looking_at_a_link_shows_nothing_and_uses_nothing_up(hers):
    page = Client().get(door_of("B1"))
    assert page.status_code == 200
    assert "L1" not in page.content.decode()
    assert "1988" not in page.content.decode()
    assert not UsedLink.objects.exists()
    assert not Visit.objects.exists()


def test_a_link_and_the_second_check_open_her_page(hers):
    page = come_in("B1").get("/my/").content.decode()
    assert "Loan L1" in page
    assert "Overdue today" in page
    assert Entry.objects.filter(action="portal.entered", subject="borrower:B1").count() == 1


def test_two_links_of_one_borrower_are_never_the_same(hers):
    assert len({links.make("B1") for _ in range(50)}) == 50


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: "A" + token,
        lambda token: token.rsplit(":", 1)[0],
        lambda token: "x",
        lambda token: token.replace(":", "%3A", 1)[:10],
        lambda token: signing.dumps(["B1", "guessed"], salt="forbear.link.page", key="another secret"),
        lambda token: signing.dumps(["B1", "guessed"], salt="forbear.link.see"),
        lambda token: signing.dumps("B1", salt="forbear.link.page"),
        lambda token: signing.dumps(["nobody", "x"], salt="forbear.link.page"),
        lambda token: link("see", "B1").rsplit("/", 1)[1],
    ],
)
def test_a_changed_guessed_or_foreign_token_opens_nothing(hers, spoil):
    path = f"/my/in/{spoil(door_of('B1').rsplit('/', 1)[1])}"
    assert Client().get(path).status_code == 404
    assert said(Client(), path, CHECK) == 404
    assert not Visit.objects.exists()


def test_a_page_link_opens_none_of_the_pages_for_one_purpose(hers):
    token = door_of("B1").rsplit("/", 1)[1]
    for purpose in LASTS:
        assert Client().get(f"/l/{purpose}/{token}").status_code == 404


def test_a_link_expires(hers, monkeypatch):
    path, now = door_of("B1"), time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now + links.LASTS.total_seconds() - 60)
    assert Client().get(path).status_code == 200
    monkeypatch.setattr(signing.time, "time", lambda: now + links.LASTS.total_seconds() + 60)
    assert Client().get(path).status_code == 404
    assert said(Client(), path, CHECK) == 404


def test_a_used_link_opens_again_for_the_same_device_and_for_no_other(hers):
    path, own, other = door_of("B1"), Client(), Client()
    assert said(own, path, CHECK) == 302
    own.post("/my/leave")
    assert own.get("/my/").status_code == 302
    assert said(other, path, CHECK) == 404
    assert other.get(path).status_code == 404
    assert said(own, path, CHECK) == 302
    assert own.get("/my/").status_code == 200


def test_a_stolen_visit_cookie_ends_when_she_leaves(hers):
    own, thief = come_in("B1"), Client()
    thief.cookies["my-visit"] = own.cookies["my-visit"].value
    assert thief.get("/my/").status_code == 200
    own.post("/my/leave")
    assert thief.get("/my/").status_code == 302


def test_links_taken_back_open_nothing_and_end_visits(hers):
    own, path = come_in("B1"), door_of("B1")
    links.take_back("B1", timezone.now(), "tests")
    assert own.get("/my/").status_code == 302
    assert said(Client(), path, CHECK) == 404


def test_wrong_checks_and_a_locked_door_say_the_same(hers):
    path, at_first = door_of("B1"), None
    for _ in range(checking.MOST_IN_A_ROW):
        page = Client().post(path, WRONG)
        at_first = at_first or page
        assert page.status_code == 403
    locked = Client().post(path, CHECK)  # right, but the door rests
    assert locked.status_code == 403

    def words(answer):
        page = answer.content.decode()
        return page[page.index('role="alert"') :].split("</p>")[0]

    assert words(locked) == words(at_first)
    assert not Visit.objects.exists()


def test_the_lock_holds_over_all_her_links_and_ends_after_an_hour(hers):
    at = timezone.now()
    for _ in range(checking.MOST_IN_A_ROW):
        assert not checking.fits("B1", WRONG, at)
    assert said(Client(), door_of("B1"), CHECK) == 403
    assert not checking.fits("B1", CHECK, at + checking.REST - timedelta(seconds=1))
    assert checking.fits("B1", CHECK, at + checking.REST)


def test_too_many_wrong_in_a_day_kill_every_link(hers):
    path, at = door_of("B1"), timezone.now()
    for n in range(checking.MOST_IN_A_DAY):
        assert not checking.fits("B1", WRONG, at + n // checking.MOST_IN_A_ROW * checking.REST)
    Door.objects.update(locked_until=None)
    assert Client().get(path).status_code == 404
    assert Entry.objects.filter(action="portal.links_taken_back").count() == 1


@pytest.mark.parametrize(
    "given", [{}, {"phone": "5678"}, {"born": "1988"}, {"phone": "1988", "born": "5678"}, {"identity": "5678"}]
)
def test_every_part_of_the_check_must_fit(hers, given):
    assert said(Client(), door_of("B1"), given) == 403


def test_her_identity_number_is_asked_where_it_is_on_file(hers):
    put("B1", "identity_number", "11010519491231002X", "tests")
    page = Client().get(door_of("B1")).content.decode()
    assert 'name="identity"' in page
    assert 'name="phone"' not in page
    assert said(Client(), door_of("B1"), CHECK) == 403
    come_in("B1", {"identity": "002x"})


def test_a_borrower_of_whom_nothing_is_known_cannot_come_in(hers):
    Borrower.objects.create(borrower_id="B9")
    assert Client().get(door_of("B9")).status_code == 404
    assert said(Client(), door_of("B9"), {"phone": "", "born": ""}) == 404


def test_a_visit_ends_after_a_rest_and_after_its_longest_time(inside):
    assert inside.get("/my/").status_code == 200
    at = timezone.now()
    Visit.objects.update(seen_at=at - visits.RESTS)
    assert inside.get("/my/").status_code == 302
    Visit.objects.update(seen_at=at, began_at=at - visits.LONGEST)
    assert inside.get("/my/").status_code == 302


def test_what_opens_nothing_any_more_is_forgotten_and_a_live_link_never(hers):
    client, path = Client(), door_of("B1")
    assert said(client, path, CHECK) == 302
    at = timezone.now()
    UsedLink.objects.update(used_at=at - links.LASTS)
    Visit.objects.update(began_at=at - visits.KEPT - timedelta(seconds=1))
    assert visits.forget_now() == 1
    assert said(Client(), path, CHECK) == 404  # still another device's
    UsedLink.objects.update(used_at=at - 2 * links.LASTS - timedelta(seconds=1))
    assert visits.forget_now() == 1


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(hers, settings):
    settings.SESSION_COOKIE_SECURE = True
    answer = Client().post(door_of("B1"), CHECK)
    for name in ("__Host-my-visit", "__Host-my-device"):
        cookie = answer.cookies[name]
        assert cookie["httponly"]
        assert cookie["secure"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"


def test_a_form_without_its_token_is_refused(hers):
    assert Client(enforce_csrf_checks=True).post(door_of("B1"), CHECK).status_code == 403


def test_pages_are_not_kept_and_tell_no_other_site_where_she_was(inside):
    answer = inside.get("/my/")
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "noindex" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_of_two_devices_at_once_one_comes_in(committed, settings):
    make_borrower(1, "13912345678")
    path = door_of("B1")

    def enter(_n: int) -> int:
        try:
            return Client().post(path, CHECK).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(enter, range(4))) == [302, 404, 404, 404]


@pytest.mark.django_db(transaction=True)
def test_tries_at_once_are_counted_one_by_one(committed):
    make_borrower(1, "13912345678")
    at = timezone.now()

    def wrong(_n: int) -> bool:
        try:
            return checking.fits("B1", WRONG, at)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert not any(pool.map(wrong, range(8)))
    door = Door.objects.get(pk="B1")
    assert door.wrong == checking.MOST_IN_A_ROW
    assert door.locked_until == at + checking.REST
