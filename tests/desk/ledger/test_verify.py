"""`forbear ledger verify` names what someone changed behind the ledger's back; nothing else makes it complain."""

from __future__ import annotations

import csv
from contextlib import nullcontext
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from typer.testing import CliRunner

from forbear.basics.console import answers
from forbear.basics.errors import AnswerIsNo
from forbear.cli import app
from forbear.desk.ledger.booking import book
from forbear.desk.ledger.verify import verify
from forbear.desk.record.models import Loan
from forbear.testing.lending import lend

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def a_history():
    for loan in ("L1", "L2"):
        lend(loan, borrower_id=loan)
        book("payment", loan, date(2026, 2, 20), 30_000, f"{loan}-P1", f"{loan}-1", actor="a", at=NOW)
    book("fee", "L2", date(2026, 3, 20), 900, "late", "f", actor="a", at=NOW)


TAMPERED = {
    "an amount": "UPDATE ledger_postings SET amount = amount + 1 WHERE account = 'receivable' AND number = 1",
    "a whole entry's money": "UPDATE ledger_postings SET amount = 2 * amount",
    "an entry's amount": "UPDATE ledger_entries SET amount = amount + 1 WHERE kind = 'payment'",
    "a component": "UPDATE ledger_postings SET component = 'fees' WHERE component = 'interest' AND number = 1",
    "what follows is gone": "DELETE FROM ledger_postings USING ledger_entries AS e"
    " WHERE e.entry_id = ledger_postings.entry_id AND e.kind = 'allocation'",
    "a schedule": "UPDATE installments SET interest_due = interest_due + 1 WHERE number = 1",
    "money held": "UPDATE ledger_accounts SET received = received + 1",
    "the version": "UPDATE ledger_accounts SET version = 2",
    "the last day": "UPDATE ledger_accounts SET last_on = '2026-01-15'",
    "the adjusted mark": "UPDATE ledger_accounts SET adjusted = NOT adjusted",
    "written off": "UPDATE ledger_accounts SET written_off = 5",
}


@pytest.mark.django_db
@pytest.mark.parametrize("how", TAMPERED)
def test_each_change_is_named_on_plain_and_other_loans(how):
    a_history()
    assert list(verify()) == []
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL session_replication_role = replica"
        )  # triggers off, as one who owns the server can
        cursor.execute(TAMPERED[how])
        cursor.execute("SET LOCAL session_replication_role = origin")
    found = {difference.loan_id for difference in verify()}
    assert found == {"L1", "L2"}


@pytest.mark.django_db
def test_a_loan_without_account_is_named():
    a_history()
    Loan.objects.create(
        loan_id="L3", borrower_id="L1", disbursed_on=date(2026, 1, 1), principal=5, annual_rate=0, term=1
    )
    assert [(d.loan_id, d.what, d.found) for d in verify()] == [("L3", "account", "none")]


@pytest.fixture
def here(monkeypatch):
    """The commands over the tests' own database."""
    monkeypatch.setattr("forbear.desk.server.access.desk_at", lambda _data: nullcontext())


@pytest.mark.django_db
def test_the_command_says_all_is_true_or_what_is_not(here):
    a_history()
    with answers.capture() as said:
        assert CliRunner().invoke(app, ["ledger", "verify"]).exit_code == 0
    assert said.get() == "2 loans are as their events say\n"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_accounts SET received = received + 1 WHERE loan_id = 'L1'")
    with answers.capture() as said:
        told = CliRunner().invoke(app, ["ledger", "verify"])
    assert said.get() == "loan L1: account: received: expected 30000, found 30001\n"
    assert isinstance(told.exception, AnswerIsNo)
    assert told.exception.message == "1 differences in 2 loans"


@pytest.mark.django_db
def test_balances_are_listed_in_the_major_unit(here):
    a_history()
    told = CliRunner().invoke(app, ["ledger", "balances", "--as-of", "2026-03-20"])
    rows = {row["loan_id"]: row for row in csv.DictReader(told.stdout.splitlines())}
    assert (rows["L1"]["paid_total"], rows["L1"]["arrears_principal"], rows["L1"]["dpd"]) == (
        "300.00",
        "121.26",
        "5",
    )
    assert rows["L2"]["fees_outstanding"] == "9.00"
    one = CliRunner().invoke(app, ["ledger", "balances", "--as-of", "2026-03-20", "--loan", "L2"])
    assert len(one.stdout.splitlines()) == 2
    before = [*["ledger", "balances", "--as-of", "2026-03-20", "--known-at", "2026-12-31T00:00:00+0000"]]
    unpaid = list(csv.DictReader(CliRunner().invoke(app, before).stdout.splitlines()))
    assert {row["paid_total"] for row in unpaid} == {"0.00"}
