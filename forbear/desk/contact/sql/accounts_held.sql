-- The same of named loans, held against every payment until the transaction ends; one that a payment holds is not in it.
-- Reads and locks (share): ledger_accounts.
SELECT a.loan_id, a.version::text || '|' || a.received || '|' || a.written_off || '|' || a.adjusted || '|'
    || coalesce(a.last_booked_at::text, '') AS standing
FROM ledger_accounts AS a
WHERE a.loan_id = ANY(%(loans)s)
ORDER BY a.loan_id
FOR SHARE SKIP LOCKED
