-- One row an attempt of a provider whose outcome is unknown and was not asked for in the last %(pause)s seconds, with
-- the columns of its planned contact; marked as asked. Reads: planned_contacts. Writes: contact_attempts.
WITH asked AS (
    UPDATE contact_attempts AS a SET asked_at = clock_timestamp()
    WHERE a.attempt_id IN (
        SELECT attempt_id FROM contact_attempts
        WHERE provider = %(provider)s AND state = 'unknown' AND lease_until < clock_timestamp()
            AND (asked_at IS NULL OR asked_at < clock_timestamp() - make_interval(secs => %(pause)s))
        ORDER BY lease_until
        LIMIT %(most)s
        FOR NO KEY UPDATE SKIP LOCKED
    )
    RETURNING a.attempt_id, a.planned_id
)
SELECT k.attempt_id, p.planned_id, p.borrower_id, p.channel, p.purpose, p.loan_id, p.template_version, p.body, p.facts,
    p.wanted_until, p.tries, p.tried, p.deferrals, p.cause
FROM asked AS k JOIN planned_contacts AS p USING (planned_id)
