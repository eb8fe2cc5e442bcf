-- Writes down what was not reserved: put off until next_at (state waiting), or ended; from arrays.
-- Writes: planned_contacts.
UPDATE planned_contacts AS p
SET state = w.state, next_at = coalesce(w.next_at, p.next_at), why = w.why, deferrals = p.deferrals + w.deferral,
    rules = CASE w.rules WHEN '' THEN '{}'::text[] ELSE string_to_array(w.rules, '|') END,
    ended_at = CASE w.state WHEN 'waiting' THEN NULL ELSE %(at)s::timestamptz END
FROM unnest(
    %(planned)s::bigint[], %(states)s::text[], %(next_at)s::timestamptz[], %(whys)s::text[], %(rules)s::text[],
    %(deferrals)s::smallint[]
) AS w (planned, state, next_at, why, rules, deferral)
WHERE p.planned_id = w.planned AND p.state = 'waiting'
