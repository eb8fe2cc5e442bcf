-- One row a loan with a schedule: how much of its principal is paid, how many installments are, and when all were.
-- Reads: regular, uneven_installments, uneven_states, uneven.
SELECT
    loan_id,
    CASE WHEN is_complete THEN principal_due ELSE exact_principal + COALESCE(odd_principal_paid, 0) END
        AS principal_paid,
    CASE WHEN is_complete THEN installments ELSE exact END AS installments_paid,
    CASE WHEN is_complete THEN last_paid_on END AS closed_on
FROM regular
UNION ALL
SELECT
    p.loan_id,
    p.principal_paid,
    p.installments_paid,
    CASE WHEN c.short_before < $after THEN c.short_before END AS closed_on
FROM (
    SELECT
        u.loan_id,
        CAST(SUM(LEAST(GREATEST(u.paid_total - i.owed_before - i.fees_due - i.interest_due, 0), i.principal_due))
            AS BIGINT) AS principal_paid,
        CAST(SUM(CASE WHEN u.paid_total + $slack >= i.owed_with THEN 1 ELSE 0 END) AS BIGINT) AS installments_paid
    FROM uneven AS u
    JOIN uneven_installments AS i ON i.loan_id = u.loan_id
    GROUP BY u.loan_id
) AS p
JOIN (
    SELECT
        s.loan_id,
        MAX(s.before_on) AS short_before
    FROM uneven_states AS s
    JOIN uneven AS u ON u.loan_id = s.loan_id
    WHERE s.paid + $slack < u.total_due OR s.paid <= 0
    GROUP BY s.loan_id
) AS c ON c.loan_id = p.loan_id
