"""The desk closed by the night: the same figures as the book it came from, the ledger's own to the cent."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta

import pyarrow.parquet as pq
import pytest
from django.db import transaction

from forbear.basics.errors import WrongUse
from forbear.desk.complaints.taking import take
from forbear.desk.imports.from_desk import close_from_desk, export_book
from forbear.desk.imports.importing import import_book
from forbear.desk.ledger.balances import balances
from forbear.desk.ledger.booking import book as booked
from forbear.desk.record.models import Borrower, Case, Fact, Loan
from forbear.desk.replies.acting import Said, act
from forbear.treatment.actions import read_actions

from .conftest import NOW

pytestmark = pytest.mark.django_db(transaction=True)
AS_OF = date(2025, 11, 3)


@pytest.fixture
def with_a_reversal(book):
    """The good book, with one payment that bounced."""
    payments = list(csv.DictReader((book / "payments.csv").open()))
    bounced = payments[3]
    with (book / "events.csv").open("a") as file:
        file.write(f"E-R,{bounced['loan_id']},reversal,{bounced['paid_on']},,{bounced['payment_id']},\n")
    return book


def from_desk(out, **more):
    return close_from_desk(as_of=AS_OF, out=out, actor="tests", at=NOW, **more)


def accounts(folder):
    return pq.read_table(folder / "accounts.parquet").sort_by("loan_id")


def test_it_gives_the_very_accounts_of_the_book_it_came_from(with_a_reversal, bring_in, closed, tmp_path):
    bring_in(with_a_reversal)
    there = accounts(closed(with_a_reversal, AS_OF, tmp_path / "there"))
    done, worklist = from_desk(tmp_path / "here")
    assert accounts(done.out).equals(there)
    assert there.num_rows == 25
    assert worklist.opened == Case.objects.count() > 3


def test_the_ledgers_own_balances_are_the_nights_to_the_cent(with_a_reversal, bring_in, tmp_path):
    bring_in(with_a_reversal)
    done, _ = from_desk(tmp_path / "here")
    own = balances(Loan.objects.values_list("loan_id", flat=True), AS_OF)
    for row in accounts(done.out).to_pylist():
        here = own.get(row["loan_id"])
        if here is None:
            assert row["status"] == "not_disbursed"
            continue
        assert here.arrears_total == row["arrears_total"] * 100
        assert here.principal_outstanding == row["principal_outstanding"] * 100
        assert here.paid_total == row["paid_total"] * 100
        assert here.dpd == row["dpd"]


def test_a_payment_at_the_desk_moves_the_next_close_and_not_the_one_known_before(book, bring_in, tmp_path):
    bring_in(book)
    before, _ = from_desk(tmp_path / "before")
    late = next(row for row in accounts(before.out).to_pylist() if row["arrears_total"] > 0)
    owed = int(late["arrears_total"] * 100)
    later = NOW + timedelta(hours=1)
    booked("payment", late["loan_id"], AS_OF, owed, "till-1", "till-1", actor="till", at=later)
    after, _ = from_desk(tmp_path / "after")
    then, _ = from_desk(tmp_path / "then", known_at=NOW)
    standing = {row["loan_id"]: row for row in accounts(after.out).to_pylist()}
    assert standing[late["loan_id"]]["arrears_total"] == 0
    assert accounts(then.out).equals(accounts(before.out))


def test_a_desk_with_nothing_or_with_several_currencies_says_so(book, bring_in, tmp_path):
    with pytest.raises(WrongUse, match="no loans"):
        from_desk(tmp_path / "none")
    bring_in(book)
    Loan.objects.filter(loan_id="LN00001").update(currency="USD")
    with pytest.raises(WrongUse, match="CNY, USD"):
        from_desk(tmp_path / "several")
    done, _ = from_desk(tmp_path / "dollars", currency="USD")
    assert accounts(done.out)["loan_id"].to_pylist() == ["LN00001"]


def test_a_features_name_is_only_a_name(book, bring_in, tmp_path):
    text = (book / "loans.csv").read_text()
    (book / "loans.csv").write_text(text.replace("x_city", "x_100%_o'clock"))
    import_book(book, actor="tests", at=datetime(2026, 6, 30, tzinfo=UTC))
    done, _ = from_desk(tmp_path / "here")
    assert accounts(done.out).num_rows == 25


def test_the_night_knows_of_borrowers_what_the_desks_gate_knows(book, bring_in, tmp_path):
    """Whom it would write to or call and who disputes, says stop or declined the channel meanwhile is not proposed."""

    def steps(out, **more):
        done, _ = close_from_desk(as_of=NOW.date(), out=out, actor="tests", at=NOW, strategy="sample", **more)
        rows = pq.read_table(done.out / "decisions.parquet").to_pylist()
        return {row["borrower_id"]: row["action"] for row in rows}

    bring_in(book)
    before = steps(tmp_path / "before")
    asked = [who for who, step in before.items() if step != "wait"]
    disputes, stops, declines, agreed = asked[:4]
    later = NOW + timedelta(minutes=1)
    at = NOW - timedelta(hours=9)
    take("tests", disputes, "I paid this in cash", at, channel="call", kind="dispute")
    with transaction.atomic():
        act("stop", Said(stops, at, "sms", "TD"))
    channel = read_actions().actions[before[declines]].act
    Fact.objects.create(borrower_id=declines, fact="channel_declined", channel=channel, since=at)
    Fact.objects.create(borrower_id=agreed, fact="dispute_open", since=at, until=at + timedelta(hours=1))
    Fact.objects.update(recorded_at=later)
    after = steps(tmp_path / "after")
    assert (after[disputes], after[stops]) == ("wait", "wait")
    assert after[declines] != before[declines]
    assert after[agreed] != "wait", "her dispute is settled"
    assert steps(tmp_path / "then", known_at=NOW) == before
    assert "facts" in (tmp_path / "after" / "manifest.json").read_text()


def test_zones_go_along_where_the_facts_say_more_than_the_borrowers(book, bring_in, tmp_path):
    bring_in(book)
    moved, borrower = [one.pk for one in Borrower.objects.order_by("pk")[:2]]
    Fact.objects.create(borrower_id=moved, fact="time_zone", value="Asia/Urumqi", since=NOW)
    Fact.objects.create(borrower_id=borrower, fact="time_zone", value="Asia/Tokyo", since=NOW, until=NOW)
    zones = list(csv.DictReader(export_book(tmp_path / "out", as_of=AS_OF).open()))
    assert {row["borrower_id"] for row in zones} == {moved}
    assert {row["value"] for row in zones} == {"Asia/Shanghai", "Asia/Urumqi"}
