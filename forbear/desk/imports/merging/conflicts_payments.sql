-- A row is a column in which a staged payment differs from the payment of the same id in the ledger.
-- Reads: {payments} (staged), ledger_entries.
SELECT 'payments' AS table, s.payment_id AS key, d.name AS column, d.here, d.staged
FROM {payments} s JOIN ledger_entries e ON e.kind = 'payment' AND e.cause = s.payment_id
CROSS JOIN LATERAL (VALUES
    ('loan_id', e.loan_id, s.loan_id),
    ('paid_on', e.effective_on::text, s.paid_on::text),
    ('amount', e.amount::text, s.amount::text)) AS d(name, here, staged)
WHERE d.here IS DISTINCT FROM d.staged
ORDER BY 2, 3 LIMIT %(most)s
