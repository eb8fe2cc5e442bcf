"""The record's tables hold what they promise: the gate's two tables, one open case, schedules by version."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from forbear.conduct import Cleared, load_packs
from forbear.conduct.sending import SCHEMA, reserve, settle
from forbear.desk.record.models import Borrower, Case, Contact, Fact, Installment, Loan, Schedule

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
COLUMNS = """
SELECT column_name, data_type, is_nullable FROM information_schema.columns
WHERE table_schema = %s AND table_name = %s
"""


@pytest.fixture
def borrower():
    return Borrower.objects.create(borrower_id="B1", time_zone="Asia/Shanghai")


@pytest.fixture
def loan(borrower):
    return Loan.objects.create(
        loan_id="L1",
        borrower=borrower,
        disbursed_on=date(2026, 1, 5),
        principal=1_000_00,
        annual_rate="0.24",
        term=12,
    )


@pytest.mark.parametrize("table", ["contacts", "facts"])
def test_the_gates_tables_have_the_gates_columns(table):
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE SCHEMA gate; SET LOCAL search_path TO gate; {SCHEMA}; SET LOCAL search_path TO public"
        )
        cursor.execute(COLUMNS, ("gate", table))
        wanted = set(cursor.fetchall())
        cursor.execute(COLUMNS, ("public", table))
        ours = set(cursor.fetchall())
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s "
            "AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'",
            (table,),
        )
        needed = {name for (name,) in cursor.fetchall()}
    assert wanted <= ours
    assert needed <= {name for name, _, _ in wanted}, "the gate could not write a row"


def test_the_gate_reserves_and_settles_in_these_tables(borrower):
    Fact.objects.create(borrower=borrower, fact="time_zone", value="Asia/Shanghai")
    packs = load_packs(["cn"])
    noon = datetime(2026, 3, 2, 4, tzinfo=UTC)
    said = reserve(
        connection, {"borrower_id": "B1", "channel": "letter", "identified": "true"}, packs, noon, contact_id="C1"
    )
    assert isinstance(said, Cleared), said
    settle(connection, "C1", "delivered")
    written = Contact.objects.get(contact_id="C1")
    assert (written.at, written.channel, written.direction, written.result) == (noon, "letter", "out", "delivered")


def test_a_borrower_has_one_open_case_and_any_number_of_closed_ones(borrower):
    Case.objects.create(case_id="K1", borrower=borrower, closed_at=datetime(2026, 1, 1, tzinfo=UTC))
    Case.objects.create(case_id="K2", borrower=borrower)
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.create(case_id="K3", borrower=borrower)
    assert Case.objects.count() == 2


def test_a_new_schedule_leaves_the_old_one(loan):
    for version, due in ((1, 100_00), (2, 80_00)):
        Schedule.objects.create(loan=loan, version=version, effective_on=date(2026, version, 5))
        Installment.objects.create(
            loan=loan, version=version, number=1, due_on=date(2026, 6, 5), principal_due=due, interest_due=0
        )
    assert [i.principal_due for i in loan.installments.order_by("version")] == [100_00, 80_00]


def installment_of_no_schedule(loan):
    Installment.objects.create(
        loan=loan, version=3, number=1, due_on=date(2026, 6, 5), principal_due=1, interest_due=0
    )
    connection.check_constraints()


def test_an_installment_without_its_schedule_is_refused(loan):
    with pytest.raises(IntegrityError, match="installments_of_schedule"), transaction.atomic():
        installment_of_no_schedule(loan)


def test_money_is_bigint_and_keys_are_text():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
        )
        kinds = {(table, column): kind for table, column, kind in cursor.fetchall()}
    money = [
        ("loans", "principal"),
        ("installments", "principal_due"),
        ("cases", "arrears"),
        ("promises", "amount"),
    ]
    assert {kinds[column] for column in money} == {"bigint"}
    keys = [("loans", "loan_id"), ("loans", "borrower_id"), ("installments", "loan_id"), ("cases", "case_id")]
    assert {kinds[column] for column in keys} == {"text"}


MANY_CASES = """
INSERT INTO borrowers (borrower_id) SELECT 'B' || n FROM generate_series(1, 20000) n;
INSERT INTO cases (case_id, borrower_id, queue, priority, bucket)
SELECT 'K' || n, 'B' || n, 'queue' || n % 50, n * 7919 % 1000, 'M' || n % 5 FROM generate_series(1, 20000) n;
ANALYZE cases
"""


@pytest.mark.parametrize(
    ("chosen", "index"),
    [("queue = 'queue3'", "cases_of_queue"), ("bucket = 'M1'", "cases_of_bucket"), ("true", "cases_by_priority")],
)
def test_a_page_of_the_worklist_is_read_from_an_index(chosen, index):
    with connection.cursor() as cursor:
        cursor.execute(MANY_CASES)
        cursor.execute(
            f"EXPLAIN SELECT * FROM cases WHERE closed_at IS NULL AND {chosen} AND priority <= 500 "
            "AND (priority < 500 OR case_id > 'K1') ORDER BY priority DESC, case_id LIMIT 50"
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert index in plan
    assert "Sort" not in plan


def test_no_change_of_a_model_is_without_its_migration():
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_django_finds_nothing_wrong_with_models_addresses_and_settings():
    """A start does not look: it migrates without these checks, which are for whoever changes the desk."""
    from django.core.management import call_command

    call_command("check", fail_level="WARNING")
