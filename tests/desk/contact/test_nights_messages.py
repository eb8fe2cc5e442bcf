"""A night's messages on their way out: the gate and the ledger have the last word, as with any other contact."""

from __future__ import annotations

from datetime import timedelta

import pytest

from forbear.desk.contact.dispatching import step
from forbear.desk.contact.inbound import stop
from forbear.desk.contact.models import Planned
from forbear.desk.ledger.booking import Payment, pay
from forbear.desk.people import approvals
from forbear.desk.people.models import User
from forbear.desk.strategies import planning, versions
from forbear.desk.strategies.models import Decided
from forbear.desk.wording import drafting
from forbear.desk.wording.checking import Draft
from forbear.desk.wording.tables import steps

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
TEXT = 'extends = "sample"\nname = "ours"\nversion = "1"\ndispatch = true\n'
BODY = "【{lender}】您好，逾期{days_late}天，逾期金额{arrears}。如有困难，请致电{phone}。{stop_word}"


@pytest.fixture
def night(outbox, settings):
    """Four borrowers for whom the night decided on an SMS, planned by the strategy in force."""
    settings.LENDER = {**settings.LENDER, "name": "示例贷款", "phone": "95000"}
    manager = User.objects.create_user("manager", role="manager")
    compliance = User.objects.create_user("compliance", role="compliance")
    version = versions.write(manager, TEXT, "", outbox.at)
    approvals.approve(compliance, versions.propose(manager, version.pk, outbox.at).pk, outbox.at)
    as_of = outbox.at.date() - timedelta(days=1)
    whom = [outbox.borrower(number) if number > 1 else "B1" for number in range(1, 5)]
    for number, who in enumerate(whom, start=1):
        Decided.objects.create(
            as_of=as_of, borrower_id=who, action="sms", other="wait", chance=0.95, dpd=135, at_stake=100_00,
            pays_alone=0.1, strategy=version.sha256, not_before=outbox.at, loans=f"L{number}",
        )  # fmt: skip
    made = drafting.write(
        manager, "late_over_30", Draft(steps()["late_over_30"], "zh", "sms", "cn", BODY, ""), "", outbox.at
    )
    drafting.propose(manager, made.pk, outbox.at)
    drafting.approve(compliance, made.pk, outbox.at)
    done = planning.plan_night(as_of, outbox.at)
    assert done.states == {"planned": 4}
    return outbox


def test_who_paid_or_said_stop_meanwhile_is_not_written_to_and_nobody_twice(night):
    pay(Payment("P", "L2", night.at.date(), 200_000, "P"), actor="till", at=night.at)
    stop("B3", night.at)
    planning.plan_night(night.at.date() - timedelta(days=1), night.at)
    while not step(night.providers["a"]).idle:
        pass
    assert sorted(one["to"] for one in night.far["a"].sent) == ["+8613900000001", "+8613900000004"]
    assert "逾期金额" in night.far["a"].sent[0]["text"]
    states = dict(Planned.objects.values_list("borrower_id", "state"))
    assert states["B2"] == "not_wanted"
    assert states["B3"] in ("cancelled", "refused")


def test_a_night_that_could_not_leave_within_its_day_lapses(night):
    night.later(days=2)
    step(night.providers["a"])
    assert set(night.states()) <= {"lapsed", "waiting"}
    assert night.far["a"].sent == []
