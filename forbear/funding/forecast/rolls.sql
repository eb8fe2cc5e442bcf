-- One row is the end of a period, a range of days past due and the range that loans stood in one period later (NULL: they
-- owed nothing more): what they owed at first, and what of it at last.
-- Reads: funding.standing, funding.ranges. Money in minor units.
SELECT
    a.n AS origin,
    f.bucket AS from_bucket,
    t.bucket AS to_bucket,
    CAST(sum(a.unpaid) AS BIGINT) AS owed,
    CAST(sum(coalesce(b.unpaid, 0)) AS BIGINT) AS left_owed,
    count(*) AS loans
FROM funding.standing AS a
JOIN funding.ranges AS f ON a.dpd BETWEEN f.days_from AND f.days_to
LEFT JOIN funding.standing AS b ON b.loan_id = a.loan_id AND b.n = a.n + 1
LEFT JOIN funding.ranges AS t ON b.dpd BETWEEN t.days_from AND t.days_to
WHERE a.n < 0
GROUP BY ALL
