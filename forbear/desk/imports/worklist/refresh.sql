-- A row is an open case whose borrower is in arrears still: its figures become the night's. An older night changes nothing.
-- Reads: night_figures, cases.
UPDATE cases c SET figures_as_of = %(as_of)s, dpd = n.dpd, bucket = n.bucket, arrears = n.arrears,
    outstanding = n.outstanding, currency = n.currency, priority = n.arrears
FROM night_figures n
WHERE c.borrower_id = n.borrower_id AND c.closed_at IS NULL AND n.arrears > 0
  AND (c.figures_as_of IS NULL OR c.figures_as_of <= %(as_of)s)
