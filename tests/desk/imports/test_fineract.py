"""From a Fineract server into the desk: loans, payments, what was undone, written off, rescheduled; again and again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from forbear.basics.errors import AnswerIsNo
from forbear.book.fineract import Client
from forbear.desk.audit.models import Entry as Audit
from forbear.desk.imports.fineract import bring_in, mirror_of
from forbear.desk.ledger.balances import balances
from forbear.desk.ledger.models import Entry
from forbear.desk.ledger.verify import verify
from forbear.desk.record.models import Installment, Loan
from forbear.testing.fineract import PASSWORD, USER, FineractDouble, array, loan, transaction

pytestmark = [pytest.mark.postgres]
AT = datetime(2026, 6, 1, 8, tzinfo=UTC)
TODAY = AT.date()


@pytest.fixture
def server():
    with FineractDouble() as double:
        yield double


@pytest.fixture
def bring(server, tmp_path, transactional_db):
    client = Client(server.url, USER, PASSWORD, rate=1000)

    def now(at: datetime = AT, **more):
        return bring_in(client, mirror_of(tmp_path, client), actor="tests", at=at, **more)

    return now


def owed(loan_id: str, as_of: date = TODAY) -> int:
    return balances([loan_id], as_of)[loan_id].outstanding


def test_loans_payments_and_reversals_come_in_once_and_what_changes_later_too(server, bring):
    paid = transaction(11, 2, date(2026, 2, 14), 275.0)
    server.put(loan(1, transactions=[paid]), loan(2), loan(3, status=100), loan(4, currency="JPY", interest=400.0))
    done = bring()
    assert sorted(done.imported) == ["JPY", "KES"]
    assert (owed("1"), owed("2"), owed("4")) == (82_500, 110_000, 1_400)
    assert balances(["1"], TODAY)["1"].arrears_total == 82_500
    again = bring(AT + timedelta(hours=1))
    assert all(one.again for one in again.imported.values())
    assert again.fetched.read == 0
    server.loans[1]["transactions"][1] |= {"manuallyReversed": True, "reversedOnDate": array(date(2026, 2, 20))}
    server.loans[1]["transactions"].append(transaction(12, 2, date(2026, 6, 2), 100.0))
    server.loans[1]["summary"]["totalRepayment"] = 100.0
    server.put(loan(5))
    later = bring(AT + timedelta(days=1))
    assert later.fetched.read == 2
    assert (owed("1", date(2026, 2, 19)), owed("1", date(2026, 2, 20)), owed("1", date(2026, 6, 2))) == (
        82_500,
        110_000,
        100_000,
    )
    assert owed("5") == 110_000
    assert Audit.objects.filter(action="book.import", subject="fineract").count() == 3


def test_a_changed_schedule_is_a_re_amortization_and_a_write_off_is_one(server, bring):
    server.put(loan(1), loan(2))
    bring()
    periods = server.loans[1]["repaymentSchedule"]["periods"]
    for one in periods[1:]:
        one["dueDate"] = array(date(*one["dueDate"]) + timedelta(days=90))
        one["penaltyChargesDue"] = 2.0
    server.loans[1]["summary"]["penaltyChargesCharged"] = 8.0
    off = transaction(29, 6, date(2026, 5, 1), 1_100.0, principalPortion=1_000.0, interestPortion=100.0)
    server.put(loan(2, status=601, transactions=[off]))
    for one in server.loans[2]["repaymentSchedule"]["periods"][1:]:
        one["interestWrittenOff"] = 25.0
    done = bring(AT + timedelta(days=1))
    assert done.refused == []
    assert done.acts == {"re-amortize": 2, "write-off": 1}
    assert Loan.objects.get(loan_id="1").schedule_version == 2
    rows = Installment.objects.filter(loan_id="1", version=2).order_by("number")
    assert next((row.due_on, row.fees_due) for row in rows) == (date(2026, 5, 15), 200)
    assert balances(["2"], AT.date() + timedelta(days=1))["2"].written_off == 107_500
    assert owed("2", AT.date() + timedelta(days=1)) == 107_500
    assert bring(AT + timedelta(days=2)).acts == {"write-off": 0}
    server.loans[2]["transactions"].append(transaction(30, 8, date(2026, 6, 3), 50.0))
    server.loans[2]["summary"]["totalRecovered"] = 50.0
    bring(AT + timedelta(days=3))
    assert balances(["2"], date(2026, 6, 3))["2"].recovered == 5_000
    assert list(verify()) == []


def test_what_the_ledger_cannot_follow_is_named_and_stops_nothing(server, bring):
    server.put(loan(1), loan(2))
    bring()
    server.put(loan(1, principal=2_000.0), loan(2, transactions=[transaction(21, 2, date(2026, 6, 1), 10.0)]))
    server.loans[2]["summary"]["totalRepayment"] = 10.0
    done = bring(AT + timedelta(days=1))
    assert [told for told in done.refused if "principal" in told and told.startswith("loan 1")]
    assert owed("2") == 109_000
    assert Loan.objects.get(loan_id="1").principal == 100_000


def test_a_book_that_contradicts_the_desk_changes_nothing(server, bring):
    server.put(loan(1))
    bring()
    Loan.objects.filter(loan_id="1").update(term=9)
    server.put(loan(2))
    with pytest.raises(AnswerIsNo, match="term is 9"):
        bring(AT + timedelta(days=1))
    assert not Entry.objects.filter(loan_id="2").exists()
