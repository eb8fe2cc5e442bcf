-- One row a day on which principal was paid before its loan was disbursed: faulty, but some books have it.
-- Reads: repaid, received, loans.
SELECT r.moved_on, l.disbursed_on, r.principal
FROM repaid AS r
JOIN (
    SELECT l.loan_id, l.disbursed_on
    FROM loans AS l
    JOIN received AS v ON v.loan_id = l.loan_id AND v.first_moved_on < l.disbursed_on
) AS l ON l.loan_id = r.loan_id AND r.moved_on < l.disbursed_on
