-- One row a movement of money on the day on which it was known: a payment, or (negative) its reversal.
-- Reads: payments, events.
-- Known: moved_on
SELECT loan_id, paid_on AS moved_on, amount, source, installment_number
FROM payments
UNION ALL
SELECT p.loan_id, GREATEST(r.known_on, p.paid_on) AS moved_on, -p.amount AS amount, p.source, p.installment_number
FROM (
    SELECT payment_id, MIN(GREATEST(effective_on, COALESCE(recorded_on, effective_on))) AS known_on
    FROM events
    WHERE kind = 'reversal'
    GROUP BY payment_id
) AS r
JOIN payments AS p ON p.payment_id = r.payment_id
