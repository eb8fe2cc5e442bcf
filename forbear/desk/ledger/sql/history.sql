-- One row an entry of the named loans, in order of booking, with its postings as JSON ([account, component, number,
-- amount] each).
-- Reads: ledger_entries, ledger_postings.
SELECT
    e.loan_id, e.entry_id, e.kind, e.effective_on, e.amount, e.cause, e.facts, e.reverses, e.of_entry,
    (
        SELECT jsonb_agg(jsonb_build_array(p.account, p.component, p.number, p.amount) ORDER BY p.line)
        FROM ledger_postings AS p
        WHERE p.entry_id = e.entry_id
    ) AS lines
FROM ledger_entries AS e
WHERE e.loan_id = ANY(%(loans)s)
ORDER BY e.loan_id, e.entry_id
