-- A row is an agent, or a strategy, or everybody: cases that were cured in a period. A cure is put down to the agent who
-- last reached out to the borrower in the 30 days before; it is no proof that the contact brought it about.
-- Reads: cases, by its index on closed_at; contacts, by its index on (borrower, at).
SELECT l.by_id, CASE WHEN GROUPING(c.strategy) = 0 THEN c.strategy END AS strategy,
    GROUPING(l.by_id, c.strategy) = 3 AS everybody, count(*) AS cures
FROM cases c LEFT JOIN LATERAL (
    SELECT by_id FROM contacts k
    WHERE k.borrower_id = c.borrower_id AND k.at <= c.closed_at AND k.at > c.closed_at - interval '30 days'
      AND k.direction = 'out' AND k.by_id IS NOT NULL
    ORDER BY k.at DESC LIMIT 1) l ON true
WHERE c.closed_at >= %(since)s AND c.closed_at < %(until)s AND c.closed_because = 'cured'
GROUP BY GROUPING SETS ((l.by_id), (c.strategy), ())
