"""Which rows someone sees; a guessed identifier finds nothing."""

from __future__ import annotations

from datetime import date

import pytest

from forbear.desk.people.models import Agency
from forbear.desk.record.models import Borrower, Case, Loan
from forbear.desk.record.visible import visible_borrowers, visible_cases, visible_loans


@pytest.fixture
def two_borrowers(db):
    """B1 is placed with agency A1, B2 with A2; F1 funds the loan of B1."""
    for number in (1, 2):
        borrower = Borrower.objects.create(borrower_id=f"B{number}")
        agency, _ = Agency.objects.get_or_create(agency_id=f"A{number}", defaults={"name": f"A{number}"})
        Case.objects.create(case_id=f"C{number}", borrower=borrower, agency=agency)
        Loan.objects.create(
            loan_id=f"L{number}",
            borrower=borrower,
            disbursed_on=date(2026, 1, 1),
            principal=100,
            annual_rate=0,
            term=1,
            funder_id=f"F{number}",
        )


def ids(rows):
    return sorted(str(row.pk) for row in rows)


@pytest.mark.parametrize(
    ("role", "cases", "borrowers", "loans"),
    [
        ("manager", ["C1", "C2"], ["B1", "B2"], ["L1", "L2"]),
        ("agent", ["C1", "C2"], ["B1", "B2"], ["L1", "L2"]),
        ("agency", ["C1"], ["B1"], ["L1"]),
        ("borrower", [], ["B1"], ["L1"]),
        ("funder", [], [], ["L1"]),
    ],
)
def test_each_role_sees_its_own(two_borrowers, user_of, role, cases, borrowers, loans):
    user = user_of(role)
    assert ids(visible_cases(user)) == cases
    assert ids(visible_borrowers(user)) == borrowers
    assert ids(visible_loans(user)) == loans


def test_an_agency_no_longer_sees_a_case_that_was_closed(two_borrowers, user_of):
    Case.objects.filter(case_id="C1").update(closed_at="2026-06-30T00:00:00Z")
    assert ids(visible_borrowers(user_of("agency"))) == []
