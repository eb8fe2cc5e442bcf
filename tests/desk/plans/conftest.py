"""A borrower three months late at a lender in China, and the people who decide on her plan."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from forbear.desk.ledger.booking import Payment, book, pay
from forbear.desk.record.models import Borrower
from forbear.testing.lending import lend

AT = datetime(2026, 11, 27, 4, tzinfo=UTC)
"""Noon in Shanghai."""
MEANS = {"income": Decimal("6000"), "spending": Decimal("4200")}


@pytest.fixture
def late(db):
    """Twelve months at 15 % from June, two paid, the rest not; a penalty on the oldest."""
    Borrower.objects.create(borrower_id="B1", time_zone="Asia/Shanghai", language="zh-CN")
    lend("L1", principal=12_000_00, rate="0.15", term=12, disbursed_on=date(2026, 6, 10))
    for place, day in enumerate((date(2026, 7, 10), date(2026, 8, 10))):
        pay(Payment(f"P{place}", "L1", day, 1_083_10, f"P{place}"), actor="tests", at=AT)
    book("penalty", "L1", date(2026, 11, 1), 35_50, "penalty", "penalty:1", actor="tests", at=AT, number=3)
    return "L1"


@pytest.fixture
def people(user_of):
    return {
        "agent": user_of("agent", "ann"),
        "manager": user_of("manager", "max"),
        "other": user_of("manager", "mia"),
        "risk": user_of("risk", "rik"),
    }
