-- A row is an installment of a loan's first schedule. Those the desk has are equal (conflicts_installments) and left out
-- before the insert, which is quicker than by its conflict. Reads: {installments} (staged), installments.
INSERT INTO installments (loan_id, version, number, due_on, principal_due, interest_due, fees_due)
SELECT loan_id, 1, number, due_on, principal_due, interest_due, coalesce(fees_due, 0)
FROM {installments} AS s
WHERE NOT EXISTS (
    SELECT FROM installments AS i WHERE i.loan_id = s.loan_id AND i.version = 1 AND i.number = s.number
)
ORDER BY loan_id, number
