-- One row a calendar month: what fell due in it, before the as-of date. Parts of a book add up.
-- Reads: installments.
SELECT
    YEAR(due_on) * 12 + MONTH(due_on) - 1 AS month_number,
    COUNT(*) AS installments,
    CAST(SUM(principal_due + interest_due + fees_due) AS BIGINT) AS due
FROM installments
WHERE due_on < $as_of
GROUP BY YEAR(due_on) * 12 + MONTH(due_on) - 1
