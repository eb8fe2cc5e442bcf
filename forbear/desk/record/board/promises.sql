-- A row is an agent, or a strategy, or everybody: promises made in a period, and what has become of them by now.
-- The strategy is that of the contact in which the promise was made.
-- Reads: promises, by its index on made_at.
SELECT made_by_id AS by_id, CASE WHEN GROUPING(strategy) = 0 THEN coalesce(strategy, '') END AS strategy,
    GROUPING(made_by_id, strategy) = 3 AS everybody, count(*) AS promises,
    count(*) FILTER (WHERE state IN ('kept', 'part_kept')) AS kept,
    count(*) FILTER (WHERE state = 'broken') AS broken
FROM promises
WHERE made_at >= %(since)s AND made_at < %(until)s
GROUP BY GROUPING SETS ((made_by_id), (strategy), ())
