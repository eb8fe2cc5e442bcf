-- One row: how many borrowers have an open loan.
-- Reads: debts.
-- Over: the whole book.
SELECT COUNT(*) AS borrowers FROM debts
