-- One row is a range of days past due at a month end and the range a month later (NULL: nothing was owed any more): loans,
-- over the last so many month ends.
-- Reads: funding.standing, funding.ranges.
SELECT f.bucket AS from_bucket, t.bucket AS to_bucket, count(*) AS loans
FROM funding.standing AS a
JOIN funding.ranges AS f ON a.dpd BETWEEN f.days_from AND f.days_to
LEFT JOIN funding.standing AS b ON b.loan_id = a.loan_id AND b.n = a.n + 1
LEFT JOIN funding.ranges AS t ON b.dpd BETWEEN t.days_from AND t.days_to
WHERE a.n < 0 AND a.n >= -$months
GROUP BY ALL
