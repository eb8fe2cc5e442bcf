-- One row a calendar month: money received in it, and money received earlier or then that was undone in it.
-- Parts of a book add up.
-- Reads: receipts.
SELECT
    YEAR(moved_on) * 12 + MONTH(moved_on) - 1 AS month_number,
    CAST(SUM(CASE WHEN amount >= 0 THEN 1 ELSE 0 END) AS BIGINT) AS payments,
    CAST(SUM(CASE WHEN amount > 0 THEN amount ELSE 0 END) AS BIGINT) AS received,
    CAST(SUM(CASE WHEN amount < 0 THEN -amount ELSE 0 END) AS BIGINT) AS undone
FROM receipts
GROUP BY YEAR(moved_on) * 12 + MONTH(moved_on) - 1
