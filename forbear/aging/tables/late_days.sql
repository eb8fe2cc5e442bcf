-- One row a late spell, with the days past due at its end: days after the due date, paused days left out.
-- Reads: late, pauses.
SELECT
    l.loan_id,
    l.place,
    l.due_on,
    l.since_on,
    l.before_on,
    l.unpaid_principal,
    l.unpaid_interest,
    l.unpaid_fees,
    CAST(DATE_DIFF('day', l.due_on, l.before_on) - 1 - COALESCE(w.paused_days, 0) AS INTEGER) AS days
FROM late AS l
LEFT JOIN (
    SELECT
        s.loan_id,
        s.place,
        s.before_on,
        CAST(SUM(
            DATE_DIFF(
                'day',
                CASE WHEN p.from_on > s.due_on THEN p.from_on ELSE DAYS_AFTER(s.due_on, 1) END,
                CASE WHEN p.until_on < s.before_on THEN DAYS_AFTER(p.until_on, 1)
                    ELSE s.before_on END
            )
        ) AS BIGINT) AS paused_days
    FROM late AS s
    JOIN pauses AS p ON p.loan_id = s.loan_id AND p.until_on > s.due_on AND p.from_on < s.before_on
    GROUP BY s.loan_id, s.place, s.before_on
) AS w ON w.loan_id = l.loan_id AND w.place = l.place AND w.before_on = l.before_on
