-- One row a loan that ever received money: what it came to, in how many movements.
-- Reads: receipts.
SELECT
    loan_id,
    COUNT(*) AS receipts,
    CAST(SUM(amount) AS BIGINT) AS paid_total,
    MIN(amount) AS least_amount,
    MIN(moved_on) AS first_moved_on,
    MAX(CASE WHEN amount >= 0 THEN moved_on END) AS last_paid_on
FROM receipts
GROUP BY loan_id
