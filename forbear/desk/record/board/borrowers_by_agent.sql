-- A row is an agent: borrowers of hers in outward contacts of a period, each once.
-- Reads: contacts, by its index on (at, by) of outward ones.
SELECT by_id, NULL AS strategy, false AS everybody, count(*) AS borrowers
FROM (
    SELECT DISTINCT by_id, borrower_id FROM contacts WHERE at >= %(since)s AND at < %(until)s AND direction = 'out'
) AS met
GROUP BY by_id
