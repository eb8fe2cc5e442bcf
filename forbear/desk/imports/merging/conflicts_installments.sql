-- A row is an installment of a known loan that differs from its first schedule at the desk, or stands on one side only.
-- Reads: {installments}, {loans} (staged), installments, loans.
WITH known AS (SELECT l.loan_id FROM {loans} s JOIN loans l USING (loan_id)),
here AS (SELECT i.* FROM installments i JOIN known USING (loan_id) WHERE i.version = 1),
staged AS (SELECT i.* FROM {installments} i JOIN known USING (loan_id))
SELECT 'installments' AS table, coalesce(s.loan_id, h.loan_id) || ' ' || coalesce(s.number, h.number) AS key,
       'due' AS column,
       h.due_on || ' ' || h.principal_due || ' ' || h.interest_due || ' ' || h.fees_due AS here,
       s.due_on || ' ' || s.principal_due || ' ' || s.interest_due || ' ' || coalesce(s.fees_due, 0) AS staged
FROM staged s FULL JOIN here h ON s.loan_id = h.loan_id AND s.number = h.number
WHERE (s.due_on, s.principal_due, s.interest_due, coalesce(s.fees_due, 0))
      IS DISTINCT FROM (h.due_on, h.principal_due, h.interest_due, h.fees_due)
ORDER BY 2 LIMIT %(most)s
