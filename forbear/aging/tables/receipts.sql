-- One row a movement of money by the as-of date: a payment, or (negative) its reversal.
-- Reads: payments, reversed.
-- Kept as: view
SELECT loan_id, paid_on AS moved_on, amount
FROM payments
WHERE paid_on <= $as_of
UNION ALL
SELECT p.loan_id, GREATEST(r.reversed_on, p.paid_on) AS moved_on, -p.amount AS amount
FROM reversed AS r
JOIN payments AS p ON p.payment_id = r.payment_id
WHERE p.paid_on <= $as_of
