-- A row is a staged event that differs from the event of the same id at the desk. Reads: {events} (staged), loan_events.
SELECT 'events' AS table, s.event_id AS key, d.name AS column, d.here, d.staged
FROM {events} s JOIN loan_events e USING (event_id)
CROSS JOIN LATERAL (VALUES
    ('loan_id', e.loan_id, s.loan_id),
    ('kind', e.kind, s.kind),
    ('effective_on', e.effective_on::text, s.effective_on::text),
    ('until_on', e.until_on::text, s.until_on::text),
    ('payment_id', e.payment_id, s.payment_id)) AS d(name, here, staged)
WHERE d.here IS DISTINCT FROM d.staged
ORDER BY 2, 3 LIMIT %(most)s
