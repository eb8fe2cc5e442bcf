-- One row a loan whose payments answer its installments one to one, each to the cent; at most the last one paid a part
-- of its installment, or all that was left. Payments then complete installments in order, without any running sum.
-- A loan on which nothing was paid is one of them.
-- Reads: owed, received, paired.
SELECT
    o.loan_id,
    o.installments,
    o.installments_due,
    o.principal_due,
    COALESCE(r.paid_total, 0) + $slack >= o.total_due AND r.loan_id IS NOT NULL AS is_complete,
    r.last_paid_on,
    COALESCE(p.exact, 0) AS exact,
    COALESCE(p.exact_principal, 0) AS exact_principal,
    p.odd_number,
    LEAST(p.odd_amount, p.odd_fees) AS odd_fees_paid,
    LEAST(p.odd_amount - LEAST(p.odd_amount, p.odd_fees), p.odd_interest) AS odd_interest_paid,
    p.odd_amount - LEAST(p.odd_amount, p.odd_fees + p.odd_interest) AS odd_principal_paid
FROM owed AS o
LEFT JOIN received AS r ON r.loan_id = o.loan_id
LEFT JOIN paired AS p ON p.loan_id = o.loan_id
WHERE
    o.runs_with_dates
    AND o.least_due > $slack
    AND (
        r.loan_id IS NULL
        OR (
            r.least_amount > 0
            AND r.receipts <= o.installments
            AND p.pairs = r.receipts
            AND (
                p.exact = p.pairs
                OR (
                    p.exact = p.pairs - 1
                    AND p.odd_number = p.pairs
                    AND (
                        p.odd_amount + $slack < p.odd_principal + p.odd_interest + p.odd_fees
                        OR r.paid_total >= o.total_due
                    )
                )
            )
        )
    )
