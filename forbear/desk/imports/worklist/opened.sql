-- A row is a borrower in arrears who has no open case: one is opened, unless a later night has told of her since.
-- Reads: night_figures, cases.
INSERT INTO cases (case_id, borrower_id, opened_at, figures_as_of, dpd, bucket, arrears, outstanding, currency, priority)
SELECT gen_random_uuid()::text, n.borrower_id, %(at)s, %(as_of)s, n.dpd, n.bucket, n.arrears, n.outstanding,
       n.currency, n.arrears
FROM night_figures n
WHERE n.arrears > 0 AND NOT EXISTS (
    SELECT FROM cases c
    WHERE c.borrower_id = n.borrower_id AND (c.closed_at IS NULL OR c.figures_as_of > %(as_of)s))
