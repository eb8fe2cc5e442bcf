-- One row a loan and threshold it ever reached (1, 30, 60, 90 days past due), with the first day on which it did.
-- A pause that begins before that day moves it back by the pause's length.
-- Reads: late_days, thresholds, pauses.
SELECT
    r.loan_id,
    r.dpd,
    MIN(CASE WHEN r.reached_on > r.since_on THEN r.reached_on ELSE r.since_on END) AS reached_on
FROM (
    SELECT
        l.loan_id,
        t.dpd,
        l.since_on,
        DAYS_AFTER(l.due_on, t.raw_days + COALESCE(w.paused_days, 0)) AS reached_on
    FROM late_days AS l
    JOIN thresholds AS t ON l.days >= t.raw_days
    LEFT JOIN (
        SELECT
            s.loan_id,
            s.place,
            s.since_on,
            h.raw_days,
            CAST(SUM(
                DATE_DIFF('day', p.from_on, p.until_on) + 1
                - CASE WHEN p.from_on <= s.due_on THEN DATE_DIFF('day', p.from_on, s.due_on) + 1 ELSE 0 END
            ) AS BIGINT) AS paused_days
        FROM late_days AS s
        JOIN thresholds AS h ON s.days >= h.raw_days
        JOIN (
            SELECT
                x.loan_id,
                x.place,
                x.since_on,
                CAST(SUM(
                    CASE
                        WHEN q.until_on <= x.due_on THEN DATE_DIFF('day', q.from_on, q.until_on) + 1
                        WHEN q.from_on <= x.due_on THEN DATE_DIFF('day', q.from_on, x.due_on) + 1
                        ELSE 0
                    END
                ) AS BIGINT) AS before_due
            FROM late_days AS x
            JOIN pauses AS q ON q.loan_id = x.loan_id
            GROUP BY x.loan_id, x.place, x.since_on
        ) AS d ON d.loan_id = s.loan_id AND d.place = s.place AND d.since_on = s.since_on
        JOIN pauses AS p ON p.loan_id = s.loan_id AND p.until_on > s.due_on
        WHERE
            DATE_DIFF('day', s.due_on, p.from_on) - (p.days_before - d.before_due) <= h.raw_days
        GROUP BY s.loan_id, s.place, s.since_on, h.raw_days
    ) AS w ON w.loan_id = l.loan_id AND w.place = l.place AND w.since_on = l.since_on AND w.raw_days = t.raw_days
) AS r
GROUP BY r.loan_id, r.dpd
