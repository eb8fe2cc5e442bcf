-- One row for borrowers' first loans and one for later ones, where borrowers name their first loan.
-- Reads: open_loans, borrowers.
-- Over: the whole book.
SELECT
    'first_loan' AS dimension,
    CASE WHEN b.first_loan = CAST(o.loan_id AS VARCHAR) THEN 'first' ELSE 'later' END AS trait,
    COUNT(*) AS loans,
    CAST(SUM(o.is_1) AS BIGINT) AS loans_1,
    CAST(SUM(o.is_30) AS BIGINT) AS loans_30,
    CAST(SUM(o.principal_outstanding) AS BIGINT) AS principal,
    CAST(SUM(o.principal_outstanding * o.is_1) AS BIGINT) AS principal_1,
    CAST(SUM(o.principal_outstanding * o.is_30) AS BIGINT) AS principal_30,
    CAST(SUM(o.principal_outstanding * o.is_90) AS BIGINT) AS principal_90
FROM open_loans AS o
JOIN borrowers AS b ON b.borrower_id = o.borrower_id
WHERE b.first_loan IS NOT NULL
GROUP BY CASE WHEN b.first_loan = CAST(o.loan_id AS VARCHAR) THEN 'first' ELSE 'later' END
