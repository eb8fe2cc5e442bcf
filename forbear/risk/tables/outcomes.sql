-- One row a moment: what came after it, as far as the book knows by $until. For labels only; no feature reads it.
-- next_late_days: how late the next installment was paid, NULL while it is not; next_known: days after its due date that
-- are known. cure_days: days from the moment until all that was overdue was paid.
-- Reads: moments, standing, done.
-- Outcome
SELECT
    m.moment,
    CAST(MAX(CASE WHEN d.place = s.next_place THEN DATE_DIFF('day', d.due_on, d.done_on) END) AS INTEGER) AS next_late_days,
    CAST(MAX(CASE WHEN d.place = s.next_place THEN DATE_DIFF('day', d.due_on, $until) END) AS INTEGER) AS next_known,
    CAST(MAX(CASE WHEN d.place = s.dues_past THEN DATE_DIFF('day', m.as_of, d.done_on) END) AS INTEGER) AS cure_days,
    CAST(MAX(DATE_DIFF('day', m.as_of, $until)) AS INTEGER) AS known_days,
    CAST(MAX(CASE
        WHEN d.due_on < DAYS_AFTER(m.as_of, 30) AND (d.done_on IS NULL OR d.done_on > DAYS_AFTER(m.as_of, 30))
        THEN 30 - DATE_DIFF('day', m.as_of, d.due_on) END) AS INTEGER) AS dpd_in_30d,
    CAST(MIN(CASE WHEN DAYS_AFTER(d.due_on, 60) > m.as_of AND (d.done_on IS NULL OR d.done_on > DAYS_AFTER(d.due_on, 60))
        THEN DATE_DIFF('day', m.as_of, d.due_on) + 60 END) AS INTEGER) AS days_to_60,
    CAST(MIN(CASE WHEN DAYS_AFTER(d.due_on, 90) > m.as_of AND (d.done_on IS NULL OR d.done_on > DAYS_AFTER(d.due_on, 90))
        THEN DATE_DIFF('day', m.as_of, d.due_on) + 90 END) AS INTEGER) AS days_to_90
FROM moments AS m
JOIN standing AS s ON s.loan_id = m.loan_id AND s.as_of = m.as_of
JOIN done AS d ON d.loan_id = m.loan_id
GROUP BY m.moment
