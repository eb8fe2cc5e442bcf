-- One row a stretch of days on which what an uneven loan had paid stayed the same: from since_on up to the day before
-- before_on. The first stretch, with nothing paid, has since_on far in the past.
-- Reads: receipts, uneven.
SELECT
    loan_id,
    CAST(ROW_NUMBER() OVER (PARTITION BY loan_id ORDER BY since_on) AS INTEGER) AS stretch,
    since_on,
    LEAD(since_on, 1, $after) OVER (PARTITION BY loan_id ORDER BY since_on) AS before_on,
    CAST(SUM(amount) OVER (
        PARTITION BY loan_id ORDER BY since_on ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS BIGINT) AS paid
FROM (
    SELECT r.loan_id, r.moved_on AS since_on, SUM(r.amount) AS amount
    FROM receipts AS r
    SEMI JOIN uneven AS u ON u.loan_id = r.loan_id
    GROUP BY r.loan_id, r.moved_on
    UNION ALL
    SELECT loan_id, DATE '0001-01-01' AS since_on, 0 AS amount
    FROM uneven
) AS days
