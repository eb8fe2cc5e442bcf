-- One row a loan in a bucket above the first at a month end.
-- Reads: late_at_ends, ladder.
SELECT
    e.loan_id,
    e.ends_on,
    b.bucket_order
FROM late_at_ends AS e
JOIN ladder AS b ON b.dpd = LEAST(e.days - $grace_off, $ladder_top)
WHERE e.days > $grace AND b.bucket_order > 0
