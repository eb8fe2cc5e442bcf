-- A row is an agent, or a strategy, or (both empty) everybody: outward contacts of a period. A right-party contact is a
-- call in which the borrower spoke. Inward contacts and those that programs sent (no agent) count for strategies alone.
-- Reads: contacts, by its index on (at, by) of outward ones.
SELECT by_id, CASE WHEN GROUPING(strategy) = 0 THEN coalesce(strategy, '') END AS strategy, GROUPING(by_id, strategy) = 3 AS everybody,
    coalesce(sum(contacts), 0)::bigint AS contacts, coalesce(sum(calls), 0)::bigint AS calls,
    coalesce(sum(right_party), 0)::bigint AS right_party
FROM (
    SELECT by_id, strategy, count(*) AS contacts,
        count(*) FILTER (WHERE channel IN ('call', 'voice')) AS calls,
        count(*) FILTER (WHERE channel IN ('call', 'voice') AND coalesce(party, 'borrower') = 'borrower'
            AND result IN ('conversation', 'connected', 'answered', 'promise', 'refused')) AS right_party
    FROM contacts
    WHERE at >= %(since)s AND at < %(until)s AND direction = 'out'
    GROUP BY by_id, strategy
) AS each
GROUP BY GROUPING SETS ((by_id), (strategy), ())
