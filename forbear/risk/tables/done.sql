-- One row an installment, with the first day on which all of it was paid (NULL: never in this book). That day rests on
-- money moved up to it and on nothing later, so the row may be seen by anyone from that day on.
-- Reads: plan, running.
-- Known: done_on
SELECT
    p.loan_id,
    p.place,
    p.due_on,
    p.principal_due,
    p.due,
    p.owed_before,
    p.owed_with,
    c.done_on
FROM plan AS p
LEFT JOIN (
    SELECT i.loan_id, i.place, MIN(r.moved_on) AS done_on
    FROM plan AS i
    JOIN running AS r ON r.loan_id = i.loan_id AND r.paid + $slack >= i.owed_with
    GROUP BY i.loan_id, i.place
) AS c ON c.loan_id = p.loan_id AND c.place = p.place
