-- One row a pause or reversal of a subject's loan that was recorded by the subject's day.
-- Reads: subjects, events.
-- Seen: events by recorded_on
-- Kept as: view
SELECT s.loan_id, s.as_of, e.kind, e.effective_on, e.until_on
FROM subjects AS s
JOIN events AS e ON e.loan_id = s.loan_id AND COALESCE(e.recorded_on, e.effective_on) <= s.as_of
