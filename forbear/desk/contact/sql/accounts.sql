-- One row a loan of these borrowers that the ledger has: where its account stands, told by when it last moved.
-- Reads: loans, ledger_accounts.
SELECT l.borrower_id, l.loan_id, a.version::text || '|' || a.received || '|' || a.written_off || '|' || a.adjusted || '|'
    || coalesce(a.last_booked_at::text, '') AS standing
FROM loans AS l
JOIN ledger_accounts AS a USING (loan_id)
WHERE l.borrower_id = ANY(%(borrowers)s)
ORDER BY l.borrower_id, l.loan_id
