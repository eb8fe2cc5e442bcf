-- One row a loan and month with the last state told of it: the state's least days past due, 0 for good standing and for
-- loans paid or absent; `kind` is active, lost, closed or absent.
-- Reads: statuses, state_words.
-- Known: on_date
SELECT
    s.loan_id,
    s.on_date,
    CAST(YEAR(s.on_date) * 12 + MONTH(s.on_date) AS INTEGER) AS month_number,
    w.kind,
    CASE WHEN w.kind = 'active' THEN COALESCE(w.dpd_from, s.dpd, 0) WHEN w.kind = 'lost' THEN 360 ELSE 0 END AS dpd,
    s.balance,
    s.opened_on
FROM statuses AS s
JOIN (
    SELECT loan_id, MAX(on_date) AS on_date
    FROM statuses
    GROUP BY loan_id, YEAR(on_date) * 12 + MONTH(on_date)
) AS l ON l.loan_id = s.loan_id AND l.on_date = s.on_date
JOIN state_words AS w ON w.state = s.state
