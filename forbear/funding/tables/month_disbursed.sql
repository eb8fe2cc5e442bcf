-- One row a month of disbursal: loans, principal, and those whose first payment failed or could have. Parts add up.
-- Reads: aged.
SELECT
    YEAR(disbursed_on) * 12 + MONTH(disbursed_on) - 1 AS month_number,
    COUNT(*) AS loans,
    CAST(SUM(principal) AS BIGINT) AS principal,
    CAST(SUM(CASE WHEN DATE_DIFF('day', first_due_on, $as_of) >= $first_payment_days THEN 1 ELSE 0 END) AS BIGINT)
        AS seen_loans,
    CAST(SUM(CASE WHEN DATE_DIFF('day', first_due_on, $as_of) >= $first_payment_days THEN principal ELSE 0 END)
        AS BIGINT) AS seen_principal,
    CAST(SUM(CASE WHEN first_payment_default THEN 1 ELSE 0 END) AS BIGINT) AS failed_loans,
    CAST(SUM(CASE WHEN first_payment_default THEN principal ELSE 0 END) AS BIGINT) AS failed_principal
FROM aged
WHERE disbursed_on <= $as_of
GROUP BY YEAR(disbursed_on) * 12 + MONTH(disbursed_on) - 1
