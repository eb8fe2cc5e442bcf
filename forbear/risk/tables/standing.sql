-- One row a subject: where it stands on its day. Money in minor units; days past due from the oldest unpaid installment.
-- Reads: seen_done, money.
SELECT
    d.loan_id,
    d.as_of,
    COUNT(*) AS installments,
    COALESCE(MAX(m.paid_total), 0) AS paid_total,
    CAST(SUM(d.due) AS BIGINT) AS total_due,
    CAST(SUM(CASE WHEN d.due_on < d.as_of THEN 1 ELSE 0 END) AS INTEGER) AS dues_past,
    CAST(SUM(CASE WHEN d.due_on < d.as_of THEN d.due ELSE 0 END) AS BIGINT) AS due_past,
    CAST(SUM(CASE WHEN d.due_on < d.as_of AND d.owed_with > COALESCE(m.paid_total, 0) + $slack THEN 1 ELSE 0 END)
        AS INTEGER) AS overdue,
    MIN(CASE WHEN d.due_on < d.as_of AND d.owed_with > COALESCE(m.paid_total, 0) + $slack THEN d.due_on END)
        AS oldest_unpaid_on,
    CAST(SUM(CASE WHEN d.due_on < d.as_of
        THEN GREATEST(LEAST(d.owed_with - COALESCE(m.paid_total, 0), d.due), 0) ELSE 0 END) AS BIGINT) AS arrears,
    MIN(CASE WHEN d.due_on >= d.as_of AND d.owed_with > COALESCE(m.paid_total, 0) + $slack THEN d.place END)
        AS next_place,
    MIN(CASE WHEN d.due_on >= d.as_of AND d.owed_with > COALESCE(m.paid_total, 0) + $slack THEN d.due_on END)
        AS next_due_on,
    MIN(CASE WHEN d.due_on >= d.as_of AND d.owed_with > COALESCE(m.paid_total, 0) + $slack THEN d.due END)
        AS next_due,
    CAST(SUM(CASE WHEN d.due_on >= d.as_of AND d.due_on < DAYS_AFTER(d.as_of, 30)
        THEN GREATEST(LEAST(d.owed_with - COALESCE(m.paid_total, 0), d.due), 0) ELSE 0 END) AS BIGINT) AS due_30d,
    CAST(SUM(LEAST(GREATEST(d.owed_with - COALESCE(m.paid_total, 0), 0), d.principal_due)) AS BIGINT) AS outstanding,
    COALESCE(MAX(m.paid_total), 0) + $slack >= SUM(d.due) AS is_closed,
    MIN(d.due_on) AS first_due_on,
    MAX(d.due_on) AS last_due_on,
    MAX(CASE WHEN d.due_on < d.as_of THEN d.due_on END) AS past_due_on,
    CASE WHEN COALESCE(MAX(m.paid_total), 0) + $slack >= SUM(d.due) THEN MAX(d.done_on) END AS closed_on
FROM seen_done AS d
LEFT JOIN money AS m ON m.loan_id = d.loan_id AND m.as_of = d.as_of
GROUP BY d.loan_id, d.as_of
