"""The aging against an independent oracle that walks every loan day by day: the same answer on every field."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

import books
import oracle

from forbear.aging import AgingSettings
from forbear.night import age

EXAMPLES = int(os.environ.get("FORBEAR_EXAMPLES", "25"))
QUICK = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
AS_OF = st.dates(date(2023, 3, 1), date(2025, 3, 1)) | st.sampled_from([date(2024, 2, 29), date(2023, 12, 31)])


def ours(book, as_of, settings=None):
    with tempfile.TemporaryDirectory() as folder:
        opened = books.opened(book, Path(folder))
        try:
            return age(opened, as_of=as_of, settings=settings).to_pylist()
        finally:
            opened.connection.close()


def same(told, expected):
    assert len(told) == len(expected)
    for mine, right in zip(told, expected, strict=True):
        assert mine == right, {k: (mine[k], right[k]) for k in right if mine[k] != right[k]}


@QUICK
@given(book=books.loans(with_events=False), as_of=AS_OF)
def test_every_field_as_the_oracle_says(book, as_of):
    same(ours(book, as_of), oracle.age_book(book, as_of, oracle.Ways()))


@QUICK
@given(book=books.loans(), as_of=AS_OF)
def test_every_field_with_pauses_and_reversals(book, as_of):
    same(ours(book, as_of), oracle.age_book(book, as_of, oracle.Ways()))


@QUICK
@given(
    book=books.loans(),
    as_of=AS_OF,
    tolerance=st.sampled_from(["0", "0.01", "0.02", "1", "25.50"]),
    grace=st.integers(0, 5),
    after=st.booleans(),
    recorded=st.booleans(),
    exempt=st.booleans(),
)
def test_every_field_under_other_settings(book, as_of, tolerance, grace, after, recorded, exempt):
    chosen = AgingSettings(
        tolerance=Decimal(tolerance),
        grace_days=grace,
        grace_counts="after_grace" if after else "from_due_date",
        events_known="recorded" if recorded else "effective",
        retail_exempt=exempt,
    )
    ways = oracle.Ways(Decimal(tolerance), grace, after, recorded, contagion=not exempt)
    same(ours(book, as_of, chosen), oracle.age_book(book, as_of, ways))


def known_by(loan, as_of):
    """The loan as its lender knew it at the end of a day."""
    paid = [p for p in loan.payments if p.paid_on <= as_of]
    there = {None, *(p.payment_id for p in paid)}
    happened = [e for e in loan.events if e.effective_on <= as_of and e.payment_id in there]
    return replace(loan, payments=paid, events=happened)


@QUICK
@given(book=books.loans(), as_of=AS_OF)
def test_nothing_after_the_date_leaks(book, as_of):
    """What happens later, and loans made later, change nothing of the past."""
    whole = [r for r in ours(book, as_of) if r["status"] != "not_disbursed"]
    known = [known_by(x, as_of) for x in book if x.disbursed_on <= as_of]
    assert whole == (ours(known, as_of) if known else [])
