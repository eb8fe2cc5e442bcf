-- One row a component of an installment of one loan: due, paid and unpaid, in minor units, as of a date and as it was
-- known at an instant (null: all that is known). The schedule is the one then in force.
-- Reads: ledger_entries, ledger_postings, installments.
WITH known AS MATERIALIZED (
    SELECT e.entry_id, e.kind, e.effective_on, e.facts, e.reverses, e.of_entry
    FROM ledger_entries AS e
    WHERE e.loan_id = %(loan)s AND e.effective_on <= %(as_of)s
        AND (%(known_at)s::timestamptz IS NULL OR e.booked_at <= %(known_at)s)
), schedule AS (
    SELECT (k.facts ->> 'version')::smallint AS version
    FROM known AS k
    WHERE k.of_entry IS NULL AND k.kind IN ('due', 're-age', 're-amortize')
        AND NOT EXISTS (SELECT FROM known AS r WHERE r.reverses = k.entry_id)
    ORDER BY k.effective_on DESC, k.entry_id DESC
    LIMIT 1
), moved AS (
    SELECT
        p.number, p.component,
        sum(p.amount) FILTER (WHERE k.of_entry IS NULL) AS charged,
        -sum(p.amount) FILTER (WHERE k.of_entry IS NOT NULL) AS paid
    FROM known AS k
    JOIN ledger_postings AS p ON p.entry_id = k.entry_id AND p.account = 'receivable' AND p.number IS NOT NULL
    GROUP BY p.number, p.component
)
SELECT
    i.number, i.due_on, c.component,
    (c.amount + coalesce(m.charged, 0))::bigint AS due,
    coalesce(m.paid, 0)::bigint AS paid,
    (c.amount + coalesce(m.charged, 0) - coalesce(m.paid, 0))::bigint AS unpaid
FROM schedule AS s
JOIN installments AS i ON i.loan_id = %(loan)s AND i.version = s.version
CROSS JOIN LATERAL (VALUES
    (1, 'fees', i.fees_due), (2, 'penalty', 0::bigint), (3, 'interest', i.interest_due), (4, 'principal', i.principal_due)
) AS c (place, component, amount)
LEFT JOIN moved AS m ON m.number = i.number AND m.component = c.component
WHERE c.amount + coalesce(m.charged, 0) <> 0
ORDER BY i.due_on, i.number, c.place
