"""A borrower of whom the gate knows enough for a message, with a phone, a loan in arrears, an open case."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from forbear.desk.privacy import put
from forbear.desk.record.models import Borrower, Case, Fact, Vouched
from forbear.testing.lending import lend

NOON = datetime(2026, 6, 30, 4, tzinfo=UTC)
"""Noon in Shanghai, a Tuesday."""
PHONE = "13912345678"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def anna(user_of):
    return user_of("agent", "anna")


@pytest.fixture
def officer(user_of):
    return user_of("compliance", "officer")


@pytest.fixture
def owing(db, anna, officer):
    """Borrower B1 with a loan of 1,200.00 of which five installments are late, whose case Anna holds."""
    lend("L1")
    Borrower.objects.filter(pk="B1").update(time_zone="Asia/Shanghai", birth_year=1988)
    put("B1", "phone", PHONE, "tests")
    put("B1", "name", "样女士", "tests")
    for name, value in {
        "time_zone": "Asia/Shanghai",
        "legality_cleared": "true",
        "number_source": "contract",
    }.items():
        Fact.objects.create(borrower_id="B1", fact=name, value=value)
    for channel, fact in (("sms", "identified"), ("call", "identified"), ("call", "recorded")):
        Vouched.objects.create(channel=channel, fact=fact, grounds="ours", since=LONG_AGO, by=officer)
    Case.objects.create(
        case_id="C1", borrower_id="B1", dpd=135, bucket="M5", arrears=105_315, outstanding=126_378,
        claimed_by=anna, claimed_until=datetime(2026, 7, 1, tzinfo=UTC), figures_as_of=date(2026, 6, 30),
    )  # fmt: skip
    return Borrower.objects.get(pk="B1")


@pytest.fixture
def spoken_for(settings):
    """The lender has a name and a number."""
    settings.LENDER = {"name": "示例贷款", "phone": "95000", "for_whom": ""}
