-- A row is a borrower of the night's results whom the desk does not know. Reads: night_figures, borrowers.
SELECT n.borrower_id FROM night_figures n
WHERE n.arrears > 0 AND NOT EXISTS (SELECT FROM borrowers b WHERE b.borrower_id = n.borrower_id)
ORDER BY 1 LIMIT 5
