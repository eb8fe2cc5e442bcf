-- One row a borrower who is looked at, in order of borrower_id: the features of learned values, as known on the as-of date.
-- Money in the major unit; days_since_contact is 999 where there was none.
-- Reads: decide_people, decide_attempts (borrower_id, days_ago).
SELECT
    p.borrower_id,
    CAST(p.dpd AS DOUBLE) AS dpd,
    CAST(p.at_stake AS DOUBLE) AS at_stake,
    CAST(p.pays_alone AS DOUBLE) AS pays_alone,
    CAST(LEN(p.loan_ids) AS DOUBLE) AS loans,
    CAST(COALESCE(c.contacts_7, 0) AS DOUBLE) AS contacts_7,
    CAST(COALESCE(c.contacts_30, 0) AS DOUBLE) AS contacts_30,
    CAST(COALESCE(c.days_since_contact, 999) AS DOUBLE) AS days_since_contact{own}
FROM decide_people AS p
LEFT JOIN (
    SELECT
        borrower_id,
        COUNT(*) FILTER (WHERE days_ago < 7) AS contacts_7,
        COUNT(*) FILTER (WHERE days_ago < 30) AS contacts_30,
        MIN(days_ago) AS days_since_contact
    FROM decide_attempts
    GROUP BY borrower_id
) AS c ON c.borrower_id = p.borrower_id{joined}
ORDER BY p.borrower_id
