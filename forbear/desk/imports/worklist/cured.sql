-- A row is an open case whose borrower owes nothing overdue any more: it is closed, because she is cured.
-- Reads: night_figures, cases.
UPDATE cases c SET closed_at = %(at)s, closed_because = 'cured', claimed_by_id = NULL, claimed_until = NULL,
    figures_as_of = %(as_of)s, dpd = 0, arrears = 0, bucket = coalesce(n.bucket, ''), outstanding = coalesce(n.outstanding, 0)
FROM cases o LEFT JOIN night_figures n ON n.borrower_id = o.borrower_id
WHERE c.case_id = o.case_id AND c.closed_at IS NULL AND coalesce(n.arrears, 0) = 0
  AND (c.figures_as_of IS NULL OR c.figures_as_of <= %(as_of)s)
