-- Writes down what became of attempts: the attempt, its contact's result, its planned contact; from arrays.
-- An attempt that a receipt has settled already keeps what the receipt said.
-- Writes: contact_attempts, contacts, planned_contacts.
WITH told AS (
    SELECT * FROM unnest(
        %(attempts)s::text[], %(states)s::text[], %(refs)s::text[], %(whys)s::text[], %(results)s::text[],
        %(planned_states)s::text[], %(next_at)s::timestamptz[], %(tries)s::smallint[], %(tried)s::text[]
    ) AS w (attempt, state, ref, why, result, planned_state, next_at, tries, tried)
), attempt AS (
    UPDATE contact_attempts AS a
    SET state = CASE WHEN a.state IN ('reserved', 'unknown') THEN w.state ELSE a.state END,
        provider_ref = CASE w.ref WHEN '' THEN a.provider_ref ELSE w.ref END,
        why = w.why,
        sent_at = CASE w.state WHEN 'sent' THEN %(at)s::timestamptz ELSE a.sent_at END,
        ended_at = CASE WHEN w.state IN ('refused', 'not_sent') THEN %(at)s::timestamptz ELSE a.ended_at END
    FROM told AS w
    WHERE a.attempt_id = w.attempt
    RETURNING a.attempt_id, a.planned_id, a.state = w.state AS settled_here
), contact AS (
    UPDATE contacts AS c SET result = w.result
    FROM told AS w JOIN attempt AS a ON a.attempt_id = w.attempt AND a.settled_here
    WHERE c.contact_id = w.attempt AND c.result IS NULL AND w.result <> ''
)
UPDATE planned_contacts AS p
SET state = w.planned_state, next_at = coalesce(w.next_at, p.next_at), why = w.why, tries = w.tries,
    tried = CASE w.tried WHEN '' THEN '{}'::text[] ELSE string_to_array(w.tried, '|') END,
    ended_at = CASE WHEN w.planned_state IN ('waiting', 'unknown') THEN NULL ELSE %(at)s::timestamptz END
FROM told AS w JOIN attempt AS a ON a.attempt_id = w.attempt AND a.settled_here
WHERE p.planned_id = a.planned_id AND p.state IN ('reserved', 'unknown')
