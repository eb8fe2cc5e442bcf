"""Granting at once from many sides, and a grant cut off in its middle: booked once, or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from django.db import connection

from forbear.basics.errors import ForbearError
from forbear.desk.ledger.balances import items
from forbear.desk.ledger.models import Entry
from forbear.desk.ledger.verify import verify
from forbear.desk.people.models import Approval
from forbear.desk.plans import services
from forbear.desk.plans.models import Plan
from tests.desk.plans.conftest import AT, MEANS

CLIENTS = 8


@pytest.fixture
def forwarded(transactional_db, late, people):
    option = services.options_for("L1", MEANS["income"], MEANS["spending"], AT)[0]
    plan = services.ask("L1", option.option_id, people["agent"], AT, **MEANS, evidence="payslips")
    services.agree(plan.pk, people["agent"], AT)
    return services.grant(plan.pk, people["manager"], AT)


def test_granted_by_many_at_once_it_is_booked_once(forwarded, people):
    barrier = Barrier(CLIENTS)

    def client(number: int) -> bool:
        try:
            connection.ensure_connection()
            barrier.wait(30)
            services.grant(forwarded.pk, people["risk" if number % 2 else "other"], AT)
        except ForbearError:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(CLIENTS) as pool:
        told = list(pool.map(client, range(CLIENTS)))
    assert sum(told) == 1
    plan = Plan.objects.get(pk=forwarded.pk)
    assert plan.state == "granted"
    assert Entry.objects.filter(cause=f"plan:{plan.pk}", of_entry__isnull=True).count() == len(plan.entries)
    assert sum(one.unpaid for one in items("L1", date(2199, 1, 1))) == plan.option["total"]
    assert list(verify()) == []


GRANT = """
import os, sys
import django
django.setup()
from datetime import datetime
from forbear.desk.plans import granting, services
from forbear.desk.people.models import User
if sys.argv[3] == "before":
    granting.begin = lambda plan, at: os.kill(os.getpid(), 9)
services.grant(int(sys.argv[1]), User.objects.get(username="rik"), datetime.fromisoformat(sys.argv[2]))
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_before_its_commit_nothing_stands_and_after_it_all_does(forwarded, people, postgres, when):
    environment = {**os.environ, "DATABASE_URL": postgres, "DJANGO_SETTINGS_MODULE": "forbear.desk.settings"}
    told = subprocess.run(
        [sys.executable, "-c", GRANT, str(forwarded.pk), AT.isoformat(), when],
        env=environment,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert told.returncode == -signal.SIGKILL, told.stderr.decode()
    plan = Plan.objects.get(pk=forwarded.pk)
    booked = Entry.objects.filter(cause=f"plan:{plan.pk}").count()
    if when == "before":
        assert (plan.state, booked, Approval.objects.get(pk=plan.approval_id).state) == ("agreed", 0, "proposed")
        plan = services.grant(plan.pk, people["risk"], AT)  # and it can be granted still
    assert plan.state == "granted"
    assert sum(one.unpaid for one in items("L1", date(2199, 1, 1))) == plan.option["total"]
    assert list(verify()) == []
    with pytest.raises(ForbearError):
        services.grant(plan.pk, people["other"], AT)
