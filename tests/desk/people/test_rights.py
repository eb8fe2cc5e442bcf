"""Actions and roles: who is let in, who is not, and that no action is misspelled."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import RequestFactory

from forbear.desk.people.rights import actions, allowed, requires


@requires("payments.book")
def book(request):
    return HttpResponse("booked")


def asked_by(user):
    request = RequestFactory().get("/book")
    request.user = user
    return request


def test_each_action_is_somebodys_and_says_what_it_is():
    assert all(action.roles and action.about for action in actions().values())


@pytest.mark.parametrize(
    ("role", "may"), [("manager", True), ("service", True), ("agent", False), ("borrower", False)]
)
def test_only_the_actions_roles_are_let_in(user_of, role, may):
    user = user_of(role)
    assert allowed(user, "payments.book") is may
    if may:
        assert book(asked_by(user)).content == b"booked"
    else:
        with pytest.raises(PermissionDenied):
            book(asked_by(user))


def test_a_user_who_was_switched_off_may_nothing(user_of):
    assert not allowed(user_of("manager", is_active=False), "payments.book")


def test_an_action_that_does_not_exist_is_an_error_when_the_view_is_made():
    with pytest.raises(KeyError):
        requires("payments.bok")


def test_the_page_on_rights_is_made_from_the_data():
    from pathlib import Path

    from forbear.desk.people.listing import page

    assert (Path(__file__).parents[3] / "docs" / "rights.md").read_text("utf-8") == page()
