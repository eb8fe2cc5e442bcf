-- One row: the first and the last days of the book by the as-of date.
-- Reads: aged.
-- Over: the whole book.
SELECT
    MIN(disbursed_on) AS first_disbursed_on,
    MAX(disbursed_on) AS last_disbursed_on,
    MAX(last_paid_on) AS last_paid_on
FROM aged
WHERE disbursed_on <= $as_of
