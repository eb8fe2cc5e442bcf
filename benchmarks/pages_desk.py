"""A large desk for the benchmark of pages: invented loans with schedules, payments in the ledger, cases, contacts.

Records are made in the database itself, a part at a time; accounts, entries and postings by the desk's own code
(`ledger.opening`), as an import would. A loan has three installments and one to three payments, so that a million of
them need some six gigabytes; lists and pages cost by what they show, not by what stands beside it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from forbear.desk.ledger.opening import load_payments, open_loans
from forbear.desk.people.models import User
from forbear.desk.privacy.storing import Given, put_many
from forbear.desk.record.models import Case, Note
from forbear.desk.record.vouching import vouch, wanted

PART = 100_000
LOANS_EACH = 1.6
"""Loans of a borrower, on average."""
PEOPLE_KNOWN = 3_000
"""Borrowers at the head of the worklists whose name and phone are on record."""

RECORDS = """
INSERT INTO borrowers (borrower_id, time_zone, language, region)
    SELECT DISTINCT 'B' || lpad((n / {each})::int::text, 8, '0'), 'Asia/Shanghai', 'zh', 'CN-31'
    FROM generate_series({first}, {last}) AS n ON CONFLICT DO NOTHING;
INSERT INTO loans (loan_id, borrower_id, disbursed_on, principal, annual_rate, term, product)
    SELECT 'L' || lpad(n::text, 8, '0'), 'B' || lpad((n / {each})::int::text, 8, '0'),
        date '2026-01-01' + (n::bigint * 7919 % 180)::int, 300000, 0.18, 3, 'cash'
    FROM generate_series({first}, {last}) AS n;
INSERT INTO schedules (loan_id, version, effective_on)
    SELECT loan_id, 1, disbursed_on FROM loans WHERE loan_id BETWEEN {low} AND {high};
INSERT INTO installments (loan_id, version, number, due_on, principal_due, interest_due, fees_due)
    SELECT loan_id, 1, m, disbursed_on + 30 * m, 100000, 4500 - 1000 * m, 500
    FROM loans, generate_series(1, 3) AS m WHERE loan_id BETWEEN {low} AND {high};
DROP TABLE IF EXISTS pace_payments;
CREATE UNLOGGED TABLE pace_payments AS
    SELECT 'P' || loan_id || '-' || m AS payment_id, loan_id, disbursed_on + 30 * m - (m * 13 % 7) AS paid_on,
        104000 - 900 * m AS amount, 'bank' AS source
    FROM loans, generate_series(1, 3) AS m
    WHERE loan_id BETWEEN {low} AND {high} AND m <= 1 + hashtext(loan_id) % 3;
ANALYZE pace_payments;
"""
CASES = """
INSERT INTO cases (case_id, borrower_id, opened_at, queue, priority, strategy, figures_as_of, dpd, bucket, arrears,
        outstanding, currency)
    SELECT 'C' || borrower_id, borrower_id, %(at)s, 'queue ' || h %% 8, h %% 100000, 'plan first', %(at)s::date,
        1 + h %% 200,
        CASE WHEN h %% 200 >= 180 THEN 'M7+' ELSE 'M' || 1 + h %% 200 / 30 END, 10000 + h %% 900000,
        100000 + h %% 2000000, 'CNY'
    FROM (SELECT borrower_id, abs(hashtext(borrower_id)) AS h FROM borrowers) AS b
    WHERE h %% 3 = 0;
INSERT INTO facts (borrower_id, fact, value, since)
    SELECT borrower_id, 'time_zone', 'Asia/Shanghai', %(at)s::timestamptz - interval '90 days' FROM borrowers;
INSERT INTO facts (borrower_id, fact, value, since)
    SELECT c.borrower_id, f.fact, f.value, %(at)s::timestamptz - interval '90 days'
    FROM cases AS c CROSS JOIN (VALUES ('legality_cleared', 'true'), ('number_source', 'contract')) AS f (fact, value);
INSERT INTO contacts (contact_id, borrower_id, at, channel, direction, result, party, sender, by_id, strategy)
    SELECT md5(borrower_id || m), borrower_id,
        %(at)s::timestamptz - make_interval(hours => 1 + abs(hashtext(borrower_id || m)) %% 8640), 'call', 'out',
        (ARRAY['conversation', 'promise', 'no_answer', 'busy', 'voicemail'])[1 + abs(hashtext(borrower_id || m)) %% 5],
        'borrower', 'lender', (%(agents)s::bigint[])[1 + abs(hashtext(borrower_id)) %% %(many)s], 'plan first'
    FROM cases, generate_series(1, 3) AS m;  -- over a year
INSERT INTO promises (promise_id, borrower_id, contact_id, amount, due_on, made_at, made_by_id, state)
    SELECT contact_id, borrower_id, contact_id, 50000, (at + interval '5 days')::date, at, by_id, 'kept'
    FROM contacts WHERE result = 'promise';
ANALYZE;
"""


def fill(loans: int, agents: list[User], compliance: User, say: Callable[[str], None]) -> dict[str, Any]:
    """Fill an empty, migrated desk; seconds and counts."""
    at, began = datetime.now(UTC), time.perf_counter()
    for first in range(1, loans + 1, PART):
        last = min(first + PART - 1, loans)
        span = {"first": first, "last": last, "low": f"'L{first:08}'", "high": f"'L{last:08}'", "each": LOANS_EACH}
        with connection.cursor() as cursor:
            cursor.execute(RECORDS.format(**span))
        open_loans(actor="bench", at=at)
        load_payments("pace_payments", actor="bench", at=at)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE; CHECKPOINT")
        say(f"{last:,} loans, {time.perf_counter() - began:.0f} s")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE pace_payments")
        cursor.execute(CASES, {"at": at, "agents": [one.pk for one in agents], "many": len(agents)})
        cursor.execute("VACUUM ANALYZE")
    _known(agents, compliance, at)
    with connection.cursor() as cursor:
        counts = {}
        for table in (
            "loans",
            "borrowers",
            "cases",
            "contacts",
            "installments",
            "ledger_entries",
            "ledger_postings",
        ):
            cursor.execute(f"SELECT count(*) FROM {table}")
            counts[table] = cursor.fetchone()[0]
        cursor.execute("SELECT pg_database_size(current_database())")
        return {"seconds": time.perf_counter() - began, "bytes": cursor.fetchone()[0], **counts}


def _known(agents: list[User], compliance: User, at: datetime) -> None:
    """Names, phones and notes of those whom the agents will look at; what is vouched for on calls."""
    heads = list(Case.objects.order_by("-priority", "case_id").values_list("borrower_id", flat=True)[:PEOPLE_KNOWN])
    chance = random.Random(1)
    put_many(
        [
            given
            for borrower in heads
            for given in (
                Given(borrower, "name", chance.choice("王李张刘") + "例"),
                Given(borrower, "phone", f"139{chance.randrange(10**8):08}"),
            )
        ],
        "bench",
        tell=False,
    )
    Note.objects.bulk_create(
        Note(
            note_id=f"N{n}",
            borrower_id=borrower,
            at=at - timedelta(days=n % 30),
            by=agents[n % len(agents)],
            text="下月起按月发薪 / paid monthly from next month",
        )
        for n, borrower in enumerate(heads)
    )
    for one in wanted("call"):
        vouch(compliance, "call", one.fact, "bench", at)
