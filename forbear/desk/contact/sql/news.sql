-- Applies news of attempts, from arrays; a better-known result replaces a lesser one, never the other way round.
-- An attempt whose outcome was open, or that was thought not to have left, is known to have left by it.
-- One row an attempt that changed. Writes: contact_attempts, contacts, planned_contacts.
WITH told AS (
    SELECT DISTINCT ON (w.attempt) w.* FROM unnest(
        %(attempts)s::text[], %(results)s::text[], %(ranks)s::smallint[], %(states)s::text[]
    ) AS w (attempt, result, rank, state)
    ORDER BY w.attempt, w.rank DESC
), contact AS (
    UPDATE contacts AS c SET result = w.result
    FROM told AS w
    WHERE c.contact_id = w.attempt AND w.rank > coalesce((%(rank_of)s::jsonb ->> coalesce(c.result, ''))::smallint, 0)
    RETURNING c.contact_id
), attempt AS (
    UPDATE contact_attempts AS a
    SET state = w.state, sent_at = coalesce(a.sent_at, a.reserved_at), ended_at = %(at)s
    FROM told AS w
    WHERE a.attempt_id = w.attempt
        AND (a.state IN ('reserved', 'unknown', 'sent', 'refused', 'not_sent')
            OR a.state = 'undelivered' AND w.state = 'delivered')
    RETURNING a.attempt_id, a.planned_id
)
UPDATE planned_contacts AS p SET state = 'sent', ended_at = coalesce(p.ended_at, %(at)s)
FROM attempt AS a
WHERE p.planned_id = a.planned_id AND p.state IN ('reserved', 'unknown', 'waiting', 'failed')
RETURNING a.attempt_id
