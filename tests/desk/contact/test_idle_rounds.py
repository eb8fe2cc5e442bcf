"""What every round asks, however little there is to do, must not read whole tables: they grow by millions."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from forbear.desk.contact import dispatching, resolving
from forbear.desk.contact.models import RuleSet

ROWS = 20_000


@pytest.fixture
def busy(outbox):
    """A long history: contacts that were sent with their receipts, and as many that wait, most of them due."""
    RuleSet.objects.create(fingerprint="f", rules=[])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO planned_contacts (key, borrower_id, channel, purpose, not_before, wanted_until, next_at, "
            "cause, state) SELECT 'w' || i, 'B1', 'sms', 'overdue', t, t + interval '1 day', t, 'test', "
            "CASE WHEN i %% 2 = 0 THEN 'waiting' ELSE 'sent' END FROM generate_series(1, %(n)s) AS i, "
            "LATERAL (SELECT %(at)s::timestamptz + i * interval '1 second') AS x (t)",
            {"n": ROWS, "at": outbox.at},
        )
        cursor.execute(
            "INSERT INTO contact_attempts (attempt_id, planned_id, provider, state, reserved_at, lease_until, "
            "provider_ref, rules_id) SELECT 'a' || planned_id, planned_id, 'a', 'sent', not_before, not_before, "
            "'r' || planned_id, 'f' FROM planned_contacts WHERE state = 'sent'"
        )
        cursor.execute(
            "INSERT INTO contact_receipts (provider, key, provider_ref, attempt_id, result) "
            "SELECT provider, attempt_id, provider_ref, attempt_id, 'delivered' FROM contact_attempts"
        )
        cursor.execute("ANALYZE planned_contacts, contact_attempts, contact_receipts")
    return outbox


def plan_of(asked: CaptureQueriesContext) -> str:
    (query,) = (one["sql"] for one in asked.captured_queries if one["sql"].startswith("SELECT"))
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + query)
        return "\n".join(row[0] for row in cursor.fetchall())


@pytest.mark.parametrize("hours", [0, 4])
def test_whether_anything_is_due_is_the_first_of_an_index(busy, hours):
    busy.later(hours=hours)
    with CaptureQueriesContext(connection) as asked:
        assert dispatching._any_due("sms") == (hours > 0)
    assert "Index" in plan_of(asked)
    assert "Seq Scan" not in plan_of(asked)
    assert not dispatching._any_due("chat")


def test_late_receipts_are_found_among_those_that_have_no_attempt(busy):
    with CaptureQueriesContext(connection) as asked:
        assert resolving.match_late(busy.at) == 0
    assert "Seq Scan" not in plan_of(asked)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE contact_receipts SET attempt_id = NULL "
            "WHERE receipt_id IN (SELECT min(receipt_id) FROM contact_receipts)"
        )
    assert resolving.match_late(busy.at) == 1
