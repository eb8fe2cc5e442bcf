-- One row an open loan: what it owes and how late it is.
-- Reads: aged.
SELECT
    loan_id,
    borrower_id,
    principal_outstanding,
    CASE WHEN dpd >= 1 THEN 1 ELSE 0 END AS is_1,
    CASE WHEN dpd >= 30 THEN 1 ELSE 0 END AS is_30,
    CASE WHEN dpd >= 90 THEN 1 ELSE 0 END AS is_90
FROM aged
WHERE status IN ('not_due', 'current', 'overdue')
