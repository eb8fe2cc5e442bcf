-- Writes one row a wish into the outbox, from arrays; a wish whose key is there already changes nothing.
-- Writes: planned_contacts.
INSERT INTO planned_contacts (
    key, borrower_id, channel, purpose, loan_id, template_version, body, facts, not_before, wanted_until, next_at, cause,
    by_id
)
SELECT w.key, w.borrower, w.channel, w.purpose, w.loan, w.template, w.body, w.facts, w.begins, w.ends, w.begins, w.cause,
    %(by)s::bigint
FROM unnest(
    %(keys)s::text[], %(borrowers)s::text[], %(channels)s::text[], %(purposes)s::text[], %(loans)s::text[],
    %(templates)s::bigint[], %(bodies)s::text[], %(facts)s::jsonb[], %(not_before)s::timestamptz[],
    %(wanted_until)s::timestamptz[], %(causes)s::text[]
) AS w (key, borrower, channel, purpose, loan, template, body, facts, begins, ends, cause)
ON CONFLICT (key) DO NOTHING
