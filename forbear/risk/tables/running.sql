-- One row a movement of money, with what the loan had paid by then.
-- Reads: movements.
-- Known: moved_on
SELECT
    loan_id,
    moved_on,
    CAST(SUM(amount) OVER (
        PARTITION BY loan_id ORDER BY moved_on ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS BIGINT) AS paid
FROM movements
