-- One row is a calendar month (UTC): complaints received from borrowers of the pool. Reads: complaints, loans.
SELECT to_char(c.received_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, count(*) AS complaints
FROM complaints AS c
WHERE c.received_at < (%(as_of)s::date + 1)::timestamp AT TIME ZONE 'UTC'
    AND EXISTS (
        SELECT FROM loans AS l WHERE l.borrower_id = c.borrower_id AND l.currency = %(currency)s
            AND (%(funder)s::text IS NULL OR l.funder_id = %(funder)s)
    )
GROUP BY 1
