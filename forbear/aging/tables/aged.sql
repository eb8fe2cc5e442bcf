-- One row a loan: where it stands as of the date, money in minor units. A loan disbursed later stands nowhere.
-- Reads: loans, owed, received, settled, lateness, streaks, ladder.
SELECT
    l.loan_id,
    l.borrower_id,
    l.disbursed_on,
    l.principal,
    CASE
        WHEN l.disbursed_on > $as_of THEN 'not_disbursed'
        WHEN COALESCE(r.paid_total, 0) > o.total_due THEN 'overpaid'
        WHEN s.closed_on < o.last_due_on THEN 'prepaid'
        WHEN s.closed_on IS NOT NULL THEN 'closed'
        WHEN t.installments_overdue > 0 THEN 'overdue'
        WHEN COALESCE(o.installments_due, 0) = 0 THEN 'not_due'
        ELSE 'current'
    END AS status,
    CASE WHEN l.disbursed_on > $as_of OR COALESCE(t.days_now, 0) <= $grace THEN 0 ELSE t.days_now - $grace_off END
        AS dpd,
    CASE WHEN l.disbursed_on <= $as_of THEN b.bucket END AS bucket,
    CASE WHEN l.disbursed_on <= $as_of THEN b.category END AS category,
    CASE WHEN l.disbursed_on <= $as_of THEN COALESCE(t.installments_overdue, 0) ELSE 0 END AS installments_overdue,
    CASE WHEN l.disbursed_on <= $as_of THEN t.oldest_unpaid_due_on END AS oldest_unpaid_due_on,
    CASE WHEN l.disbursed_on <= $as_of THEN COALESCE(t.arrears_principal, 0) ELSE 0 END AS arrears_principal,
    CASE WHEN l.disbursed_on <= $as_of THEN COALESCE(t.arrears_interest, 0) ELSE 0 END AS arrears_interest,
    CASE WHEN l.disbursed_on <= $as_of THEN COALESCE(t.arrears_fees, 0) ELSE 0 END AS arrears_fees,
    CASE WHEN l.disbursed_on <= $as_of THEN GREATEST(l.principal - COALESCE(s.principal_paid, 0), 0) ELSE 0 END
        AS principal_outstanding,
    CASE WHEN l.disbursed_on <= $as_of THEN COALESCE(r.paid_total, 0) ELSE 0 END AS paid_total,
    CASE WHEN l.disbursed_on <= $as_of THEN GREATEST(COALESCE(r.paid_total, 0) - COALESCE(o.total_due, 0), 0) ELSE 0
        END AS overpaid_amount,
    CASE WHEN l.disbursed_on > $as_of OR COALESCE(t.days_worst, 0) <= $grace THEN 0 ELSE t.days_worst - $grace_off END
        AS worst_dpd,
    CASE WHEN l.disbursed_on <= $as_of THEN CAST(COALESCE(o.installments_due, 0) AS INTEGER) ELSE 0 END
        AS installments_due,
    CASE WHEN l.disbursed_on <= $as_of THEN CAST(COALESCE(s.installments_paid, 0) AS INTEGER) ELSE 0 END
        AS installments_paid,
    CASE WHEN l.disbursed_on <= $as_of THEN COALESCE(t.times_late, 0) ELSE 0 END AS times_late,
    CASE WHEN l.disbursed_on <= $as_of THEN COALESCE(t.times_30, 0) ELSE 0 END AS times_30,
    CASE WHEN l.disbursed_on <= $as_of THEN COALESCE(t.times_60, 0) ELSE 0 END AS times_60,
    CASE WHEN l.disbursed_on <= $as_of THEN COALESCE(t.times_90, 0) ELSE 0 END AS times_90,
    CASE WHEN l.disbursed_on <= $as_of THEN CAST(COALESCE(o.installments_due, 0) - COALESCE(k.last_broken, 0)
        AS INTEGER) ELSE 0 END AS kept_streak,
    CASE WHEN l.disbursed_on <= $as_of AND k.last_broken = o.installments_due THEN k.last_run ELSE 0 END
        AS broken_streak,
    CASE WHEN l.disbursed_on <= $as_of THEN CAST(GREATEST(
        COALESCE(k.longest_kept, 0), COALESCE(o.installments_due, 0) - COALESCE(k.last_broken, 0)
    ) AS INTEGER) ELSE 0 END AS longest_kept_streak,
    CASE WHEN l.disbursed_on <= $as_of THEN COALESCE(k.longest_broken, 0) ELSE 0 END AS longest_broken_streak,
    l.disbursed_on <= $as_of AND COALESCE(t.days_first, 0) >= $first_payment_days AS first_payment_default,
    o.first_due_on,
    o.last_due_on,
    CASE WHEN l.disbursed_on <= $as_of THEN r.last_paid_on END AS last_paid_on,
    CASE WHEN l.disbursed_on <= $as_of THEN s.closed_on END AS closed_on
FROM loans AS l
LEFT JOIN owed AS o ON o.loan_id = l.loan_id
LEFT JOIN received AS r ON r.loan_id = l.loan_id
LEFT JOIN settled AS s ON s.loan_id = l.loan_id
LEFT JOIN lateness AS t ON t.loan_id = l.loan_id
LEFT JOIN streaks AS k ON k.loan_id = l.loan_id
JOIN ladder AS b
    ON b.dpd = CASE WHEN COALESCE(t.days_now, 0) <= $grace THEN 0
        ELSE LEAST(t.days_now - $grace_off, $ladder_top) END
