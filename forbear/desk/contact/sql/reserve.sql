-- Writes one attempt for each cleared contact, and marks its planned contact as reserved; from arrays.
-- Writes: contact_attempts, planned_contacts.
WITH made AS (
    INSERT INTO contact_attempts (
        attempt_id, planned_id, provider, reserved_at, lease_until, rules_id, language, parts, cost
    )
    SELECT w.attempt, w.planned, %(provider)s, %(at)s, clock_timestamp() + make_interval(secs => %(lease)s), w.rules,
        w.language, w.parts, w.cost
    FROM unnest(
        %(attempts)s::text[], %(planned)s::bigint[], %(rules)s::text[], %(languages)s::text[], %(parts)s::smallint[],
        %(costs)s::bigint[]
    ) AS w (attempt, planned, rules, language, parts, cost)
)
UPDATE planned_contacts SET state = 'reserved', why = '', rules = '{}'
WHERE planned_id = ANY(%(planned)s)
