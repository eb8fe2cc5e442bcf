-- One row a loan of %(loans)s that was disbursed by %(as_of)s: what a bureau is told of it beside its balance (ledger's
-- balances.sql): payments since %(since)s, the last payment, the first write-off, principal let go, the latest act, the
-- installment that was due next.
-- Reads: loans, ledger_entries, ledger_postings, installments.
WITH standing AS (
    SELECT e.entry_id, e.loan_id, e.kind, e.effective_on, e.amount, e.of_entry
    FROM ledger_entries AS e
    WHERE e.loan_id = ANY(%(loans)s) AND e.effective_on <= %(as_of)s AND e.reverses IS NULL
        AND NOT EXISTS (
            SELECT FROM ledger_entries AS r WHERE r.reverses = e.entry_id AND r.effective_on <= %(as_of)s
        )
), acts AS (
    SELECT
        loan_id,
        max(effective_on) FILTER (WHERE kind = 'payment' AND amount > 0) AS last_paid_on,
        sum(amount) FILTER (WHERE kind = 'payment' AND amount > 0 AND effective_on > %(since)s) AS paid,
        min(effective_on) FILTER (WHERE kind = 'write-off') AS charged_off_on,
        sum(amount) FILTER (WHERE kind = 'write-off') AS charged_off,
        max(effective_on) FILTER (WHERE kind IN ('payment', 'waiver', 'write-off', 'transfer')) AS last_on
    FROM standing
    WHERE of_entry IS NULL
    GROUP BY loan_id
), let_go AS (
    SELECT s.loan_id, sum(p.amount) AS principal
    FROM standing AS s
    JOIN ledger_postings AS p ON p.entry_id = s.entry_id AND p.account = 'waived' AND p.component = 'principal'
    GROUP BY s.loan_id
)
SELECT
    l.loan_id, l.borrower_id, l.currency, l.disbursed_on, l.principal, l.term,
    coalesce((
        SELECT i.principal_due + i.interest_due + i.fees_due
        FROM installments AS i
        WHERE i.loan_id = l.loan_id AND i.version = l.schedule_version
        ORDER BY (i.due_on < %(as_of)s), abs(i.due_on - %(as_of)s)
        LIMIT 1
    ), 0)::bigint AS scheduled,
    a.last_paid_on, coalesce(a.paid, 0)::bigint AS paid, a.charged_off_on,
    coalesce(a.charged_off, 0)::bigint AS charged_off, a.last_on, coalesce(g.principal, 0)::bigint AS let_go
FROM loans AS l
LEFT JOIN acts AS a ON a.loan_id = l.loan_id
LEFT JOIN let_go AS g ON g.loan_id = l.loan_id
WHERE l.loan_id = ANY(%(loans)s) AND l.disbursed_on <= %(as_of)s
ORDER BY l.loan_id
