-- A row is a staged contact that differs from the contact of the same id at the desk.
-- A result that the desk had not yet heard is no conflict. Reads: {contacts} (staged), contacts.
SELECT 'contacts' AS table, s.contact_id AS key, d.name AS column, d.here, d.staged
FROM {contacts} s JOIN contacts c USING (contact_id)
CROSS JOIN LATERAL (VALUES
    ('borrower_id', c.borrower_id, s.borrower_id),
    ('at', c.at::text, s.at::text),
    ('channel', c.channel, s.channel),
    ('direction', c.direction, s.direction)) AS d(name, here, staged)
WHERE d.here IS DISTINCT FROM d.staged
ORDER BY 2, 3 LIMIT %(most)s
