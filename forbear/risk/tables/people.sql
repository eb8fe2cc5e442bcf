-- One row a borrower and day that a moment looks at.
-- Reads: subjects.
SELECT DISTINCT borrower_id, as_of FROM subjects
