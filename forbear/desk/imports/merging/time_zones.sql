-- A row is a person's time zone as a fact of the gate, where the book names one that the facts do not have.
-- Reads: {borrowers} (staged), facts.
INSERT INTO facts (borrower_id, fact, value, since)
SELECT b.borrower_id, 'time_zone', b.time_zone, %(at)s
FROM {borrowers} b
WHERE b.time_zone IS NOT NULL AND NOT EXISTS (
    SELECT FROM facts f
    WHERE f.borrower_id = b.borrower_id AND f.fact = 'time_zone' AND f.value = b.time_zone AND f.until IS NULL)
