"""A borrower with personal data of every kind; the values are invented."""

from __future__ import annotations

import pytest

from forbear.desk.privacy import put
from forbear.desk.record.models import Borrower

VALUES = {
    "name": "张伟三",
    "phone": "138 0013 8000",
    "identity_number": "11010519491231002X",
    "address": "浙江省杭州市西湖区文三路 100 号",
    "employer": "杭州某某科技有限公司",
    "email": "Zhang.San@Example.com",
    "contact_name": "李四",
    "contact_phone": "+8613912345678",
}


@pytest.fixture
def borrower(db) -> Borrower:
    return Borrower.objects.create(borrower_id="B1", time_zone="Asia/Shanghai", language="zh-hans")


@pytest.fixture
def known(borrower) -> Borrower:
    for field, value in VALUES.items():
        put(borrower, field, value, "importer", label="parent" if field.startswith("contact") else "")
    return borrower
