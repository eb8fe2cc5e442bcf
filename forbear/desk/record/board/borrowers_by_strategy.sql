-- A row is a strategy: borrowers in its outward contacts of a period, each once.
-- Reads: contacts, by its index on (at, by) of outward ones.
SELECT NULL::integer AS by_id, coalesce(strategy, '') AS strategy, false AS everybody, count(*) AS borrowers
FROM (
    SELECT DISTINCT strategy, borrower_id FROM contacts WHERE at >= %(since)s AND at < %(until)s AND direction = 'out'
) AS met
GROUP BY strategy
