-- One row a loan and period between month ends in which it was not simply up to date at both: the buckets it came from
-- and went to (first bucket 0), and whether it was paid in full in between.
-- A loan that was paid in full when the period began came from nowhere.
-- Reads: bucket_at_ends, month_ends, aged, closed_spells.
SELECT
    c.loan_id,
    c.ends_on,
    MAX(c.begins_on) AS begins_on,
    MAX(c.from_order) AS from_order,
    MAX(c.to_order) AS to_order,
    MAX(c.closed) AS closed
FROM (
    SELECT b.loan_id, m.ends_on, m.begins_on, b.bucket_order AS from_order, 0 AS to_order, 0 AS closed
    FROM bucket_at_ends AS b
    JOIN month_ends AS m ON m.begins_on = b.ends_on
    UNION ALL
    SELECT b.loan_id, m.ends_on, m.begins_on, 0 AS from_order, b.bucket_order AS to_order, 0 AS closed
    FROM bucket_at_ends AS b
    JOIN month_ends AS m ON m.ends_on = b.ends_on
    UNION ALL
    SELECT s.loan_id, m.ends_on, m.begins_on, 0 AS from_order, 0 AS to_order, 1 AS closed
    FROM closed_spells AS s
    JOIN month_ends AS m
        ON m.month_number = YEAR(s.since_on) * 12 + MONTH(s.since_on) - 1
        AND s.since_on > m.begins_on
        AND s.before_on > m.ends_on
) AS c
SEMI JOIN aged AS d ON d.loan_id = c.loan_id AND d.disbursed_on <= c.begins_on
ANTI JOIN (
    SELECT w.loan_id, b.begins_on
    FROM closed_spells AS w
    JOIN month_ends AS b ON b.begins_on >= w.since_on AND b.begins_on < w.before_on
    WHERE w.before_on < $after
) AS shut ON shut.loan_id = c.loan_id AND shut.begins_on = c.begins_on
WHERE c.begins_on IS NOT NULL
GROUP BY c.loan_id, c.ends_on
