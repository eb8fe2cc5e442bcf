-- A row is a person of the staged book; people who only stand on a loan are borrowers too.
-- Reads: {borrowers}, {loans} (staged). What the book says of a known person replaces what the desk had from a book.
INSERT INTO borrowers (borrower_id, time_zone, language, region, birth_year, first_loan, features)
SELECT borrower_id, time_zone, language, region, birth_year, first_loan, features FROM {borrowers}
UNION ALL
SELECT DISTINCT l.borrower_id, NULL, NULL, NULL, NULL::smallint, NULL, '{{}}'::jsonb
FROM {loans} l WHERE NOT EXISTS (SELECT FROM {borrowers} b WHERE b.borrower_id = l.borrower_id)
ON CONFLICT (borrower_id) DO UPDATE SET
    time_zone = coalesce(EXCLUDED.time_zone, borrowers.time_zone),
    language = coalesce(EXCLUDED.language, borrowers.language),
    region = coalesce(EXCLUDED.region, borrowers.region),
    birth_year = coalesce(EXCLUDED.birth_year, borrowers.birth_year),
    first_loan = coalesce(EXCLUDED.first_loan, borrowers.first_loan),
    features = borrowers.features || EXCLUDED.features
WHERE (EXCLUDED.time_zone, EXCLUDED.language, EXCLUDED.region, EXCLUDED.birth_year, EXCLUDED.first_loan)
        IS DISTINCT FROM
      (borrowers.time_zone, borrowers.language, borrowers.region, borrowers.birth_year, borrowers.first_loan)
   OR NOT borrowers.features @> EXCLUDED.features
