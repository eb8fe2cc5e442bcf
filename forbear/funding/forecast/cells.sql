-- One row is an origin (the end of a period), a cell and how many periods later money came (NULL: later than looked at, or
-- not yet): the money, and the principal in it. A cell is the installment's due period less the origin, and the range of
-- days past due that its loan stood in at the origin.
-- Reads: funding.chunks, funding.standing, funding.ranges (bucket, days_from, days_to). Money in minor units.
SELECT
    s.n AS origin,
    least(greatest(c.due_n - s.n, $oldest), $latest) AS due_in,
    r.bucket,
    CASE WHEN c.paid_n - s.n <= $horizon THEN c.paid_n - s.n END AS later,
    CAST(sum(c.amount) AS BIGINT) AS amount,
    CAST(sum(c.principal) AS BIGINT) AS principal,
    CAST(sum(CASE WHEN c.is_extra THEN c.amount ELSE 0 END) AS BIGINT) AS extra
FROM funding.standing AS s
JOIN funding.ranges AS r ON s.dpd BETWEEN r.days_from AND r.days_to
JOIN funding.chunks AS c ON c.loan_id = s.loan_id AND (c.paid_n IS NULL OR c.paid_n > s.n)
GROUP BY ALL
