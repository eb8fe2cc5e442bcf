-- One row an attempt whose worker said nothing until its lease was over and no longer holds the borrower's lock: it is
-- taken for unknown. Reads: planned_contacts. Writes: contact_attempts, planned_contacts.
WITH dead AS (
    SELECT a.attempt_id, a.planned_id
    FROM contact_attempts AS a
    JOIN planned_contacts AS p USING (planned_id)
    WHERE a.state = 'reserved' AND a.lease_until < clock_timestamp()
        AND pg_try_advisory_xact_lock(%(space)s, hashtext(p.borrower_id))
    ORDER BY a.lease_until
    LIMIT %(most)s
    FOR NO KEY UPDATE OF a SKIP LOCKED
), attempt AS (
    UPDATE contact_attempts AS a SET state = 'unknown', why = 'its worker was gone'
    FROM dead AS d WHERE a.attempt_id = d.attempt_id AND a.state = 'reserved'
    RETURNING a.attempt_id, a.planned_id
)
UPDATE planned_contacts AS p SET state = 'unknown', why = 'its worker was gone'
FROM attempt AS a WHERE p.planned_id = a.planned_id AND p.state = 'reserved'
RETURNING a.attempt_id
