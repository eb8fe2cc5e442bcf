-- One row an installment of a subject that was due before its day: how many days late it was paid (negative: early), or
-- is unpaid so far; between -31 and 90. `back` counts from the latest, which is 0.
-- Reads: seen_done, standing.
-- Kept as: view
SELECT
    d.loan_id,
    d.as_of,
    d.place,
    s.dues_past - d.place AS back,
    CAST(GREATEST(LEAST(DATE_DIFF('day', d.due_on, COALESCE(d.done_on, d.as_of)), 90), -31) AS INTEGER) AS days
FROM seen_done AS d
JOIN standing AS s ON s.loan_id = d.loan_id AND s.as_of = d.as_of
WHERE d.due_on < d.as_of
