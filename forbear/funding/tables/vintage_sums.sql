-- One row a month of disbursal, a threshold and a month on book: loans that first reached the threshold then, and the
-- principal they were lent. Parts of a book add up.
-- Reads: reached, aged.
SELECT
    YEAR(a.disbursed_on) * 12 + MONTH(a.disbursed_on) - 1 AS month_number,
    r.dpd,
    YEAR(r.reached_on) * 12 + MONTH(r.reached_on) - (YEAR(a.disbursed_on) * 12 + MONTH(a.disbursed_on)) AS mob,
    COUNT(*) AS loans,
    CAST(SUM(a.principal) AS BIGINT) AS principal
FROM reached AS r
JOIN aged AS a ON a.loan_id = r.loan_id
WHERE a.disbursed_on <= $as_of
GROUP BY
    YEAR(a.disbursed_on) * 12 + MONTH(a.disbursed_on) - 1,
    r.dpd,
    YEAR(r.reached_on) * 12 + MONTH(r.reached_on) - (YEAR(a.disbursed_on) * 12 + MONTH(a.disbursed_on))
