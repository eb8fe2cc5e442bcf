-- One row a payment, as it was booked: its entry, and what it paid at that moment ([installment, component, amount]).
-- What was booked never changes, so a repeated request gets the same answer for ever.
-- Reads: ledger_entries, ledger_postings, ledger_accounts.
SELECT
    e.cause, e.loan_id, e.effective_on, e.amount, a.currency, e.entry_id, e.booked_at,
    (
        SELECT jsonb_agg(jsonb_build_array(p.number, p.component, -p.amount) ORDER BY p.line)
        FROM ledger_postings AS p
        WHERE p.account = 'receivable' AND p.entry_id = (
            SELECT min(f.entry_id)
            FROM ledger_entries AS f
            WHERE f.loan_id = e.loan_id AND f.of_entry = e.entry_id AND f.kind = 'allocation'
                AND f.booked_at = e.booked_at
        )
    ) AS parts
FROM ledger_entries AS e
JOIN ledger_accounts AS a ON a.loan_id = e.loan_id
WHERE e.entry_id = %(entry)s
