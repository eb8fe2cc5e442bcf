"""The same person's applications at once from many sides: one person, and an application each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep

import pytest
from django.db import connection

from forbear.desk.applications import taking
from forbear.desk.applications.models import Application
from forbear.desk.privacy.handing import same_person
from tests.desk.applications.conftest import identity

CLIENTS = 6

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_one_person_who_applies_at_many_windows_at_once_stays_one(sandbox, taken, user_of, monkeypatch):
    number, agent = identity(serial=501), user_of("agent")
    taken(by=agent)  # makes the desk's keys, for which the windows would wait otherwise
    barrier = Barrier(CLIENTS)

    def slowly(asked: str) -> str | None:
        """Long enough between the look and the writing for all windows to have looked."""
        found = same_person(asked)
        sleep(0.3)
        return found

    monkeypatch.setattr(taking, "same_person", slowly)

    def window(turn: int) -> str:
        try:
            connection.ensure_connection()
            barrier.wait(30)
            spelled = number.lower() if turn % 2 else f"{number[:6]} {number[6:]}"
            return taken(identity_number=spelled, by=agent).borrower_id
        finally:
            connection.close()

    with ThreadPoolExecutor(CLIENTS) as pool:
        borrowers = list(pool.map(window, range(CLIENTS)))
    assert len(set(borrowers)) == 1
    assert Application.objects.filter(borrower_id=borrowers[0]).count() == CLIENTS
    assert taken(identity_number=number, by=agent).borrower_id == borrowers[0]
