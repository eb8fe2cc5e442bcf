-- One row an installment that has a payment of the same place in its loan: the first payment with number 1, and so on.
-- Reads: installments, numbered_receipts.
SELECT
    i.loan_id,
    i.number,
    i.due_on,
    i.principal_due,
    i.interest_due,
    i.fees_due,
    r.moved_on,
    r.amount,
    r.amount = i.principal_due + i.interest_due + i.fees_due AS is_exact
FROM installments AS i
JOIN numbered_receipts AS r ON r.loan_id = i.loan_id AND r.place = i.number
