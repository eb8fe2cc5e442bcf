-- One row a moment: what its loan and borrower were known to be on the day of disbursal.
-- Reads: moments, loans, borrowers.
-- Seen: loans by disbursed_on
SELECT
    m.moment,
    m.loan_id,
    m.as_of,
    l.borrower_id,
    l.disbursed_on,
    l.principal,
    l.annual_rate,
    l.term,
    COALESCE(l.product, '') AS product,
    COALESCE(b.region, '') AS region,
    COALESCE(l.repayment_method, '') AS repayment_method,
    CAST(YEAR(l.disbursed_on) * 12 + MONTH(l.disbursed_on) AS INTEGER) AS vintage,
    b.first_loan
FROM moments AS m
JOIN loans AS l ON l.loan_id = m.loan_id AND l.disbursed_on <= m.as_of
LEFT JOIN borrowers AS b ON b.borrower_id = l.borrower_id
