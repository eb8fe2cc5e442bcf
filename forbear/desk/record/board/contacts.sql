-- A row is an agent, or a strategy, or (both empty) everybody: outward contacts of a period. A right-party contact is a
-- call in which the borrower spoke. Inward contacts and those that programs sent (no agent) count for strategies alone.
-- Reads: contacts, by its index on (at, by).
SELECT by_id, CASE WHEN GROUPING(strategy) = 0 THEN coalesce(strategy, '') END AS strategy, GROUPING(by_id, strategy) = 3 AS everybody,
    count(*) AS contacts,
    count(*) FILTER (WHERE channel IN ('call', 'voice')) AS calls,
    count(*) FILTER (WHERE channel IN ('call', 'voice') AND coalesce(party, 'borrower') = 'borrower'
        AND result IN ('conversation', 'connected', 'answered', 'promise', 'refused')) AS right_party,
    count(DISTINCT borrower_id) AS borrowers
FROM contacts
WHERE at >= %(since)s AND at < %(until)s AND direction = 'out'
GROUP BY GROUPING SETS ((by_id), (strategy), ())
