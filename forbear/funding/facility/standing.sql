-- One row: sums over the accounts of a pool as of a date, money in minor units.
-- Reads: funding.accounts_then (the night's accounts at the date, money in minor units), funding.chunks, book.loans.
-- collected: of what fell due in the three months up to the date, and what of it was paid by the date.
SELECT
    count(*) FILTER (WHERE is_open) AS open_loans,
    coalesce(sum(principal_outstanding) FILTER (WHERE is_open), 0) AS principal,
    coalesce(sum(principal_outstanding) FILTER (WHERE is_open AND dpd >= 1), 0) AS principal_1,
    coalesce(sum(principal_outstanding) FILTER (WHERE is_open AND dpd >= 30), 0) AS principal_30,
    coalesce(sum(principal_outstanding) FILTER (WHERE is_open AND dpd >= 60), 0) AS principal_60,
    coalesce(sum(principal_outstanding) FILTER (WHERE is_open AND dpd >= 90), 0) AS principal_90,
    coalesce(sum(principal_outstanding) FILTER (WHERE is_open AND classification IN ('substandard', 'doubtful', 'loss')), 0)
        AS npl,
    coalesce(sum(principal), 0) AS disbursed,
    coalesce(sum(principal) FILTER (WHERE worst_dpd >= 90), 0) AS ever_90,
    count(*) AS loans,
    count(*) FILTER (WHERE first_payment_default) AS first_defaults,
    coalesce(sum(principal_outstanding * annual_rate) FILTER (WHERE is_open), 0) AS principal_by_rate,
    (
        SELECT coalesce(max(owed), 0) FROM (
            SELECT sum(principal_outstanding) AS owed FROM funding.accounts_then
            WHERE status IN ('not_due', 'current', 'overdue') GROUP BY borrower_id
        )
    ) AS largest_borrower,
    (
        SELECT coalesce(sum(amount), 0) FROM funding.chunks
        WHERE due_on <= $as_of AND due_on > $since AND NOT is_extra
    ) AS fell_due,
    (
        SELECT coalesce(sum(amount), 0) FROM funding.chunks
        WHERE due_on <= $as_of AND due_on > $since AND paid_on <= $as_of AND NOT is_extra
    ) AS paid_of_due
FROM (
    SELECT a.*, l.annual_rate, a.status IN ('not_due', 'current', 'overdue') AS is_open
    FROM funding.accounts_then AS a
    JOIN book.loans AS l ON l.loan_id = a.loan_id
    WHERE a.status <> 'not_disbursed'
)
