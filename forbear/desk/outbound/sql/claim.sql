-- A row is a delivery that is taken to be sent now: due, and the first of its lane that has not arrived, so that no later
-- event overtakes it. Who takes it holds it by a lease; nobody waits for another's (SKIP LOCKED), and a lease that ran
-- out, because its holder was killed, is anyone's. Reads: webhook_deliveries, webhook_events.
WITH heads AS (
    SELECT d.webhook_id, d.event_id
    FROM webhook_deliveries AS d
    WHERE d.webhook_id = %(webhook)s AND d.state = 'waiting' AND d.due_at <= %(at)s
        AND (d.leased_until IS NULL OR d.leased_until <= %(at)s)
        AND NOT EXISTS (
            SELECT FROM webhook_deliveries AS earlier
            WHERE earlier.webhook_id = d.webhook_id AND earlier.lane = d.lane AND earlier.event_id < d.event_id
                AND earlier.state IN ('waiting', 'stuck')
        )
    ORDER BY d.due_at, d.event_id
    LIMIT %(most)s
    FOR UPDATE SKIP LOCKED
)
UPDATE webhook_deliveries AS d
SET leased_until = %(lease)s, attempts = d.attempts + 1, last_tried_at = %(at)s,
    first_tried_at = coalesce(d.first_tried_at, %(at)s)
FROM heads, webhook_events AS e
WHERE d.webhook_id = heads.webhook_id AND d.event_id = heads.event_id AND e.event_id = d.event_id
RETURNING d.event_id, d.attempts, d.first_tried_at, e.message_id, e.kind, e.at, e.data
