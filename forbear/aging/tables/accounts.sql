-- One row a loan, as accounts.parquet has it: money as decimals of the major unit.
-- Reads: drawn.
-- Over: the whole book.
-- Kept as: view
SELECT
    a.loan_id,
    a.borrower_id,
    a.status,
    a.dpd,
    a.bucket,
    a.installments_overdue,
    a.oldest_unpaid_due_on,
    MONEY(a.arrears_principal) AS arrears_principal,
    MONEY(a.arrears_interest) AS arrears_interest,
    MONEY(a.arrears_fees) AS arrears_fees,
    MONEY(a.arrears_principal + a.arrears_interest + a.arrears_fees) AS arrears_total,
    MONEY(a.principal_outstanding) AS principal_outstanding,
    MONEY(a.paid_total) AS paid_total,
    a.worst_dpd,
    CASE
        WHEN a.drawn AND a.principal_outstanding > 0 AND a.dpd <= $contagion_below
            THEN $contagion_category
        ELSE a.category
    END AS classification,
    MONEY(a.overpaid_amount) AS overpaid_amount,
    a.installments_due,
    a.installments_paid,
    a.times_late,
    a.times_30,
    a.times_60,
    a.times_90,
    a.kept_streak,
    a.broken_streak,
    a.longest_kept_streak,
    a.longest_broken_streak,
    a.first_payment_default,
    a.disbursed_on,
    MONEY(a.principal) AS principal,
    a.first_due_on,
    a.last_due_on,
    a.last_paid_on,
    a.closed_on
FROM drawn AS a
