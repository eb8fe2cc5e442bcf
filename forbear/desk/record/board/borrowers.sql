-- The row is everybody: borrowers in outward contacts of a period, each once.
-- Reads: contacts, by its index on (at, by) of outward ones.
SELECT NULL::integer AS by_id, NULL AS strategy, true AS everybody, count(*) AS borrowers
FROM (
    SELECT DISTINCT borrower_id FROM contacts WHERE at >= %(since)s AND at < %(until)s AND direction = 'out'
) AS met
