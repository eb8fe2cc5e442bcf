-- One row a loan that is past due at a month end, with its days past due there, before any grace.
-- Reads: late_days, month_ends, pauses.
SELECT
    l.loan_id,
    m.ends_on,
    CAST(MAX(DATE_DIFF('day', l.due_on, m.ends_on) - COALESCE(w.paused_days, 0)) AS INTEGER) AS days
FROM late_days AS l
JOIN month_ends AS m ON m.ends_on >= l.since_on AND m.ends_on < l.before_on AND m.ends_on > l.due_on
LEFT JOIN (
    SELECT
        s.loan_id,
        s.place,
        s.since_on,
        e.ends_on,
        CAST(SUM(DATE_DIFF(
            'day',
            CASE WHEN p.from_on > s.due_on THEN p.from_on ELSE DAYS_AFTER(s.due_on, 1) END,
            DAYS_AFTER(CASE WHEN p.until_on < e.ends_on THEN p.until_on ELSE e.ends_on END, 1)
        )) AS BIGINT) AS paused_days
    FROM late_days AS s
    JOIN pauses AS p ON p.loan_id = s.loan_id AND p.until_on > s.due_on
    JOIN month_ends AS e ON e.ends_on >= s.since_on AND e.ends_on < s.before_on AND e.ends_on >= p.from_on
    WHERE e.ends_on > s.due_on
    GROUP BY s.loan_id, s.place, s.since_on, e.ends_on
) AS w ON w.loan_id = l.loan_id AND w.place = l.place AND w.since_on = l.since_on AND w.ends_on = m.ends_on
GROUP BY l.loan_id, m.ends_on
