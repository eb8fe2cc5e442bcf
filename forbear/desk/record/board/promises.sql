-- A row is an agent, or a strategy, or everybody: promises made in a period, and what has become of them by now.
-- The strategy is that of the contact in which the promise was made.
-- Reads: promises, by its index on made_at; contacts, by key.
SELECT p.made_by_id AS by_id, CASE WHEN GROUPING(c.strategy) = 0 THEN coalesce(c.strategy, '') END AS strategy, GROUPING(p.made_by_id, c.strategy) = 3 AS everybody,
    count(*) AS promises,
    count(*) FILTER (WHERE p.state IN ('kept', 'part_kept')) AS kept,
    count(*) FILTER (WHERE p.state = 'broken') AS broken
FROM promises p LEFT JOIN contacts c ON c.contact_id = p.contact_id
WHERE p.made_at >= %(since)s AND p.made_at < %(until)s
GROUP BY GROUPING SETS ((p.made_by_id), (c.strategy), ())
