"""Exports: every list in both formats, its rows alone, told to the audit log, in constant memory."""

from __future__ import annotations

import csv
import io
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.desk.audit.models import Entry
from forbear.desk.ledger.booking import book
from forbear.desk.lists import formats, reading
from forbear.desk.lists.described import lists
from forbear.desk.lists.exporting import export
from forbear.desk.lists.formats import FORMULA, safe, written
from forbear.desk.lists.reading import asked, stream
from forbear.desk.people.models import User
from forbear.desk.privacy import put
from forbear.desk.record.models import Borrower, Case, Complaint, Contact, Loan, Promise
from forbear.testing.lending import lend

pytestmark = [pytest.mark.postgres]
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.fixture
def record(db):
    """Two borrowers; of the second a name, a phone and a complaint's words that must not leave."""
    lend("L1")
    lend("L2", borrower_id="B2")
    book("payment", "L1", date(2026, 2, 20), 12_345, "P1", "k1", actor="till", at=AT)
    book("payment", "L2", date(2026, 2, 20), 100, "P2", "k2", actor="till", at=AT)
    entry = book("payment", "L1", date(2026, 2, 21), 5, "P3", "k3", actor="till", at=AT).entry_id
    book("reversal", "L1", date(2026, 2, 22), None, "bounced", "k4", actor="till", at=AT, entry=entry)
    for number, queue in ((1, "=cmd()"), (2, "late")):
        Case.objects.create(
            case_id=f"C{number}",
            borrower_id=f"B{number}",
            queue=queue,
            arrears=number * 150,
            dpd=9 - number,
            bucket="M1",
        )
        Contact.objects.create(contact_id=f"T{number}", borrower_id=f"B{number}", at=AT, channel="call")
        Promise.objects.create(
            promise_id=f"R{number}", borrower_id=f"B{number}", amount=100, due_on=date(2026, 3, 9)
        )
        put(f"B{number}", "name", "Wang Xiaoming", "tests")
        put(f"B{number}", "phone", "13812345678", "tests")
    Complaint.objects.create(complaint_id="Q2", borrower_id="B2", channel="call", text="she was shouted at")


def read(blocks) -> list[dict[str, str]]:
    text = b"".join(blocks).decode("utf-8")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def table(blocks) -> pa.Table:
    return pq.read_table(io.BytesIO(b"".join(blocks)))


def everything(name: str, form: str = "csv", **filters):
    of = lists()[name]
    return export(of, asked(of, None, AT, filters), form, actor="tests")


@pytest.mark.parametrize("name", ["worklist", *sorted(set(lists()) - {"worklist"})])
def test_every_list_is_written_alike_in_both_formats_and_without_personal_data(record, user_of, name):
    user_of("manager")
    rows, columns = read(everything(name)), [one.name for one in lists()[name].columns]
    parquet = table(everything(name, "parquet"))
    assert parquet.column_names == columns
    assert not rows or list(rows[0]) == columns
    assert len(rows) == parquet.num_rows or name == "audit"  # the log grows by being exported
    said = b"".join(everything(name)).decode()
    for secret in ("Xiaoming", "13812345678", "8613812345678", "shouted"):
        assert secret not in said


def test_figures_and_types(record):
    (first, second) = read(everything("loans"))
    assert (first["loan_id"], first["principal"], first["annual_rate"]) == ("L1", "1200.00", "0.18")
    assert second["borrower_id"] == "B2"
    paid = read(everything("payments", loan_id="L1"))
    assert [(p["payment_id"], p["amount"], p["reversed_on"]) for p in paid] == [
        ("P1", "123.45", ""),
        ("P3", "0.05", "2026-02-22"),
    ]
    assert paid[0]["booked_at"] == "2026-03-01T08:00:00.000000Z"
    parquet = table(everything("payments", "parquet", loan_id="L1"))
    assert parquet.column("amount").to_pylist() == [12_345, 5]
    assert parquet.schema.field("amount").type == pa.int64()
    assert parquet.schema.field("booked_at").type == pa.timestamp("us", tz="UTC")
    assert parquet.schema.field("paid_on").type == pa.date32()
    assert table(everything("loans", "parquet")).column("annual_rate").to_pylist()[0] == Decimal("0.18000000")
    assert [row["name"] for row in read(everything("borrowers"))] == ["W*** X***", "W*** X***"]
    owed = read(everything("balances", as_of="2026-03-01"))
    assert [(row["loan_id"], row["as_of"], row["paid_total"]) for row in owed] == [
        ("L1", "2026-03-01", "123.45"),
        ("L2", "2026-03-01", "1.00"),
    ]


def test_exported_loans_and_schedules_are_a_book_s_tables(record, tmp_path):
    import duckdb

    from forbear.book import check_book, open_book

    for name, more in (("loans", {}), ("installments", {"in_force": "true"}), ("payments", {})):
        (tmp_path / f"{name}.csv").write_bytes(b"".join(everything(name, **more)))
    with duckdb.connect() as engine:
        result = check_book(open_book(tmp_path, engine), date(2026, 6, 1))
    assert result.ok, result.faults


def test_a_spreadsheet_takes_no_text_for_a_formula_and_parquet_keeps_it(record):
    (row,) = [row for row in read(everything("worklist")) if row["case_id"] == "C1"]
    assert row["queue"] == "'=cmd()"
    assert "=cmd()" in table(everything("worklist", "parquet")).column("queue").to_pylist()


@given(st.text(max_size=20))
def test_no_text_stays_dangerous(text):
    assert not safe(text).startswith(FORMULA)
    assert safe(text).removeprefix("'") == text or safe(text) == text


def test_a_byte_order_mark_by_choice(record):
    of = lists()["loans"]
    rows = list(stream(of, asked(of, None, AT, {})))
    assert b"".join(written(of, rows, "csv", bom=True)).startswith(b"\xef\xbb\xbfloan_id,")
    assert b"".join(written(of, rows, "csv")).startswith(b"loan_id,")
    with pytest.raises(WrongUse, match="no format"):
        written(of, rows, "xls")


def test_the_page_s_filters_and_sort_are_honored(record, as_role):
    client = as_role("manager")
    rows = read(client.get("/exports/worklist.csv?sort=dpd&bucket=M1&after=x&held=free"))
    assert [row["case_id"] for row in rows] == ["C1", "C2"]
    rows = read(client.get("/exports/worklist.csv?sort=arrears"))
    assert [row["case_id"] for row in rows] == ["C2", "C1"]
    assert read(client.get("/exports/worklist.csv?queue=late"))[0]["case_id"] == "C2"
    assert read(client.get("/exports/worklist.csv?held=mine")) == []
    assert client.get("/exports/loans.csv?disbursed_since=yesterday").status_code == 422
    for path, link in (
        ("/worklist?bucket=M1", "/exports/worklist.csv?bucket=M1"),
        ("/payments/of/L1", "loan_id=L1"),
    ):
        assert link in client.get(path).content.decode()
    assert client.get("/exports/nothing.csv").status_code == 404
    assert client.get("/exports/loans.xls").status_code == 404
    assert "attachment" in client.get("/exports/loans.parquet")["Content-Disposition"]


def test_each_export_is_told_to_the_audit_log_with_its_rows(record, as_role):
    client = as_role("compliance")
    assert len(read(client.get("/exports/loans.csv?borrower_id=B2"))) == 1
    began, ended = Entry.objects.filter(subject="list:loans").order_by("entry_id")
    assert (began.actor, began.action) == ("compliance", "list.export")
    assert began.facts == {"form": "csv", "filters": {"borrower_id": "B2"}, "sort": ""}
    assert (ended.action, ended.facts) == ("list.exported", {"rows": 1})


@pytest.mark.parametrize("role", ["manager", "compliance", "risk"])
def test_who_may_export_needs_the_list_s_own_right_too(record, as_role, role):
    client = as_role(role)
    assert client.get("/exports/loans.csv").status_code == 200
    assert client.get("/exports/audit.csv").status_code == (200 if role == "compliance" else 403)
    assert client.get("/exports/users.csv").status_code == (200 if role == "compliance" else 403)
    page = client.get("/exports/").content.decode()
    assert "/exports/loans.csv" in page
    assert ("/exports/audit.csv" in page) == (role == "compliance")
    told = client.post("/api/v1/exports/loans/csv", {"filters": {"loan_id": "L2"}}, content_type="application/json")
    assert b"".join(told).startswith(b"loan_id,")
    assert client.post("/api/v1/exports/audit/csv", {}, content_type="application/json").status_code == (
        200 if role == "compliance" else 403
    )


def test_a_list_s_rows_are_those_that_its_user_sees(record, user_of):
    """Nobody of narrow sight may export today; were the right given to one, rows would still be kept from her."""
    agency = user_of("agency")
    Case.objects.filter(case_id="C1").update(agency_id=agency.agency_id)
    Loan.objects.filter(loan_id="L2").update(funder_id="F1")
    seen = {}
    for who in (
        agency,
        user_of("funder"),
        user_of("agent", queues=["late"]),
        user_of("borrower", borrower_id="B1"),
    ):
        seen[who.role] = {
            name: len(list(stream(lists()[name], asked(lists()[name], who, AT, {}))))
            for name in (
                "worklist",
                "cases",
                "borrowers",
                "loans",
                "installments",
                "postings",
                "contacts",
                "balances",
            )
        }
    postings_of_l2 = seen["agent"]["postings"]
    assert seen["agency"] == {
        **dict.fromkeys(seen["agency"], 1),
        "installments": 6,
        "postings": seen["agency"]["postings"],
    }
    assert seen["agent"]["loans"] == seen["agent"]["contacts"] == 1
    assert seen["funder"] == {
        **dict.fromkeys(seen["funder"], 0),
        "loans": 1,
        "balances": 1,
        "installments": 6,
        "postings": postings_of_l2,
    }
    assert 0 < postings_of_l2 < seen["agency"]["postings"]


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_memory_does_not_grow_with_the_rows(form, monkeypatch):
    """The same peak for a quarter of the rows; a million are measured in benchmarks/exports.md."""
    for module, name in ((formats, "CSV_ROWS"), (formats, "PARQUET_ROWS"), (reading, "CHUNK")):
        monkeypatch.setattr(module, name, 500)
    Borrower.objects.create(borrower_id="B1")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO contacts (contact_id, borrower_id, at, channel)"
            " SELECT 'T' || n, 'B1', timestamptz '2026-01-01' + n * interval '1 second', 'call'"
            " FROM generate_series(1, 12000) AS n"
        )
    of, peaks = lists()["contacts"], []
    for since in ("2026-01-01T02:30:00Z", "2026-01-01T00:00:00Z"):
        tracemalloc.start()
        size = sum(map(len, export(of, asked(of, None, AT, {"since": since}), form, actor="tests")))
        peaks.append((size, tracemalloc.get_traced_memory()[1]))
        tracemalloc.stop()
    (few, little), (many, much) = peaks
    assert many > 2.5 * few
    assert much < 1.3 * little


def test_the_descriptions_name_rights_and_scopes_that_are_there():
    from forbear.desk.lists.scope import SCOPES, SPECIAL

    for one in lists().values():
        assert one.rows or one.scope in SCOPES
        assert set(one.special) <= set(SPECIAL)
        assert set(one.sorts) <= {column.name for column in one.columns}
    assert User
