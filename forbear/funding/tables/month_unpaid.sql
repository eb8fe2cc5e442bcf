-- One row a calendar month: what of the installments due in it is overdue as of the date. Parts of a book add up.
-- Reads: late.
SELECT
    YEAR(due_on) * 12 + MONTH(due_on) - 1 AS month_number,
    CAST(SUM(unpaid_principal + unpaid_interest + unpaid_fees) AS BIGINT) AS unpaid
FROM late
WHERE before_on = $after
GROUP BY YEAR(due_on) * 12 + MONTH(due_on) - 1
