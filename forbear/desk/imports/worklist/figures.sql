-- A row is a borrower with a loan that is open, or overdue, in accounts.parquet; money in minor units. DuckDB's.
-- Her bucket is that of her latest loan. Reads: accounts.
SELECT
    CAST(borrower_id AS VARCHAR),
    max(dpd),
    arg_max(bucket, dpd),
    CAST(sum(arrears_total) * {unit} AS BIGINT),
    CAST(sum(principal_outstanding) * {unit} AS BIGINT),
    '{currency}'
FROM accounts
WHERE status IN ('not_due', 'current', 'overdue')
GROUP BY 1
