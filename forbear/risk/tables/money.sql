-- One row a subject that received money: how much, how often, how lately.
-- Reads: seen_movements.
SELECT
    loan_id,
    as_of,
    CAST(SUM(amount) AS BIGINT) AS paid_total,
    CAST(SUM(CASE WHEN amount > 0 THEN 1 ELSE 0 END) AS BIGINT) AS receipts,
    CAST(SUM(CASE WHEN amount > 0 AND moved_on > DAYS_AFTER(as_of, -30) THEN amount ELSE 0 END) AS BIGINT) AS paid_30d,
    CAST(SUM(CASE WHEN amount > 0 AND moved_on > DAYS_AFTER(as_of, -60) THEN 1 ELSE 0 END) AS BIGINT) AS receipts_60d,
    CAST(SUM(CASE WHEN amount < 0 THEN 1 ELSE 0 END) AS BIGINT) AS reversals,
    MAX(CASE WHEN amount > 0 THEN moved_on END) AS last_received_on,
    CAST(SUM(CASE WHEN amount > 0 AND installment_number IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS unnumbered,
    COUNT(DISTINCT source) AS sources
FROM seen_movements
GROUP BY loan_id, as_of
