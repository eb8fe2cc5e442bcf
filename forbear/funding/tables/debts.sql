-- One row a borrower with open loans: how many, and how many of them are late.
-- Reads: open_loans.
-- Over: the whole book.
SELECT
    borrower_id,
    COUNT(*) AS loans,
    CAST(SUM(is_1) AS BIGINT) AS loans_1,
    CAST(SUM(is_30) AS BIGINT) AS loans_30,
    CAST(SUM(principal_outstanding) AS BIGINT) AS principal,
    CAST(SUM(principal_outstanding * is_1) AS BIGINT) AS principal_1,
    CAST(SUM(principal_outstanding * is_30) AS BIGINT) AS principal_30,
    CAST(SUM(principal_outstanding * is_90) AS BIGINT) AS principal_90
FROM open_loans
GROUP BY borrower_id
