-- One row a loan: all of `aged`, and whether so much of the borrower's other debt is long past due that it draws this one along.
-- Reads: aged, debtors.
-- Over: the whole book.
-- Kept as: view
SELECT
    a.*,
    d.borrower_id IS NOT NULL AS drawn
FROM aged AS a
LEFT JOIN debtors AS d ON d.borrower_id = a.borrower_id
