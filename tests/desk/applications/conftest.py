"""Applications on the sandbox's test numbers; invented people."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from forbear.desk.applications.taking import IDENTITY, INQUIRY, Wanted, take

AT = datetime(2026, 11, 27, 4, tzinfo=UTC)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def identity(born: str = "19900307", serial: int = 123) -> str:
    """An invented number that fits its checksum."""
    body = f"110105{born}{serial:03}"
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, WEIGHTS, strict=True)) % 11]


SAID = {"income_declared": 1_300_000, "income_verified": 1_100_000, "employment_months": 30}


@pytest.fixture
def sandbox(monkeypatch):
    for kind in ("IDENTITY", "BUREAU", "MULTI_LENDER"):
        monkeypatch.setenv(f"FORBEAR_PROVIDER_{kind}", "sandbox")


@pytest.fixture
def taken(user_of):
    """Takes an application whose sandbox phone ends in the four digits."""
    serial = iter(range(100, 999))

    def make(digits: str = "0000", *, by=None, agrees=(IDENTITY, INQUIRY), at=AT, **more):
        said = {**SAID, **more.pop("said", {})}
        given = {
            "name": "王样本",
            "identity_number": identity(serial=next(serial)),
            "phone": f"1990000{digits}",
            "amount": 2_000_000,
            "term": 12,
            "method": "equal_installment",
            **more,
        }
        by = by or user_of("agent", f"agent{next(serial)}")
        return take(Wanted(**given, said=said, agrees=tuple(agrees)), by=by, at=at)

    return make
