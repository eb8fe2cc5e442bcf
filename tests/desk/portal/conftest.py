"""Two borrowers with links: B1, who comes in, and B2, whose every word carries a mark that B1 must never see."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from django.test import Client
from django.utils import timezone

from forbear.desk.ledger.booking import book
from forbear.desk.portal import links
from forbear.desk.portal.pay import registry
from forbear.desk.privacy import put
from forbear.desk.record.models import Borrower, Case, Contact
from forbear.testing.lending import lend

MARK = "SOMEBODYELSES"
CHECK = {"phone": "5678", "born": "1988"}
LENT_ON = date(2026, 1, 15)


def make_borrower(number: int, phone: str, mark: str = "") -> Borrower:
    """A borrower with a loan of 1,200.00, of which one installment was paid and the rest is late."""
    loan = f"L{number}{mark}"
    lend(loan, borrower_id=f"B{number}", disbursed_on=LENT_ON)
    who = Borrower.objects.get(pk=f"B{number}")
    Borrower.objects.filter(pk=who.pk).update(time_zone="Asia/Shanghai", birth_year=1988, region=mark or "here")
    put(who.pk, "phone", phone, "tests")
    put(who.pk, "name", f"样{mark or '女士'}", "tests")
    book("payment", loan, date(2026, 2, 20), 20_000, f"P{number}", f"k{number}", actor="tests", at=timezone.now())
    Case.objects.create(case_id=f"C{number}{mark}", borrower=who)
    Contact.objects.create(
        contact_id=f"K{number}{mark}", borrower=who, at=datetime(2026, 6, 1, 4, tzinfo=UTC), channel="call",
        result="conversation", sender="lender",
    )  # fmt: skip
    return Borrower.objects.get(pk=who.pk)


@pytest.fixture
def hers(db, settings) -> Borrower:
    settings.LENDER = {"name": "示例贷款", "phone": "95000", "for_whom": ""}
    return make_borrower(1, "13912345678")


@pytest.fixture
def others(db) -> Borrower:
    return make_borrower(2, "13787654321", MARK)


@pytest.fixture
def sandbox(settings):
    """Paying by the sandbox; what the registry has read is forgotten before and after."""
    settings.PAY_PROVIDERS = "sandbox"
    registry.providers.cache_clear()
    yield
    registry.providers.cache_clear()


def door_of(borrower_id: str) -> str:
    """The path of a new link."""
    return re.sub(r"^https?://[^/]+", "", links.make(borrower_id))


def come_in(borrower_id: str, given: dict[str, str] = CHECK, **more) -> Client:
    """A client that has come in by a new link."""
    client = Client(headers={"Accept-Language": "en"}, **more)
    answer = client.post(door_of(borrower_id), given)
    assert answer.status_code == 302, answer.content.decode()
    assert answer.headers["Location"] == "/my/"
    return client


@pytest.fixture
def inside(hers) -> Client:
    """B1, inside."""
    return come_in("B1")
