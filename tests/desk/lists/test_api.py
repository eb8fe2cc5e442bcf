"""Reading by API: paged by key without a hole or a double, filtered, each user her rows."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forbear.desk.ledger.booking import book
from forbear.desk.privacy import put
from forbear.desk.record.models import Case, Contact, Loan, Promise
from forbear.testing.lending import lend

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
LISTS = ("loans", "installments", "balances", "borrowers", "cases", "contacts", "promises", "complaints", "entries")


@pytest.fixture
def record(db):
    for number in range(1, 6):
        lend(f"L{number}", borrower_id=f"B{number}")
        put(f"B{number}", "name", f"Wang Xiaoming{number}", "tests")
        Case.objects.create(case_id=f"C{number}", borrower_id=f"B{number}", dpd=number)
        for contact in range(3):  # all at one instant: the key's second part decides
            Contact.objects.create(
                contact_id=f"T{number}{contact}", borrower_id=f"B{number}", at=AT, channel="call"
            )
        Promise.objects.create(
            promise_id=f"R{number}", borrower_id=f"B{number}", amount=1, due_on=date(2026, 3, number)
        )
    book("payment", "L1", date(2026, 2, 20), 12_345, "P1", "k1", actor="till", at=AT)


def every(client, path: str, limit: int = 2, **asked) -> list[dict]:
    rows, after = [], ""
    for _ in range(100):
        answer = client.get(f"/api/v1/{path}", {**asked, "limit": limit, "after": after})
        assert answer.status_code == 200, answer.content
        told = answer.json()
        rows += told["rows"]
        after = told["after"]
        if not after:
            return rows
    raise AssertionError("it does not end")


@pytest.mark.parametrize("name", LISTS)
def test_pages_put_together_are_the_whole_without_double_or_hole(record, as_role, name):
    client = as_role("service")
    small, large = every(client, name, 2), every(client, name, 1000)
    assert small == large
    assert len(small) > 4 or name == "complaints"
    assert len({str(row) for row in small}) == len(small)


def test_what_an_engineer_asks_for(record, as_role):
    client = as_role("service")
    loan = client.get("/api/v1/loans/L1").json()
    assert (loan["loan_id"], loan["principal"], loan["annual_rate"], loan["currency"]) == (
        "L1",
        120_000,
        "0.18000000",
        "CNY",
    )
    assert client.get("/api/v1/loans/nowhere").status_code == 404
    (owed,) = every(client, "balances", loan_id="L1", as_of="2026-03-01")
    assert owed["paid_total"] == 12_345
    (before,) = every(client, "balances", loan_id="L1", as_of="2026-02-19")
    assert before["paid_total"] == 0
    known = {"loan_id": "L1", "as_of": "2026-03-01", "known_at": "2026-02-28T00:00:00Z"}
    assert every(client, "balances", **known)[0]["paid_total"] == 0
    assert client.get("/api/v1/borrowers/B1").json()["name"] == "W*** X***"
    assert [row["number"] for row in every(client, "installments", loan_id="L1", in_force="true")] == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]
    assert [row["contact_id"] for row in every(client, "contacts", borrower_id="B2")] == ["T20", "T21", "T22"]
    assert {row["case_id"] for row in every(client, "cases", open="true")} == {f"C{n}" for n in range(1, 6)}
    Case.objects.filter(case_id="C1").update(closed_at=timezone.now(), closed_because="cured")
    assert [row["case_id"] for row in every(client, "cases", open="false")] == ["C1"]
    assert [row["promise_id"] for row in every(client, "promises", due_until="2026-03-02")] == ["R1", "R2"]
    assert [row["kind"] for row in every(client, "entries", loan_id="L1")][:2] == ["disbursal", "due"]


@pytest.mark.parametrize(
    "asked",
    [
        {"limit": "0"},
        {"limit": "1001"},
        {"borrower_id": "a\0b"},
        {"disbursed_since": "yesterday"},
        {"disbursed_since": "20260101"},
    ],
)
def test_what_cannot_be_read_is_422(record, as_role, asked):
    assert as_role("service").get("/api/v1/loans", asked).status_code == 422


def test_a_page_mark_of_another_list_or_of_ones_own_making_begins_anew(record, as_role):
    client = as_role("service")
    mark = client.get("/api/v1/loans?limit=1").json()["after"]
    assert client.get("/api/v1/promises", {"after": mark}).json()["rows"][0]["promise_id"] == "R1"
    assert client.get("/api/v1/loans", {"after": mark[:-1] + "x"}).json()["rows"][0]["loan_id"] == "L1"


@pytest.mark.parametrize(
    ("role", "more", "loans", "borrowers"),
    [
        ("manager", {}, 5, 5),
        ("agency", {}, 1, 1),
        ("agent", {"queues": ["mine"]}, 1, 1),
        ("funder", {}, 1, None),
        ("borrower", {}, None, None),
        ("administrator", {}, None, None),
    ],
)
def test_each_sees_her_rows_alone(record, as_role, role, more, loans, borrowers):
    client = as_role(role, **more)
    Case.objects.filter(case_id="C3").update(agency_id="A1" if role == "agency" else None, queue="mine")
    Loan.objects.filter(loan_id="L3").update(funder_id="F1")
    for name, count in (("loans", loans), ("balances", loans), ("borrowers", borrowers), ("cases", borrowers)):
        answer = client.get(f"/api/v1/{name}?as_of=2026-03-01")
        if count is None:
            assert answer.status_code == 403
        else:
            assert len(answer.json()["rows"]) == count
    if loans == 1:
        assert client.get("/api/v1/loans/L3").status_code == 200
        assert client.get("/api/v1/loans/L2").status_code == 404
        assert client.get("/api/v1/balances?loan_id=L2").json()["rows"] == []
    if borrowers == 1:
        assert client.get("/api/v1/borrowers/B2").status_code == 404
        assert client.get("/api/v1/contacts?borrower_id=B2").json()["rows"] == []


@pytest.mark.parametrize("name", LISTS)
def test_a_page_asks_few_queries_however_many_rows(record, as_role, name):
    client = as_role("manager")
    client.get(f"/api/v1/{name}")
    counts = []
    for limit in (1, 5):
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/api/v1/{name}?limit={limit}")
        counts.append(len(asked))
    assert counts[1] <= counts[0] + 1


def test_operations_have_names_of_their_own():
    from forbear.desk.api.root import api

    paths = api.get_openapi_schema(path_prefix="/api/v1/")["paths"]
    names = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(names) == len(set(names))
    assert {"list_loans", "get_loans", "payments_book_payment", "export_list"} <= set(names)
