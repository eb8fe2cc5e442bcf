-- A row is the agent whom complaints of a period are about, or everybody.
-- Reads: complaints, by its index on received_at.
SELECT about_id AS by_id, NULL AS strategy, GROUPING(about_id) = 1 AS everybody, count(*) AS complaints,
    count(*) FILTER (WHERE answered_at IS NULL) AS unanswered
FROM complaints
WHERE received_at >= %(since)s AND received_at < %(until)s
GROUP BY GROUPING SETS ((about_id), ())
