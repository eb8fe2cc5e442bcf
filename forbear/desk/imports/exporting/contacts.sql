-- One row an attempt at contact up to the end of the day (UTC), as the book's table `contacts` has it. A contact whose
-- outcome is not known yet has the result `unknown`, which counts as everything a contact can be. Reads: contacts, loans.
SELECT
    c.contact_id, c.borrower_id, to_char(c.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
    c.channel, c.direction, coalesce(c.result, 'unknown') AS result, c.party, c.sender,
    CASE WHEN strpos(c.loan_id, '|') = 0 THEN c.loan_id END AS loan_id
FROM contacts AS c
WHERE c.at < (%(as_of)s::date + 1)::timestamp AT TIME ZONE 'UTC'
    AND (%(known_at)s::timestamptz IS NULL OR c.recorded_at <= %(known_at)s)
    AND EXISTS (SELECT FROM loans AS l WHERE l.borrower_id = c.borrower_id AND l.currency = %(currency)s)
