"""Users: each has one role, and what a role sees of its own is named."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from forbear.basics.errors import WrongUse
from forbear.desk.people.making import make_user, set_password
from forbear.desk.people.models import User
from forbear.desk.people.roles import Role

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
PASSWORD = "correct horse battery"


def test_each_role_can_be_made():
    own = {"agency": {"agency": "A1"}, "funder": {"funder": "F1"}, "borrower": {"borrower": "B1"}}
    for role in Role.values:
        made = make_user(f"user-{role}", role, PASSWORD, **own.get(role, {}))
        assert User.objects.get(pk=made.pk).role == role


@pytest.mark.parametrize("role", ["agency", "funder", "borrower"])
def test_a_role_that_sees_its_own_is_refused_without_it(role):
    with pytest.raises(WrongUse, match="sees only what is hers"):
        make_user("x", role, PASSWORD)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(username="x", role=role)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"role": "queen"}, "no role"),
        ({"language": "fr"}, "user 'x'"),
        ({"password": "short"}, "user 'x'"),
        ({"username": "taken"}, "user 'taken'"),
    ],
)
def test_what_cannot_be_is_refused_in_words(change, said):
    make_user("taken", "agent", PASSWORD)
    with pytest.raises(WrongUse, match=said):
        make_user(**{"username": "x", "role": "agent", "password": PASSWORD, **change})


def test_a_new_password_replaces_the_old():
    make_user("x", "agent", PASSWORD)
    set_password("x", "another long password")
    assert User.objects.get(username="x").check_password("another long password")
    with pytest.raises(WrongUse, match="no user"):
        set_password("y", PASSWORD)
