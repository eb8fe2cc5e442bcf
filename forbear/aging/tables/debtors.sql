-- One row a borrower too much of whose debt is long past due, so that the rest of it is classified with it.
-- Reads: aged.
-- Over: the whole book, since a borrower's loans may lie far apart.
SELECT a.borrower_id
FROM aged AS a
SEMI JOIN (
    SELECT borrower_id FROM aged WHERE dpd > $contagion_over AND principal_outstanding > 0
) AS bad ON bad.borrower_id = a.borrower_id
GROUP BY a.borrower_id
HAVING
    SUM(CASE WHEN a.dpd > $contagion_over THEN CAST(a.principal_outstanding AS DECIMAL(38, 0)) ELSE 0 END) * 1000000
    > SUM(CAST(a.principal_outstanding AS DECIMAL(38, 0))) * $contagion_share
