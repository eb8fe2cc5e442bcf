-- One row a calendar month: loans paid in full in it, less those opened again, and the principal they left unasked. A
-- loan closed before it was disbursed closes on that day. Parts of a book add up.
-- Reads: closed_spells.
SELECT
    YEAR(moved_on) * 12 + MONTH(moved_on) - 1 AS month_number,
    CAST(SUM(loans) AS BIGINT) AS loans,
    CAST(SUM(principal) AS BIGINT) AS principal
FROM (
    SELECT GREATEST(since_on, disbursed_on) AS moved_on, 1 AS loans, principal
    FROM closed_spells
    UNION ALL
    SELECT GREATEST(before_on, disbursed_on) AS moved_on, -1 AS loans, -principal AS principal
    FROM closed_spells
    WHERE before_on < $after
) AS moved
GROUP BY YEAR(moved_on) * 12 + MONTH(moved_on) - 1
