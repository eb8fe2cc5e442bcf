-- A row is a column in which a staged event differs from the act of the same id in the ledger.
-- Reads: {events} (staged), ledger_entries.
SELECT 'events' AS table, s.event_id AS key, d.name AS column, d.here, d.staged
FROM {events} s
JOIN ledger_entries e ON e.key = 'event:' || s.event_id
LEFT JOIN ledger_entries p ON p.entry_id = e.reverses
CROSS JOIN LATERAL (VALUES
    ('loan_id', e.loan_id, s.loan_id),
    ('kind', e.kind, s.kind),
    ('effective_on', e.effective_on::text, greatest(s.effective_on, p.effective_on)::text),
    ('until_on', e.facts ->> 'until_on', CASE s.kind WHEN 'pause' THEN s.until_on::text END),
    ('payment_id', p.cause, s.payment_id)) AS d(name, here, staged)
WHERE d.here IS DISTINCT FROM d.staged
ORDER BY 2, 3 LIMIT %(most)s
