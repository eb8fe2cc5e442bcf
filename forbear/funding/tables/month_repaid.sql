-- One row a calendar month: principal paid in it; what was paid before the loan was disbursed counts on that day.
-- Parts of a book add up.
-- Reads: repaid, early_repaid.
SELECT
    YEAR(moved_on) * 12 + MONTH(moved_on) - 1 AS month_number,
    CAST(SUM(principal) AS BIGINT) AS principal
FROM (
    SELECT moved_on, principal FROM repaid
    UNION ALL
    SELECT moved_on, -principal AS principal FROM early_repaid
    UNION ALL
    SELECT disbursed_on AS moved_on, principal FROM early_repaid
) AS moved
GROUP BY YEAR(moved_on) * 12 + MONTH(moved_on) - 1
