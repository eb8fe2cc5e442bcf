"""No page asks once a row: as many statements for much as for little."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forbear.desk.ledger.booking import book
from forbear.desk.record.lists import page
from forbear.desk.record.models import Case, Complaint, Contact, Note, Promise
from forbear.testing.lending import lend

pytestmark = pytest.mark.django_db
AT = datetime(2026, 6, 1, tzinfo=UTC)


def work(borrower: str, user, times: int) -> None:
    """So many loans, payments, contacts, promises, notes and complaints of a borrower, and a case."""
    for n in range(times):
        loan = f"{borrower}-{n}"
        lend(loan, borrower_id=borrower)
        for m in range(times):
            book("payment", loan, date(2026, 2, 20), 1_000 + m, f"P{loan}-{m}", f"k{loan}-{m}", actor="a", at=AT)
        own = {"borrower_id": borrower}
        Contact.objects.create(contact_id=f"C{loan}", at=AT, channel="call", result="promise", by=user, **own)
        Promise.objects.create(promise_id=f"M{loan}", amount=5, due_on=AT.date(), made_by=user, **own)
        Note.objects.create(note_id=f"N{loan}", at=AT, by=user, text="paid", **own)
        Complaint.objects.create(
            complaint_id=f"K{loan}", received_at=AT, channel="call", text="late", answer_due_on=AT.date(), **own
        )
        Case.objects.create(case_id=f"old {loan}", closed_at=timezone.now(), borrower_id=borrower)
    Case.objects.create(case_id=f"case of {borrower}", borrower_id=borrower)


def counted(client, address: str) -> int:
    client.get(address)  # what is asked once a process has been asked
    with CaptureQueriesContext(connection) as asked:
        told = client.get(address)
    assert told.status_code == 200, told
    return len(asked)


@pytest.mark.parametrize(
    ("role", "address", "most"),
    [
        ("agent", "/borrowers/{}", 26),
        ("agent", "/cases/of/{}", 6),
        ("manager", "/payments?words={}", 4),
        ("manager", "/payments/of/{}-0", 10),
        ("manager", "/payments/of/{}-0?amount=10&paid_on=2026-06-01", 14),
    ],
)
def test_a_page_asks_as_often_for_much_as_for_little(as_role, user_of, role, address, most):
    user = user_of("agent", username="who")
    work("little", user, 2)
    work("much", user, 6)
    client = as_role(role, username="looker")
    little, much = counted(client, address.format("little")), counted(client, address.format("much"))
    assert much == little
    assert much <= most


@pytest.mark.parametrize("sort", ["priority", "dpd", "arrears", "outstanding"])
@pytest.mark.parametrize("bucket", ["", "M1"])
def test_every_order_of_the_worklist_has_an_index_that_gives_it(db, sort, bucket):
    """Nothing is sorted, and of a bucket nothing else is read, however late or dear the cases of other buckets are."""
    cases = Case.objects.filter(closed_at__isnull=True)
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as asked:
        page(cases.filter(bucket=bucket) if bucket else cases, sort, "", 50)
        cursor.execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off"
        )
        cursor.execute("EXPLAIN " + asked.captured_queries[0]["sql"])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    of_bucket = "cases_of_bucket" if sort == "priority" else f"cases_bucket_{sort}"
    assert "Sort" not in plan, plan
    assert (of_bucket if bucket else f"cases_by_{sort}") in plan, plan
    assert not bucket or "Index Cond" in plan
