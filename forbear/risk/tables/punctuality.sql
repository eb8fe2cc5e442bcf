-- One row a product, month of disbursal and due date: installments due, and those not paid on that day. Whether one was
-- paid by its due date is known when the day is over.
-- Reads: done, loans, borrowers.
-- Known: due_on
SELECT
    COALESCE(l.product, '') AS product,
    COALESCE(b.region, '') AS region,
    CAST(YEAR(l.disbursed_on) * 12 + MONTH(l.disbursed_on) AS INTEGER) AS vintage,
    d.due_on,
    COUNT(*) AS dues,
    CAST(SUM(CASE WHEN d.done_on <= d.due_on THEN 0 ELSE 1 END) AS BIGINT) AS lates
FROM done AS d
JOIN loans AS l ON l.loan_id = d.loan_id
LEFT JOIN borrowers AS b ON b.borrower_id = l.borrower_id
GROUP BY 1, 2, 3, 4
