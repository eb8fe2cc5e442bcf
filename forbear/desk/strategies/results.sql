-- One row a borrower who paid: what came from her in the days after a night, in minor units, reversed payments left out.
-- Reads: ledger_entries, loans.
SELECT l.borrower_id, SUM(e.amount)::bigint AS amount
FROM ledger_entries AS e
JOIN loans AS l ON l.loan_id = e.loan_id
WHERE e.kind = 'payment' AND e.of_entry IS NULL
    AND e.effective_on > %(after)s AND e.effective_on <= %(until)s
    AND NOT EXISTS (SELECT 1 FROM ledger_entries AS r WHERE r.reverses = e.entry_id)
GROUP BY l.borrower_id
