-- One row a loan with pairs: how many are to the cent, their principal, and the one that is not (odd).
-- Reads: pairs.
SELECT
    loan_id,
    COUNT(*) AS pairs,
    CAST(SUM(CASE WHEN is_exact THEN 1 ELSE 0 END) AS BIGINT) AS exact,
    CAST(SUM(CASE WHEN is_exact THEN principal_due ELSE 0 END) AS BIGINT) AS exact_principal,
    MAX(CASE WHEN NOT is_exact THEN number END) AS odd_number,
    MAX(CASE WHEN NOT is_exact THEN amount END) AS odd_amount,
    MAX(CASE WHEN NOT is_exact THEN principal_due END) AS odd_principal,
    MAX(CASE WHEN NOT is_exact THEN interest_due END) AS odd_interest,
    MAX(CASE WHEN NOT is_exact THEN fees_due END) AS odd_fees
FROM pairs
GROUP BY loan_id
