"""A borrower with an address whose loan is late, a lender with a key, and people of the desk."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.core.cache import cache

from forbear.basics.errors import WrongUse
from forbear.desk.people.models import User
from forbear.desk.privacy import put
from forbear.desk.record.models import Borrower, Fact, Vouched
from forbear.desk.record.vouching import wanted
from forbear.recovery.letters import make_key
from forbear.recovery.letters.fonts import fonts
from forbear.testing.lending import lend

NOON = datetime(2026, 4, 20, 4, tzinfo=UTC)
"""Noon in Shanghai; three installments of B1's loan are late."""


@pytest.fixture(scope="session")
def signing_file(tmp_path_factory):
    """A self-signed key, made once."""
    file = tmp_path_factory.mktemp("key") / "lender.p12"
    file.write_bytes(make_key("示例消费金融有限公司", "secret", datetime(2026, 1, 1, tzinfo=UTC)))
    return file


@pytest.fixture
def lender(settings, signing_file):
    """The lender's own facts and key."""
    try:
        fonts()
    except WrongUse as missing:
        pytest.skip(missing.hint)
    settings.LENDER = {
        "name": "示例消费金融有限公司",
        "phone": "95000",
        "for_whom": "",
        "address": "上海市浦东新区示例路1号",
        "pay_to": "转账至示例银行",
        "kind": "consumer_finance",
        "law_firm": "示例律师事务所",
        "law_firm_address": "上海市静安区",
        "mediation": "示例调解中心",
    }
    settings.SIGNING = {"key": str(signing_file), "passphrase": "secret"}
    cache.clear()


@pytest.fixture
def late(db, lender):
    """B1, who owes on L1, with all that the gate asks of a letter."""
    lend("L1", disbursed_on=date(2026, 1, 15), fee=1_00)
    Borrower.objects.filter(pk="B1").update(time_zone="Asia/Shanghai", language="zh-CN")
    put("B1", "name", "王安样", "tests")
    put("B1", "address", "浙江省杭州市西湖区样例街道12号", "tests")
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    for fact, value in (
        ("time_zone", "Asia/Shanghai"),
        ("legality_cleared", "true"),
        ("number_source", "contract"),
    ):
        Fact.objects.create(borrower_id="B1", fact=fact, value=value, since=long_ago)
    officer = User.objects.create_user("officer", role="compliance")
    for one in wanted("letter"):
        Vouched.objects.create(
            channel="letter", fact=one.fact, value=one.value, grounds="x", since=long_ago, by=officer
        )
    return "B1"


@pytest.fixture
def people(db):
    """Somebody who writes and somebody who approves."""
    return (
        User.objects.create_user("writer", role="manager"),
        User.objects.create_user("second", role="compliance"),
    )
