-- One row a subject whose borrower had other loans by its day: how those were paid and what they still ask.
-- Reads: subjects, standing, habits.
SELECT
    s.loan_id,
    s.as_of,
    COUNT(*) AS others,
    CAST(SUM(CASE WHEN t.is_closed THEN 0 ELSE 1 END) AS INTEGER) AS others_open,
    CAST(SUM(CASE WHEN t.overdue > 0 THEN 1 ELSE 0 END) AS INTEGER) AS others_overdue,
    CAST(SUM(t.outstanding) AS BIGINT) AS others_outstanding,
    CAST(SUM(t.due_30d) AS BIGINT) AS others_due_30d,
    CAST(SUM(h.lates) AS DOUBLE) / CAST(SUM(t.dues_past) AS DOUBLE) AS others_late_share,
    CAST(SUM(t.dues_past) AS INTEGER) AS others_dues,
    CAST(SUM(h.lates_7) AS INTEGER) AS others_lates_7,
    CAST(SUM(h.mean_days * t.dues_past) AS DOUBLE) / CAST(SUM(CASE WHEN h.mean_days IS NOT NULL
        THEN t.dues_past END) AS DOUBLE) AS others_mean_days,
    MAX(h.worst_days) AS others_worst_days,
    AVG(CAST(CASE WHEN h.first_days > 0 THEN 1 WHEN h.first_days <= 0 THEN 0 END AS DOUBLE)) AS others_first_late,
    AVG(CASE WHEN o.turn = s.turn - 1 THEN h.mean_days END) AS previous_days,
    AVG(CASE WHEN o.turn = s.turn - 2 THEN h.mean_days END) AS previous2_days,
    AVG(CASE WHEN o.turn >= s.turn - 3 AND o.turn < s.turn THEN h.mean_days END) AS previous3_mean_days,
    MAX(CASE WHEN o.turn < s.turn THEN o.principal END) AS greatest_before,
    MAX(CASE WHEN o.turn = s.turn - 1 THEN o.principal END) AS previous_principal,
    MAX(CASE WHEN o.turn = s.turn - 1 THEN DATE_DIFF('day', o.disbursed_on, s.disbursed_on) END) AS since_previous,
    MAX(CASE WHEN o.turn = s.turn - 1 THEN DATE_DIFF('day', t.closed_on, s.disbursed_on) END) AS since_previous_closed,
    MIN(o.disbursed_on) AS first_disbursed_on,
    CAST(SUM(CASE WHEN o.disbursed_on > DAYS_AFTER(s.as_of, -90) THEN 1 ELSE 0 END) AS INTEGER) AS others_90d
FROM subjects AS s
JOIN subjects AS o ON o.borrower_id = s.borrower_id AND o.as_of = s.as_of AND o.loan_id <> s.loan_id
JOIN standing AS t ON t.loan_id = o.loan_id AND t.as_of = o.as_of
LEFT JOIN habits AS h ON h.loan_id = o.loan_id AND h.as_of = o.as_of
GROUP BY s.loan_id, s.as_of
