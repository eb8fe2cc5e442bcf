-- One row a loan and day that a moment looks at: the moment's own loan, and every other loan its borrower had by that
-- day. `turn` numbers a borrower's loans by age.
-- Reads: moments, loans.
-- Seen: loans by disbursed_on
SELECT
    l.loan_id,
    l.borrower_id,
    l.disbursed_on,
    l.principal,
    a.as_of,
    CAST(ROW_NUMBER() OVER (PARTITION BY l.borrower_id, a.as_of ORDER BY l.disbursed_on, l.loan_id) AS INTEGER) AS turn
FROM (
    SELECT DISTINCT o.borrower_id, m.as_of
    FROM moments AS m
    JOIN loans AS o ON o.loan_id = m.loan_id AND o.disbursed_on <= m.as_of
) AS a
JOIN loans AS l ON l.borrower_id = a.borrower_id AND l.disbursed_on <= a.as_of
