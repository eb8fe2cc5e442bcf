-- One row a loan that takes the general way: payments in parts, ahead, over, reversed, or dates out of order.
-- Reads: owed, received, regular.
SELECT
    o.loan_id,
    o.total_due,
    COALESCE(r.paid_total, 0) AS paid_total
FROM owed AS o
LEFT JOIN received AS r ON r.loan_id = o.loan_id
ANTI JOIN regular AS g ON g.loan_id = o.loan_id
