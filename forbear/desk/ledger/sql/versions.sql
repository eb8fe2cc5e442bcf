-- One row an installment of any version of the named loans' schedules.
-- Reads: installments.
SELECT loan_id, version, number, due_on, principal_due, interest_due, fees_due
FROM installments
WHERE loan_id = ANY(%(loans)s)
ORDER BY loan_id, version, number
