-- One row a pause, or money that stopped to count, as the book's table `events` has it.
-- Reads: acts (book_known), rows (book_money).
SELECT 'undone:' || payment_id AS event_id, loan_id, 'reversal' AS kind, undone_on AS effective_on,
    NULL::date AS until_on, payment_id, NULL::date AS recorded_on
FROM rows
WHERE undone_on IS NOT NULL
UNION ALL
SELECT 'pause:' || entry_id, loan_id, 'pause', effective_on, (facts ->> 'until_on')::date, NULL, NULL::date
FROM acts
WHERE kind = 'pause' AND undone_on IS NULL
ORDER BY loan_id, effective_on, event_id
