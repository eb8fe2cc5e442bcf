-- One row a day that a moment looks at.
-- Reads: subjects.
SELECT DISTINCT as_of FROM subjects
