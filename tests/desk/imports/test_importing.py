"""Bringing a book in: all or nothing, once, and never against what the desk has."""

from __future__ import annotations

import csv
import re

import duckdb
import pytest
from django.db import connection

from forbear.basics.errors import AnswerIsNo
from forbear.book import open_book
from forbear.desk.audit.models import Entry
from forbear.desk.imports import importing, staging
from forbear.desk.imports.models import Import
from forbear.desk.ledger import models as ledger
from forbear.desk.record.models import Borrower, Contact, Fact, Installment, Loan

pytestmark = pytest.mark.django_db


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def change(path, pattern, to):
    text = path.read_text()
    changed = re.sub(pattern, to, text, count=1)
    assert changed != text
    path.write_text(changed)


def staging_tables():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'staging'")
        return cursor.fetchone()[0]


def test_every_row_of_the_book_is_there_to_the_cent(book, bring_in):
    done = bring_in(book)
    with duckdb.connect() as engine:
        open_book(book, engine)
        for table, model, columns in [
            ("loans", Loan, "loan_id borrower_id disbursed_on principal annual_rate term currency product"),
            ("installments", Installment, "loan_id number due_on principal_due interest_due fees_due"),
            ("contacts", Contact, "contact_id borrower_id channel direction result loan_id"),
            ("borrowers", Borrower, "borrower_id time_zone language region birth_year first_loan"),
        ]:
            names = columns.split()
            wanted = engine.execute(f"SELECT {', '.join(names)} FROM book.{table}").fetchall()
            assert sorted(map(str, model.objects.values_list(*names))) == sorted(map(str, wanted))
            assert done.staged[table] == len(wanted)
        told = """SELECT contact_id, CAST("at" AS VARCHAR) || '+00:00' FROM book.contacts"""
        instants = engine.execute(told).fetchall()
        paid = engine.execute("SELECT payment_id, loan_id, paid_on, amount FROM book.payments").fetchall()
        pauses = engine.execute(
            "SELECT event_id, loan_id, effective_on, CAST(until_on AS VARCHAR) FROM book.events"
        )
        pauses = pauses.fetchall()
    booked = ledger.Entry.objects
    assert sorted(
        booked.filter(kind="payment").values_list("cause", "loan_id", "effective_on", "amount")
    ) == sorted(paid)
    kept = booked.filter(kind="pause").values_list("cause", "loan_id", "effective_on", "facts__until_on")
    assert sorted(kept) == sorted(pauses)
    assert len(pauses) > 1
    assert {(c.contact_id, str(c.at)) for c in Contact.objects.all()} == set(instants)
    assert Loan.objects.get(loan_id="LN00001").features == {"x_city": rows(book / "loans.csv")[0]["x_city"]}
    assert staging_tables() == 0
    assert Entry.objects.get().action == "book.import"


def test_the_same_book_again_does_nothing(book, bring_in):
    first = bring_in(book)
    again = bring_in(book)
    assert (again.again, again.import_id, again.staged) == (True, first.import_id, first.staged)
    assert not any(again.new.values())
    assert Import.objects.count() == Entry.objects.count() == 1


def test_a_book_with_more_rows_adds_these(book, bring_in):
    bring_in(book)
    with (book / "contacts.csv").open("a") as file:
        file.write("C99999,P0001,2026-06-01T10:00:00+08:00,call,out,no_answer,LN00001\n")
    done = bring_in(book)
    assert (done.new["contacts"], done.new["loans"], done.new["installments"]) == (1, 0, 0)
    assert Contact.objects.get(contact_id="C99999").channel == "call"


def test_a_book_with_faults_is_refused_whole(book, bring_in):
    change(book / "loans.csv", r"2025-\d\d-\d\d", "2025-02-30")
    with pytest.raises(AnswerIsNo, match="impossible_date"):
        bring_in(book)
    assert not Loan.objects.exists()
    done = bring_in(book, quarantine=True)
    assert (done.left_out.loans, Loan.objects.count()) == (1, 24)


@pytest.mark.parametrize(
    ("file", "pattern", "to", "told"),
    [
        ("loans.csv", r",0\.18,", ",0.19,", "annual_rate is 0.18000000 here, 0.19000000 in the book"),
        ("contacts.csv", r",sms,", ",call,", "channel is sms here, call in the book"),
        ("events.csv", r"(pause,[\d-]+),[\d-]+,", r"\1,2026-01-31,", "until_on"),
        ("installments.csv", r",0\.00\n", ",1.00\n", "installments LN00001 1"),
        ("payments.csv", r",\d+\.\d\d,1,bank", ",1.23,1,bank", ": amount is "),
    ],
)
def test_what_contradicts_the_desk_is_refused_and_named(book, bring_in, file, pattern, to, told):
    bring_in(book)
    before = list(Loan.objects.order_by("loan_id").values())
    change(book / file, pattern, to)
    with (book / "contacts.csv").open("a") as more:
        more.write("C99999,P0001,2026-06-01T10:00:00+08:00,call,out,no_answer,LN00001\n")
    with pytest.raises(AnswerIsNo, match=re.escape(told)):
        bring_in(book)
    assert list(Loan.objects.order_by("loan_id").values()) == before
    assert not Contact.objects.filter(contact_id="C99999").exists()


def test_a_person_only_named_on_a_loan_is_a_borrower(book, bring_in):
    (book / "borrowers.csv").unlink()
    (book / "contacts.csv").unlink()
    bring_in(book)
    assert Borrower.objects.count() == 25
    assert Borrower.objects.first().time_zone is None


def test_a_person_who_moved_has_one_zone_and_her_former_one_has_ended(book, bring_in):
    bring_in(book)
    change(book / "borrowers.csv", r"P0001,Asia/Shanghai", "P0001,Asia/Urumqi")
    bring_in(book)
    zones = Fact.objects.filter(borrower_id="P0001", fact="time_zone").order_by("since", "id")
    assert [(f.value, f.until is None) for f in zones] == [("Asia/Shanghai", False), ("Asia/Urumqi", True)]
    assert Borrower.objects.get(borrower_id="P0001").time_zone == "Asia/Urumqi"


def test_an_import_that_was_killed_goes_on_where_it_stopped(book, bring_in, monkeypatch):
    monkeypatch.setattr(staging, "ROWS_A_PIECE", 10)
    staged = []
    copy = staging._stage_piece

    def dies_at_the_sixth(*given):
        if len(staged) == 5:
            raise KeyboardInterrupt
        staged.append(given[3:5])
        copy(*given)

    monkeypatch.setattr(staging, "_stage_piece", dies_at_the_sixth)
    with pytest.raises(KeyboardInterrupt):
        bring_in(book)
    assert not Loan.objects.exists()
    lost = Import.objects.get()
    with connection.cursor() as cursor:  # what a crash of the database does to one unlogged table
        cursor.execute(f"TRUNCATE {staging.staging_table(lost, 'borrowers')}")
    monkeypatch.setattr(staging, "_stage_piece", lambda *given: (staged.append(given[3:5]), copy(*given)))
    done = bring_in(book)
    assert [again for again in staged if staged.count(again) > 1 and again[0] != "borrowers"] == []
    assert (done.staged["loans"], Loan.objects.count(), Borrower.objects.count()) == (25, 25, 25)
    assert Installment.objects.count() == done.staged["installments"]


def test_a_failure_in_the_merge_leaves_nothing(book, bring_in, monkeypatch):
    monkeypatch.setattr(importing, "record", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        bring_in(book)
    assert not Loan.objects.exists()
    monkeypatch.undo()
    assert bring_in(book).new["loans"] == 25
