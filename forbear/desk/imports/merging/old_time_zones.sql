-- A row is a person's earlier time zone, which ends now because the book names another.
-- Reads: {borrowers} (staged), facts.
UPDATE facts f SET until = %(at)s
FROM {borrowers} b
WHERE f.borrower_id = b.borrower_id AND f.fact = 'time_zone' AND f.until IS NULL
  AND f.number IS NULL AND f.loan_id IS NULL AND f.value IS DISTINCT FROM b.time_zone AND b.time_zone IS NOT NULL
