-- One row an installment of a subject: the contract, and the day it was paid if that is not after the subject's day.
-- Reads: subjects, done.
-- Seen: done by done_on
-- Kept as: view
SELECT
    s.loan_id,
    s.as_of,
    d.place,
    d.due_on,
    d.principal_due,
    d.due,
    d.owed_before,
    d.owed_with,
    CASE WHEN d.done_on <= s.as_of THEN d.done_on END AS done_on
FROM subjects AS s
JOIN done AS d ON d.loan_id = s.loan_id
