-- One row a receipt and loan whose amounts meet: the receipt's is that of an installment of the loan's schedule in force.
-- Reads: loans, installments.
SELECT DISTINCT asked.receipt_id, asked.loan_id
FROM unnest(%(receipts)s::bigint[], %(loans)s::text[], %(amounts)s::bigint[]) AS asked (receipt_id, loan_id, amount)
JOIN loans AS l ON l.loan_id = asked.loan_id
JOIN installments AS i ON i.loan_id = l.loan_id AND i.version = l.schedule_version
WHERE i.principal_due + i.interest_due + i.fees_due = asked.amount
