-- One row a payment of a loan, newest booked first: what it pays now, and the day on which it was undone.
-- Reads: ledger_entries, ledger_postings, ledger_accounts.
SELECT
    e.cause, e.loan_id, e.effective_on, e.amount, a.currency, e.entry_id, e.booked_at,
    (
        SELECT jsonb_agg(jsonb_build_array(t.number, t.component, t.amount) ORDER BY t.number, t.component)
        FROM (
            SELECT p.number, p.component, -sum(p.amount) AS amount
            FROM ledger_entries AS f
            JOIN ledger_postings AS p ON p.entry_id = f.entry_id AND p.account = 'receivable'
            WHERE f.loan_id = e.loan_id AND f.of_entry = e.entry_id
            GROUP BY p.number, p.component
            HAVING sum(p.amount) <> 0
        ) AS t
    ) AS parts,
    r.effective_on AS reversed_on,
    e.facts ->> 'source' AS source
FROM ledger_entries AS e
JOIN ledger_accounts AS a ON a.loan_id = e.loan_id
LEFT JOIN ledger_entries AS r ON r.reverses = e.entry_id
WHERE e.kind = 'payment' AND (e.cause = %(payment)s OR e.loan_id = %(loan)s) AND e.entry_id < %(before)s
ORDER BY e.entry_id DESC
LIMIT %(most)s
